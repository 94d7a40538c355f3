"""Revisions of which a beginning is committed, taken up by the next application, or refused where nothing is proven."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject, document

AT_FIRST = """
CREATE TABLE parcel (id integer PRIMARY KEY, weight integer, colour text);
INSERT INTO parcel SELECT i, i % 3, 'red' FROM generate_series(1, 9) AS i;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""
BLOCK = "with op.get_context().autocommit_block():\n"
UNIQUE = BLOCK + '    op.execute("CREATE UNIQUE INDEX CONCURRENTLY parcel_weight ON parcel (weight)")\n'


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """Staging has a table of nine rows; an index that makes weights unique fails on them."""
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.write("r1", None, "pass")
    project.execute(project.staging, AT_FIRST)
    return project


def fail(project: MigrationProject, body: str, code: int = 7) -> str:
    project.write("r2", "r1", body)
    return fail_again(project, code)


def fail_again(project: MigrationProject, code: int = 7) -> str:
    done = project.apply("staging")
    assert done.code == code, (done.code, done.messages)
    assert project.version(project.staging) == ["r1"]
    assert "Traceback" not in done.messages
    return done.messages


def succeed(project: MigrationProject) -> int:
    """How many statements were skipped."""
    done = project.apply("staging", "--format", "json")
    assert done.code == 0, done.messages
    assert project.version(project.staging) == ["r2"]
    skipped: int = document(done)["revisions"][0]["skipped_statements"]
    return skipped


def settle(project: MigrationProject) -> None:
    project.execute(project.staging, "UPDATE parcel SET weight = id")


def journal(project: MigrationProject) -> list[tuple[int, bool, str]]:
    return [
        (ordinal, done, effect)
        for ordinal, done, effect in project.query(
            project.staging,
            "SELECT ordinal, done_at IS NOT NULL, effect FROM dbtool.journal ORDER BY number",
        )
    ]


def test_a_failure_in_the_second_block_is_taken_up_behind_the_first(project: MigrationProject) -> None:
    body = (
        'op.add_column("parcel", sa.Column("size", sa.Text))\n'
        + BLOCK
        + '    op.execute("CREATE INDEX CONCURRENTLY parcel_size ON parcel (size)")\n'
        + 'op.add_column("parcel", sa.Column("note", sa.Text))\n'
        + UNIQUE
        + 'op.add_column("parcel", sa.Column("last", sa.Text))\n'
    )
    assert "Of r2 something is committed" in fail(project, body)
    fail_again(project)
    settle(project)
    assert succeed(project) == 3
    columns = project.query(
        project.staging,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'parcel'::regclass AND attnum > 3 ORDER BY attnum",
    )
    assert columns == [("size",), ("note",), ("last",)]
    indexes = project.query(
        project.staging,
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'parcel'::regclass ORDER BY 1",
    )
    assert indexes == [("parcel_pkey", True), ("parcel_size", True), ("parcel_weight", True)]


def test_rows_that_are_chosen_anew_are_not_taken_for_those_that_were_done(project: MigrationProject) -> None:
    """The second run reads what is left: its first row is not the one that the first run's statement was about."""
    body = (
        BLOCK + "    bind = op.get_bind()\n"
        "    left = bind.execute(sa.text(\"SELECT id FROM parcel WHERE colour = 'red' ORDER BY id\")).scalars().all()\n"
        "    for one in left:\n"
        "        bind.execute(sa.text(\"UPDATE parcel SET colour = 'blue', weight = 6 / (4 - id) WHERE id = :id\"), {'id': one})\n"
    )
    fail(project, body)
    assert project.query(project.staging, "SELECT count(*) FROM parcel WHERE colour = 'blue'") == [(3,)]
    message = fail_again(project)
    assert "depends on data" in message
    assert project.query(project.staging, "SELECT count(*) FROM parcel WHERE colour = 'blue'") == [(3,)]


def test_what_was_set_for_the_session_is_set_again(project: MigrationProject) -> None:
    project.execute(project.staging, "CREATE SCHEMA other")
    body = (
        'op.execute("SET search_path = other, public")\n'
        'op.execute("CREATE TABLE made (id int)")\n'
        + UNIQUE
        + 'op.execute("CREATE TABLE made_later (id int)")\n'
        'op.execute("SET search_path = public")\n'
    )
    fail(project, body)
    settle(project)
    succeed(project)
    made = project.query(
        project.staging, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname LIKE 'made%'"
    )
    assert made == [("other",), ("other",)]


def test_what_is_set_in_one_text_with_ddl_is_set_again(project: MigrationProject) -> None:
    project.execute(project.staging, "CREATE SCHEMA other")
    body = (
        'op.execute("SET search_path = other, public; CREATE TABLE made (id int)")\n'
        + UNIQUE
        + 'op.execute("CREATE TABLE made_later (id int)")\n'
        'op.execute("SET search_path = public")\n'
    )
    fail(project, body)
    settle(project)
    assert succeed(project) == 1
    assert project.query(project.staging, "SELECT count(*) FROM other.made_later") == [(0,)]


def test_a_revision_may_be_edited_behind_what_stands_and_nowhere_else(project: MigrationProject) -> None:
    first = 'op.add_column("parcel", sa.Column("size", sa.Text))\n'
    fail(project, first + UNIQUE)
    message = fail(project, 'op.add_column("parcel", sa.Column("other", sa.Text))\n' + UNIQUE)
    assert "is another one now" in message
    message = fail(project, "pass")
    assert "ends with its statement 0 now" in message
    project.execute(project.staging, "DROP INDEX parcel_weight; DELETE FROM dbtool.journal WHERE ordinal = 2")
    project.write("r2", "r1", first + UNIQUE.replace("UNIQUE ", ""))
    assert succeed(project) == 1


def test_an_index_that_somebody_else_made_is_not_taken_for_the_revisions(project: MigrationProject) -> None:
    """A build that is refused for its name would be taken for done, since an index of that name is there."""
    settle(project)
    project.execute(project.staging, "CREATE INDEX parcel_weight ON parcel (colour)")
    assert "already exists" in fail(project, UNIQUE, 1)
    assert [(done, effect) for _, done, effect in journal(project)] == [(False, "failed")]
    assert "already exists" in fail_again(project, 1)
    project.execute(project.staging, "DROP INDEX parcel_weight")
    assert succeed(project) == 0


def test_a_lock_that_is_not_to_be_had_in_a_block_is_tried_again(project: MigrationProject) -> None:
    project.write("r2", "r1", BLOCK + '    op.execute("VACUUM FULL parcel")\n')
    with psycopg.connect(project.staging) as reader:
        reader.execute("SELECT count(*) FROM parcel")
        done = project.apply("staging", "--lock-timeout", "100ms", "--patience", "2s")
    assert done.code == 6, (done.code, done.messages)
    assert ("retry", "r2") in project.events(project.staging)
    assert succeed(project) == 0


def test_rows_that_were_inserted_are_inserted_once(project: MigrationProject) -> None:
    body = (
        'parcel = sa.table("parcel", sa.column("id", sa.Integer), sa.column("weight", sa.Integer))\n'
        'op.bulk_insert(parcel, [{"id": 100, "weight": 100}, {"id": 101, "weight": 101}])\n' + UNIQUE
    )
    fail(project, body)
    settle(project)
    assert succeed(project) == 1
    assert project.query(project.staging, "SELECT count(*) FROM parcel WHERE id >= 100") == [(2,)]


def test_rows_that_came_back_and_were_not_kept_are_left_to_people(project: MigrationProject) -> None:
    body = (
        'made = op.get_bind().execute(sa.text("INSERT INTO parcel VALUES (100, 100) RETURNING id")).scalar()\n'
        + UNIQUE
    )
    fail(project, body)
    settle(project)
    assert "alembic stamp r2" in fail_again(project)
