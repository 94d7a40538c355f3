"""A project that has no revision yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject

_MODEL = (
    "import sqlalchemy as sa\n"
    "target_metadata = sa.MetaData()\n"
    'sa.Table("parcel", target_metadata, sa.Column("id", sa.Integer, primary_key=True))\n'
)
_MAKO = (
    '"""${message}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = ${repr(up_revision)}\n'
    "down_revision = ${repr(down_revision)}\nbranch_labels = None\ndepends_on = None\n\n\n"
    "def upgrade():\n    ${upgrades if upgrades else 'pass'}\n"
)


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    env = project.folder / "migrations" / "env.py"
    text = env.read_text().replace(
        "connection=connection)", "connection=connection, target_metadata=target_metadata)"
    )
    env.write_text(_MODEL + text)
    (project.folder / "migrations" / "script.py.mako").write_text(_MAKO)
    return project


def test_the_first_revision_is_generated_and_goes_to_staging(project: MigrationProject) -> None:
    refused = project.rehearse()
    assert refused.code == 2
    assert "dbtool migrate new" in refused.messages
    done = project.run("new", "parcels", "--autogenerate", "--target", "staging")
    assert done.code == 0, done.messages
    written = (project.folder / done.output.strip()).read_text()
    assert "create_table('parcel'" in written
    assert "def downgrade" not in written
    assert project.rehearse().code == 0
    assert project.apply("staging").code == 0
    assert project.query(project.staging, "SELECT count(*) FROM parcel") == [(0,)]
