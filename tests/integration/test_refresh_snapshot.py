"""One moment in time: what the source's users and its DDL do meanwhile is not seen, and does not hang the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.errors import Busy, Drift, ServerFailed
from dbtool.postgres import dump
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh import pipeline, preflight
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.targets import Target, Tier
from tests.acceptance.project import wait_until
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]


class At(Silent):
    """Does something when a stage begins, in the thread that runs the refresh."""

    def __init__(self, stage: str, act: Callable[[], object]) -> None:
        self._stage, self._act = stage, act

    def stage(self, name: str) -> None:
        if name == self._stage:
            self._act()


@pytest.fixture
def filled(two_databases: TwoDatabases) -> TwoDatabases:
    execute(
        two_databases[0],
        "CREATE TABLE a (id int PRIMARY KEY, note text); CREATE TABLE b (id int REFERENCES a);"
        "INSERT INTO a SELECT n, 'before' FROM generate_series(1, 100) n; INSERT INTO b SELECT id FROM a",
    )
    return two_databases


def test_a_snapshot_whose_session_was_ended_is_told_though_nobody_needs_it_any_more(
    filled: TwoDatabases,
) -> None:
    """Its locks ended with it: whoever had adopted it goes on reading, and sees nothing in a table that was emptied."""
    production = Target("production", Tier.PRODUCTION, lambda: filled[0])
    with connect(filled[0]) as connection:
        catalog = read_catalog(connection)
    with (
        pytest.raises(ServerFailed, match="releasing the snapshot"),
        hold_snapshot(production, catalog) as held,
    ):
        execute(filled[0], f"SELECT pg_terminate_backend({held.connection.info.backend_pid}, 5000)")
    with hold_snapshot(production, catalog) as held:
        held.release()
        execute(filled[0], f"SELECT pg_terminate_backend({held.connection.info.backend_pid}, 5000)")


def test_what_changes_on_the_source_meanwhile_is_not_seen(filled: TwoDatabases, tmp_path: Path) -> None:
    source, target = filled

    def change() -> None:
        execute(
            source,
            "UPDATE a SET note = 'after' WHERE id < 50; INSERT INTO a VALUES (101, 'after'); INSERT INTO b VALUES (101);"
            "DELETE FROM b WHERE id = 1; DELETE FROM a WHERE id = 1",
        )

    refresh(request_for(source, target, tmp_path, observer=At("pre-data", change)))
    assert column_of(target, "SELECT DISTINCT note FROM a") == ["before"]
    assert query(target, "SELECT count(*), max(id) FROM a") == [(100, 100)]
    assert query(target, "SELECT count(*) FROM b") == [(100,)]


def test_a_schema_that_changes_after_it_was_checked_stops_the_run(
    filled: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column that nobody has decided must not slip in between the check and the snapshot."""
    source, target = filled
    require_consent = preflight.require_consent

    def alter(*arguments: Any) -> None:
        execute(source, "ALTER TABLE a ADD email text")
        require_consent(*arguments)

    monkeypatch.setattr(pipeline, "require_consent", alter)
    with pytest.raises(Drift, match="schema changed while the refresh was starting; nothing was copied"):
        refresh(request_for(source, target, tmp_path))
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'a'") == [(0,)]


@pytest.mark.one_major
def test_a_partition_that_comes_meanwhile_is_worth_another_try(
    two_databases: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was decided otherwise, but nobody planned for its rows."""
    source, target = two_databases
    execute(source, "CREATE TABLE log (id int, at int) PARTITION BY LIST (at)")
    execute(source, "CREATE TABLE log_1 PARTITION OF log FOR VALUES IN (1)")
    require_consent = preflight.require_consent

    def add(*arguments: Any) -> None:
        execute(source, "CREATE TABLE log_2 PARTITION OF log FOR VALUES IN (2)")
        require_consent(*arguments)

    monkeypatch.setattr(pipeline, "require_consent", add)
    with pytest.raises(
        Busy, match=r"partitions or sequences of production changed while .* nothing was copied"
    ):
        refresh(request_for(source, target, tmp_path))
    monkeypatch.undo()
    refresh(request_for(source, target, tmp_path))
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'log_2'") == [(1,)]


@contextmanager
def waiting_ddl(source: str, statement: str) -> Iterator[Callable[[], None]]:
    """A function that begins the statement and returns when it waits for its lock."""
    with psycopg.connect(source, autocommit=True) as connection:

        def run() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                connection.execute(statement.encode())

        def begin() -> None:
            thread.start()
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
            wait_until(lambda: query(source, waits) != [(0,)], "the statement waits", 10)

        thread = threading.Thread(target=run, daemon=True)
        yield begin
        connection.cancel_safe()
        thread.join(timeout=10)


def test_ddl_that_waits_for_the_snapshot_does_not_make_the_run_wait_for_it(
    filled: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would wait for the other: a new reader queues behind DDL that waits for the snapshot's own lock."""
    source, target = filled
    monkeypatch.setattr("dbtool.postgres.lock_waits.LOCK_TIMEOUT_S", 1)
    with (
        waiting_ddl(source, "ALTER TABLE a ADD later int") as begin,
        pytest.raises(Busy, match=r"DDL waits to lock public\.a.*nothing was swapped"),
    ):
        refresh(request_for(source, target, tmp_path, observer=At("stream", begin)))
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'a'") == [(0,)]


def test_nor_does_ddl_that_comes_before_the_schema_is_read(
    filled: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled
    monkeypatch.setattr("dbtool.postgres.dump.LOCK_TIMEOUT_S", 1)
    dump_schema = dump.dump_schema
    with waiting_ddl(source, "ALTER TABLE a ADD later int") as begin:

        def come_first(*arguments: Any, **named: Any) -> None:
            begin()
            dump_schema(*arguments, **named)

        monkeypatch.setattr(dump, "dump_schema", come_first)
        with pytest.raises(ServerFailed, match="timeout while reading the source's schema"):
            refresh(request_for(source, target, tmp_path))
