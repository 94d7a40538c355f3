"""Both arrows on one staging: a refresh keeps what was applied there, and a clone is filled from what it made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject, document
from tests.acceptance.project import Done

AT_FIRST = """
CREATE TABLE customer (id integer PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO customer SELECT i, 'person' || i || '@lovelace.dk', CASE WHEN i % 3 > 0 THEN 'n' || i END
FROM generate_series(1, 3000) AS i;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""
RULES = """\
version: 1
tables:
  public.customer:
    id: {keep: a surrogate key}
    email: {mask: email}
    nickname: {mask: username}
"""
SETTINGS = 'rules = "rules.yaml"\nkey = { env = "DBTOOL_MASK_KEY" }\n'


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """Production has customers, staging nothing yet."""
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.configure(project=SETTINGS)
    project.environ["DBTOOL_MASK_KEY"] = "a key of these tests alone: 0123456789abcdef"
    (project.folder / "rules.yaml").write_text(RULES)
    project.write("r1", None, 'op.create_table("customer", sa.Column("id", sa.Integer, primary_key=True))')
    project.execute(project.production, AT_FIRST)
    assert refresh(project, "--yes").code == 0
    return project


def refresh(project: MigrationProject, *options: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "dbtool", "refresh", "production", "staging", *options],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_refresh_brings_the_copy_to_the_revision_that_staging_had(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("points", sa.Integer))')
    assert project.apply("staging").code == 0
    done = refresh(project)
    assert done.code == 0, done.messages
    assert project.version(project.staging) == ["r2"]
    assert project.query(project.staging, "SELECT count(*), count(points) FROM customer") == [(3000, 0)]
    events = project.events(project.staging)
    assert ("finish", "r2") in events
    assert [event for event, _ in events][-2:] == ["refreshed", "forwarded"]
    assert project.version(project.production) == ["r1"]


def test_a_copy_that_cannot_be_brought_forward_leaves_staging_as_it_was(project: MigrationProject) -> None:
    """Yesterday's rows let the constraint pass; those that came to production since do not."""
    project.execute(project.staging, "UPDATE customer SET nickname = 'somebody' WHERE nickname IS NULL")
    project.write("r2", "r1", 'op.alter_column("customer", "nickname", nullable=False)')
    assert project.apply("staging").code == 0
    done = refresh(project)
    assert done.code == 1, done.messages
    assert "r2" in done.messages
    assert project.version(project.staging) == ["r2"]
    assert project.query(project.staging, "SELECT count(*) FROM customer WHERE nickname IS NULL") == [(0,)]


def test_what_fails_only_with_data_fails_on_a_clone_with_stagings_rows(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.alter_column("customer", "nickname", nullable=False)')
    assert project.rehearse().code == 0  # the tables are empty
    done = project.run("rehearse", "--target", "production", "--format", "json")
    assert done.code == 1, done.messages
    found = document(done)
    assert found["verdict"] == "fail"
    (revision,) = found["revisions"]
    assert revision["status"] == "failed"
    assert "23502" in str(revision["statements"][0]["error"])


def test_a_column_that_nobody_masks_does_not_pass(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("mobile", sa.Text))')
    done = project.rehearse()
    assert done.code == 1, done.messages
    assert "column-without-rule" in done.output
    assert "mobile: {mask: phone}" in done.output
    (project.folder / "rules.yaml").write_text(RULES + "    mobile: {mask: phone}\n")
    assert project.rehearse().code == 0


def test_rows_that_no_refresh_masked_never_go_into_a_clone(project: MigrationProject) -> None:
    project.execute(project.staging, "DROP SCHEMA dbtool CASCADE")
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("points", sa.Integer))')
    done = project.run("rehearse", "--target", "production", "--data", "staging")
    assert done.code == 5, done.messages
    assert "staging" in done.messages


_KEPT = "    points: {keep: a number}\n"
_LOCK = "version: 1\npublic.customer.id  integer  key\n"


def test_a_column_that_is_kept_and_that_nobody_accepted_does_not_pass(project: MigrationProject) -> None:
    lock = project.folder / "dbtool.lock"
    (project.folder / "rules.yaml").write_text(RULES + _KEPT)
    lock.write_text(_LOCK)
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("points", sa.Integer))')
    done = project.rehearse()
    assert done.code == 1, done.messages
    assert "column-not-accepted" in done.output
    assert "public.customer.points  integer" in done.output
    lock.write_text(_LOCK + "public.customer.points  integer\n")
    assert project.rehearse().code == 0


def test_a_rehearsal_writes_the_line_where_that_is_asked(project: MigrationProject) -> None:
    lock = project.folder / "dbtool.lock"
    (project.folder / "rules.yaml").write_text(RULES + _KEPT)
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("points", sa.Integer))')
    refused = project.run("rehearse", "--target", "production", "--accept")
    assert refused.code == 2
    assert "--accept adds to dbtool.lock, and there is none" in refused.messages
    lock.write_text(_LOCK)
    done = project.run("rehearse", "--target", "production", "--accept")
    assert done.code == 0, done.messages
    assert "public.customer.points (integer) is kept, and its line was added to" in " ".join(
        done.output.split()
    )
    assert lock.read_text().endswith("public.customer.id  integer  key\npublic.customer.points  integer\n")
    project.write("r3", "r2", 'op.alter_column("customer", "id", type_=sa.BigInteger)')
    project.write("r4", "r3", 'op.execute("SELECT 1/0")')
    assert project.run("rehearse", "--target", "production", "--accept").code == 1
    assert "bigint" not in lock.read_text()


def test_a_type_is_accepted_beside_the_older_one_while_a_release_is_under_way(
    project: MigrationProject,
) -> None:
    lock = project.folder / "dbtool.lock"
    lock.write_text(_LOCK)
    project.write("r2", "r1", 'op.alter_column("customer", "id", type_=sa.BigInteger)')
    assert "public.customer.id  bigint  key" in project.rehearse().output
    lock.write_text(_LOCK + "public.customer.id  bigint  key\n")
    assert "column-not-accepted" not in project.rehearse().output
    assert refresh(project).code == 0  # production still has the older one
