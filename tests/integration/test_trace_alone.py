"""Statements that no transaction block can hold: made to wait, seen, and let go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.locks.modes import LockMode
from dbtool.postgres.held_locks import LockWatch
from dbtool.postgres.session import Connection, connect
from tests.integration.tracing import find_lock, spell_locks, trace

_TABLE = (
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT g, g FROM generate_series(1, 50) AS g;"
)
_T = RelationName("public", "t")


def _alone(*statements: str) -> str:
    return "with op.get_context().autocommit_block():\n" + "\n".join(
        f"    op.execute({one!r})" for one in statements
    )


def test_what_it_was_made_to_wait_is_not_counted(database: str, tmp_path: Path) -> None:
    traced = trace(tmp_path, database, _alone("CREATE INDEX CONCURRENTLY i ON t (n)"), setup=_TABLE)
    lock = find_lock(traced.only, "public.t")
    assert (lock.mode, lock.measured) == (LockMode.SHARE_UPDATE_EXCLUSIVE, True)
    assert lock.held_s < 0.2
    assert traced.only.seconds < 0.2


def test_an_index_that_failed_to_be_built_is_told_of(database: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path, database, _alone("CREATE UNIQUE INDEX CONCURRENTLY i ON t ((n % 2))"), setup=_TABLE
    )
    failure = traced.only.failure
    assert failure is not None
    assert (failure.sqlstate, traced.only.created) == ("23505", ("public.i",))
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"
        ).fetchone() == (False,)


def test_a_procedure_that_commits_is_left_alone(database: str, tmp_path: Path) -> None:
    procedure = """
        CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
            ALTER TABLE t ADD c int; COMMIT; ALTER TABLE t ADD d int;
        END $$
    """
    traced = trace(tmp_path, database, _alone("CALL p()"), setup=_TABLE + procedure)
    assert traced.outcome.raised is None
    assert [change.column for change in traced.only.column_changes] == ["c", "d"]
    assert spell_locks(traced.only) == {"public.t": "ACCESS EXCLUSIVE"}


def test_the_next_statement_does_not_count_for_this_one(database: str, tmp_path: Path) -> None:
    first, second = trace(
        tmp_path, database, _alone("VACUUM (TRUNCATE false) t", "ALTER TABLE t ADD c int"), setup=_TABLE
    ).statements()
    assert spell_locks(first) == {"public.t": "SHARE UPDATE EXCLUSIVE"}
    assert spell_locks(second) == {"public.t": "ACCESS EXCLUSIVE"}


def test_a_table_that_somebody_else_has_locked_does_not_hang_the_watch(database: str, tmp_path: Path) -> None:
    began = time.monotonic()
    traced = trace(
        tmp_path,
        database,
        """
        import threading, time
        other = sa.create_engine(op.get_bind().engine.url).connect()
        other.execute(sa.text("LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE"))
        threading.Timer(0.5, other.rollback).start()
        with op.get_context().autocommit_block():
            op.execute("VACUUM t")
        """,
        setup=_TABLE,
    )
    assert traced.outcome.raised is None
    assert spell_locks(traced.statements()[-1])["public.t"] == "SHARE UPDATE EXCLUSIVE"
    assert time.monotonic() - began < 20


@pytest.fixture
def sessions(database: str) -> Iterator[tuple[Connection, Connection, Connection]]:
    """The watcher's, the holder's and the watched one."""
    with (
        connect(database) as watcher,
        connect(database) as holder,
        psycopg.connect(database, autocommit=True) as watched,
    ):
        watched.execute(_TABLE.encode())
        yield watcher, holder, watched


def test_what_is_held_is_let_go_when_nobody_waits_for_it(
    sessions: tuple[Connection, Connection, Connection],
) -> None:
    watcher, holder, watched = sessions
    watch = LockWatch(watcher, holder, watched.info.backend_pid)
    watch.start([_T], LockMode.ACCESS_SHARE)
    watched.execute("SELECT pg_sleep(4)")
    watched.execute("SET lock_timeout = '200ms'")
    watched.execute("DROP TABLE public.t")  # does not wait for the holder
    assert watch.stop(time.monotonic()).waited_s == 0


def test_what_is_held_is_let_go_when_the_statement_waits(
    sessions: tuple[Connection, Connection, Connection],
) -> None:
    watcher, holder, watched = sessions
    watch = LockWatch(watcher, holder, watched.info.backend_pid)
    watch.start([_T], LockMode.ACCESS_SHARE)
    began = time.monotonic()
    watched.execute("VACUUM FULL public.t")
    ended = time.monotonic()
    seen = watch.stop(ended)
    assert LockMode.ACCESS_EXCLUSIVE in seen.locks.values()
    assert 0 < seen.waited_s < ended - began + 0.05 < 1  # the end of a wait is seen at the next look


def test_what_is_held_is_let_go_at_the_end(sessions: tuple[Connection, Connection, Connection]) -> None:
    watcher, holder, watched = sessions
    watch = LockWatch(watcher, holder, watched.info.backend_pid)
    watch.start([_T], LockMode.ACCESS_SHARE)
    watch.stop(time.monotonic())
    watched.execute("SET lock_timeout = '200ms'")
    watched.execute("DROP TABLE public.t")


def test_what_would_reach_beyond_the_clone_is_not_sent(database: str, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    proof.mkdir()
    proof.chmod(0o777)
    traced = trace(
        tmp_path / "project", database, f"op.execute(\"COPY (SELECT 1) TO PROGRAM 'touch {proof}/it-ran'\")"
    )
    assert "COPY … PROGRAM" in traced.outcome.stopped
    assert traced.revisions[0].status == "failed"
    assert not list(proof.iterdir())
