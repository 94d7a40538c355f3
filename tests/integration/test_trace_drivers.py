"""Each driver that an env.py may bring tells the same of a statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.locks.trace import RevisionTrace, StatementTrace
from tests.integration.tracing import spell_locks, trace

pytestmark = pytest.mark.one_major

_SETUP = """
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, n int, s text);
INSERT INTO p SELECT generate_series(1, 100);
INSERT INTO t SELECT g, g, 'x' FROM generate_series(1, 100) AS g;
"""
_UPGRADES = (
    """
    op.add_column("t", sa.Column("c", sa.Integer()))
    op.execute("ALTER TABLE t ALTER COLUMN n TYPE bigint")
    op.create_foreign_key("t_n", "t", "p", ["n"], ["id"])
    """,
    """
    op.execute("UPDATE t SET s = 'y' WHERE s LIKE '%x'")
    op.alter_column("t", "s", nullable=False)
    op.execute("DO $$ BEGIN ALTER TABLE t ADD CHECK (n > 0); END $$")
    """,
    """
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE t ADD COLUMN d int")
        op.create_index("t_d", "t", ["d"], postgresql_concurrently=True)
    op.execute("ALTER TABLE t DROP COLUMN c")
    """,
    """
    op.execute("ALTER TABLE t ADD CHECK (n > 10)")
    """,
)


@pytest.mark.parametrize("driver", ["psycopg2", "asyncpg", "pg8000"])
def test_a_driver_tells_what_psycopg_does(
    driver: str, make_database: Callable[[], str], tmp_path: Path
) -> None:
    upgrades = _UPGRADES if driver != "pg8000" else [each for each in _UPGRADES if "autocommit" not in each]
    found = trace(tmp_path / driver, make_database(), *upgrades, setup=_SETUP, driver=driver)
    expected = trace(tmp_path / "psycopg", make_database(), *upgrades, setup=_SETUP)
    assert [_timeless(each) for each in found.revisions] == [_timeless(each) for each in expected.revisions]


def test_psycopg_tells_locks_work_and_the_failure(database: str, tmp_path: Path) -> None:
    first, second, third, fourth = trace(tmp_path, database, *_UPGRADES, setup=_SETUP).revisions
    assert [spell_locks(each) for each in first.statements] == [
        {"public.t": "ACCESS EXCLUSIVE"},
        {},
        {"public.p": "SHARE ROW EXCLUSIVE"},
    ]
    assert first.statements[1].rewrites == ("public.t",)
    assert second.statements[0].rows == 100
    assert [each.scans for each in second.statements[1:]] == [("public.t",), ("public.t",)]
    assert spell_locks(third.statements[1]) == {"public.t": "SHARE UPDATE EXCLUSIVE"}
    failure = fourth.statements[0].failure
    assert failure is not None
    assert (failure.sqlstate, fourth.status) == ("23514", "failed")


def test_pg8000_stays_in_the_transaction_that_alembic_begins(database: str, tmp_path: Path) -> None:
    """Alembic alone fails there in the same way: it asks for the isolation level before it sets autocommit."""
    traced = trace(tmp_path, database, _UPGRADES[2], setup=_SETUP, driver="pg8000")
    built = traced.statements()[-1]
    assert built.in_transaction
    assert built.failure is not None
    assert built.failure.sqlstate == "25001"


def _timeless(revision: RevisionTrace) -> RevisionTrace:
    return replace(revision, seconds=0.0, statements=tuple(map(_without_time, revision.statements)))


def _without_time(statement: StatementTrace) -> StatementTrace:
    """Drivers mark parameters each in their own way, and TOAST is named by OID."""
    locks = tuple(replace(lock, held_s=0.0) for lock in statement.locks if lock.kind not in "it")
    return replace(statement, seconds=0.0, locks=locks)
