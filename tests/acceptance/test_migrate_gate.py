"""What production demands before a revision is applied to it, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dbtool.migrate.gate.evidence import read_evidence, sign
from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import EVIDENCE_KEY, MigrationProject, document

FIRST = 'op.create_table("parcel", sa.Column("id", sa.Integer, primary_key=True))'
SECOND = 'op.add_column("parcel", sa.Column("weight", sa.Integer))'


AT_FIRST = """
CREATE TABLE parcel (id serial PRIMARY KEY);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """Both environments have the first revision, from before dbtool; the second is pending."""
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.write("r1", None, FIRST)
    project.execute(project.production, AT_FIRST)
    project.execute(project.staging, AT_FIRST)
    project.write("r2", "r1", SECOND)
    return project


def refuse(project: MigrationProject, code: int, *options: str) -> str:
    """Apply to production, expecting ``code`` and that nothing was changed."""
    before = project.version(project.production)
    done = project.apply("production", *options)
    assert done.code == code, (done.code, done.messages)
    assert project.version(project.production) == before
    assert not project.has_ledger(project.production)
    assert "Traceback" not in done.messages
    return done.messages


def test_applies_to_staging_and_then_to_production_what_was_rehearsed(project: MigrationProject) -> None:
    project.promote()
    done = project.apply("production", "--format", "json")
    assert done.code == 0, done.messages
    assert document(done)["status"] == "ok"
    assert project.version(project.production) == ["r2"]
    assert project.events(project.production)[-2:] == [("start", "r2"), ("finish", "r2")]


def test_refuses_production_without_evidence(project: MigrationProject) -> None:
    for file in (project.folder / ".dbtool" / "evidence").glob("*"):
        file.unlink()
    assert "dbtool migrate rehearse --target production" in refuse(project, 5)


def test_refuses_production_before_staging_has_it(project: MigrationProject) -> None:
    assert project.rehearse().code == 0
    assert "staging" in refuse(project, 5)
    done = project.apply("production", "--without-staging", "staging is being rebuilt")
    assert done.code == 0, done.messages
    details = project.query(project.production, "SELECT detail FROM dbtool.ledger WHERE event = 'start'")
    assert any("staging is being rebuilt" in detail for (detail,) in details)


def test_refuses_evidence_with_a_byte_changed(project: MigrationProject) -> None:
    project.promote()
    content = bytearray(project.evidence.read_bytes())
    content[len(content) // 2] ^= 1
    project.evidence.write_bytes(content)
    refuse(project, 5)


def test_refuses_evidence_for_another_target(project: MigrationProject) -> None:
    assert project.rehearse("staging").code == 0
    evidence = project.evidence
    project.promote()
    assert "staging" in refuse(project, 5, "--evidence", str(evidence))


def test_refuses_evidence_of_another_database_under_the_same_name(
    project: MigrationProject, on_newest: MakeDatabase
) -> None:
    project.promote()
    other = on_newest()
    project.execute(other, AT_FIRST)
    project.environ["PRODUCTION_URL"] = other
    done = project.apply("production")
    assert done.code == 5, done.messages
    assert project.version(other) == ["r1"]


def test_refuses_evidence_that_is_too_old(project: MigrationProject) -> None:
    project.promote()
    key = EVIDENCE_KEY.encode()
    evidence = read_evidence(project.evidence, key)
    old = datetime.now(UTC) - timedelta(hours=73)
    object.__setattr__(evidence, "made_at", old)
    project.evidence.write_bytes(sign(evidence, key))
    assert "old" in refuse(project, 5)


def test_refuses_a_target_that_was_changed_by_hand(project: MigrationProject) -> None:
    project.promote()
    project.execute(project.production, "ALTER TABLE parcel ADD COLUMN by_hand text")
    assert "by_hand" in refuse(project, 4)


def test_refuses_code_that_was_edited_since(project: MigrationProject) -> None:
    project.promote()
    path = project.folder / "migrations" / "versions" / "r2.py"
    path.write_text(path.read_text().replace("weight", "weighs"))
    assert "r2.py" in refuse(project, 5)


def test_refuses_a_file_that_a_revision_reads_and_that_is_another_now(project: MigrationProject) -> None:
    (project.folder / "sql").mkdir()
    script = project.folder / "sql" / "add_weight.sql"
    script.write_text("ALTER TABLE parcel ADD COLUMN weight integer")
    body = "import pathlib\nop.execute(next(pathlib.Path('sql').glob('*.sql')).read_text())"
    project.write("r2", "r1", body)
    project.promote()
    script.write_text("ALTER TABLE parcel ADD COLUMN weight bigint")
    assert "add_weight.sql" in refuse(project, 5)


def test_takes_comments_and_formatting_for_no_change(project: MigrationProject) -> None:
    project.promote()
    path = project.folder / "migrations" / "versions" / "r2.py"
    path.write_text(path.read_text().replace("def upgrade", "# weighs it\n\n\ndef upgrade") + "\n# the end\n")
    assert project.apply("production").code == 0
    assert project.version(project.production) == ["r2"]


def test_refuses_an_applied_revision_that_was_edited_until_it_is_accepted(project: MigrationProject) -> None:
    assert project.apply("staging").code == 0
    project.write("r3", "r2", 'op.add_column("parcel", sa.Column("height", sa.Integer))')
    path = project.folder / "migrations" / "versions" / "r1.py"
    path.write_text(path.read_text().replace("primary_key=True", "primary_key=True, autoincrement=True"))
    rehearsed = project.rehearse("staging")
    assert rehearsed.code == 1
    assert "revision-edited" in rehearsed.output
    refused = project.apply("staging")
    assert refused.code == 4
    assert "r1" in refused.messages
    done = project.run("accept", "r1", "--target", "staging", "--reason", "the default, spelt out")
    assert done.code == 0, done.messages
    assert project.apply("staging").code == 0
    assert project.version(project.staging) == ["r3"]


def test_refuses_evidence_of_a_rehearsal_that_failed(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.execute("ALTER TABLE parcel ADD COLUMN weight no_such_type")')
    done = project.rehearse()
    assert done.code == 1, done.messages
    refuse(project, 5)


def test_refuses_what_env_py_sends_beyond_the_rehearsed(project: MigrationProject) -> None:
    """Code alike, surroundings not: a clone needs no autovacuum."""
    body = (
        "vacuumed = op.get_bind().execute(sa.text('SHOW autovacuum')).scalar()\n"
        "op.execute(f'ALTER TABLE parcel ADD COLUMN autovacuum_{vacuumed} integer')"
    )
    project.write("r2", "r1", body)
    assert project.rehearse().code == 0
    assert project.apply("staging").code == 0
    before = project.version(project.production)
    done = project.apply("production")
    assert done.code == 4, done.messages
    assert project.version(project.production) == before
    columns = project.query(
        project.production,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'parcel'::regclass AND attnum > 0",
    )
    assert columns == [("id",)]


def test_keeps_no_secret_in_the_evidence(project: MigrationProject) -> None:
    project.promote()
    text = project.evidence.read_text()
    assert EVIDENCE_KEY not in text
    assert project.production.split(":")[2].split("@")[0] not in text
    assert project.evidence.stat().st_mode & 0o077 == 0
    assert json.loads(text)["evidence"]["target"] == "production"
