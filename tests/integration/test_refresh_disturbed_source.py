"""DDL on the source while a refresh reads it: it waits, or the run ends and says so; no copy is half of one and half of another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from dbtool.errors import Busy, DbtoolError, Drift
from dbtool.postgres import snapshots
from dbtool.refresh import snapshot as snapshot_step
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from tests.acceptance import inspection
from tests.acceptance.project import wait_until
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

pytestmark = pytest.mark.one_major  # whose locks wait for whose is the same in each

_SHOP = """
CREATE TABLE a (id int PRIMARY KEY, note text);
CREATE TABLE b (id int REFERENCES a, amount numeric);
CREATE TABLE log (id int, day int) PARTITION BY LIST (day);
CREATE TABLE log_1 PARTITION OF log FOR VALUES IN (1);
CREATE TABLE log_2 PARTITION OF log FOR VALUES IN (2);
CREATE TABLE apart (id int, day int NOT NULL);
CREATE TYPE mood AS ENUM ('ok');
INSERT INTO a SELECT n, 'before' FROM generate_series(1, 100) n;
INSERT INTO b SELECT id, id FROM a;
INSERT INTO log SELECT n, 1 + n % 2 FROM generate_series(1, 100) n;
INSERT INTO apart SELECT n, 3 FROM generate_series(1, 10) n
"""

# What takes a lock that conflicts with reading, and what does not; each with what a run says that finds it done when it
# has checked the rules, and has no locks yet. None: nothing was decided otherwise, and the copy has it.
_CONFLICTING: Mapping[str, type[DbtoolError] | None] = {
    "ALTER TABLE a ADD later int": Drift,
    "ALTER TABLE a DROP note": Drift,
    "ALTER TABLE a ALTER note TYPE varchar(40)": Drift,
    "ALTER TABLE a RENAME note TO remark": Drift,
    "ALTER TABLE b RENAME TO c": Drift,
    "ALTER TABLE b SET SCHEMA other": Drift,
    "DROP TABLE b": Drift,
    "ALTER TABLE log ATTACH PARTITION apart FOR VALUES IN (3)": Drift,
    "ALTER TABLE log DETACH PARTITION log_2": Drift,
    "DROP TABLE log_2": Busy,
    "CREATE TABLE log_3 PARTITION OF log FOR VALUES IN (3)": Busy,
    "TRUNCATE b": None,
    "VACUUM FULL b": None,
    "DROP TABLE b; CREATE TABLE b (id int REFERENCES a, amount numeric)": None,
}
_OTHER: Mapping[str, type[DbtoolError] | None] = {
    "CREATE TABLE d AS SELECT 'nobody decided' AS secret": Drift,
    "CREATE UNIQUE INDEX ON b (id)": Drift,
    "CREATE INDEX ON a (note)": None,
    "ALTER TYPE mood ADD VALUE 'so so'": None,
    "UPDATE a SET note = 'after'; DELETE FROM b WHERE id > 10; INSERT INTO log VALUES (0, 1)": None,
}


@dataclass
class Elsewhere(Silent):
    """Another session of the source that tries ``statements`` when a stage begins, and waits for no lock for long."""

    source: str
    at: str
    statements: Mapping[str, object]
    refused: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def stage(self, name: str) -> None:
        if name == self.at:
            self.act()

    def act(self) -> None:
        with psycopg.connect(self.source, autocommit=True, options="-c lock_timeout=50ms") as connection:
            for text in self.statements:
                try:
                    for statement in text.split("; "):
                        connection.execute(statement.encode())
                    self.done.add(text)
                except psycopg.errors.LockNotAvailable:
                    self.refused.add(text)


@pytest.fixture
def shop(two_databases: TwoDatabases) -> TwoDatabases:
    """A source, and a target that has something to lose."""
    source, target = two_databases
    execute(target, "CREATE TABLE live AS SELECT 'yesterday' AS made")
    execute(source, "CREATE SCHEMA other;" + _SHOP)
    return source, target


_SUBSET = """\
  public.a: {id: {keep: k}, note: {keep: k}}
  public.b: {id: {keep: k}, amount: {keep: k}}
  public.log: {id: {keep: k}, day: {keep: k}}
  public.apart: {id: {keep: k}, day: {keep: k}}
subset:
  roots: [{table: public.a, percent: 100}]
  tables: {public.log: all, public.apart: all}
"""


def values_of(url: str) -> object:
    return inspection.checksum_kept(url, inspection.find_columns(url))


def assert_live_is_yesterdays(target: str, before: Mapping[str, object]) -> None:
    assert query(target, "SELECT made FROM live") == [("yesterday",)]
    assert databases_of_target(target) == before


def databases_of_target(target: str) -> dict[str, object]:
    name = target.rsplit("/", 1)[1]
    found = query(target, f"SELECT datname, oid FROM pg_database WHERE starts_with(datname, '{name}')")
    return dict(found)


@pytest.mark.parametrize(("statement", "outcome"), [*_CONFLICTING.items(), *_OTHER.items()])
def test_what_changes_before_the_locks_are_taken_is_found_or_copied(
    shop: TwoDatabases, tmp_path: Path, statement: str, outcome: type[DbtoolError] | None
) -> None:
    source, target = shop
    before = databases_of_target(target)
    elsewhere = Elsewhere(source, "snapshot", {statement: outcome})
    request = request_for(source, target, tmp_path, adopt=True, observer=elsewhere)
    if outcome is None:
        refresh(request)
        assert values_of(target) == values_of(source)
    else:
        with pytest.raises(outcome, match=r"changed while the refresh was starting; nothing was copied"):
            refresh(request)
        assert_live_is_yesterdays(target, before)
    assert elsewhere.done == {statement}


def test_nothing_that_conflicts_is_done_between_the_locks_and_the_snapshot(
    shop: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = shop
    elsewhere = Elsewhere(source, "", _CONFLICTING)
    export_snapshot = snapshots.export_snapshot

    def act_first(connection: psycopg.Connection) -> tuple[str, str, str]:
        elsewhere.act()
        return export_snapshot(connection)

    monkeypatch.setattr(snapshot_step, "export_snapshot", act_first)
    expected = values_of(source)
    refresh(request_for(source, target, tmp_path, adopt=True, observer=elsewhere))
    assert elsewhere.refused == set(_CONFLICTING)
    assert values_of(target) == expected


@pytest.mark.parametrize("stage", ["keys", "pre-data", "stream"])
def test_what_conflicts_with_reading_waits_and_the_rest_is_not_seen(
    shop: TwoDatabases, tmp_path: Path, stage: str
) -> None:
    source, target = shop
    expected = values_of(source)
    elsewhere = Elsewhere(source, stage, {**_CONFLICTING, **_OTHER})
    refresh(
        request_for(source, target, tmp_path, rules_of(_SUBSET, tmp_path), adopt=True, observer=elsewhere)
    )
    assert elsewhere.refused == set(_CONFLICTING)
    assert elsewhere.done == set(_OTHER)
    assert values_of(target) == expected


@pytest.mark.parametrize("stage", ["post-data", "verify", "carry over", "swap"])
def test_what_comes_when_all_is_read_neither_waits_nor_is_seen(
    shop: TwoDatabases, tmp_path: Path, stage: str
) -> None:
    source, target = shop
    expected = values_of(source)
    statements = (
        "DROP TABLE b",
        "ALTER TABLE a ADD later int",
        "ALTER TABLE log DETACH PARTITION log_2",
        "TRUNCATE a",
    )
    elsewhere = Elsewhere(source, stage, dict.fromkeys(statements))
    refresh(request_for(source, target, tmp_path, adopt=True, observer=elsewhere))
    assert elsewhere.done == set(statements)
    assert values_of(target) == expected


@contextmanager
def patient(source: str, statement: str) -> Iterator[Callable[[], None]]:
    """A function that begins the statement, which waits for its lock as long as it must, and returns when it waits."""
    with psycopg.connect(source, autocommit=True) as connection:

        def run() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                connection.execute(statement.encode())

        def begin() -> None:
            thread.start()
            waits = f"SELECT wait_event_type FROM pg_stat_activity WHERE pid = {connection.info.backend_pid}"
            wait_until(lambda: query(source, waits) == [("Lock",)], "the statement waits", 10)

        thread = threading.Thread(target=run, daemon=True)
        yield begin
        connection.cancel_safe()
        thread.join(timeout=10)


@dataclass
class Begin(Silent):
    at: str
    begin: Callable[[], None]

    def stage(self, name: str) -> None:
        if name == self.at:
            self.begin()


def test_a_subset_is_not_chosen_behind_ddl_that_waits_for_the_snapshot(
    shop: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would wait for the other, and PostgreSQL sees no deadlock: one of the waits is ours."""
    source, target = shop
    before = databases_of_target(target)
    monkeypatch.setattr("dbtool.postgres.lock_waits.LOCK_TIMEOUT_S", 1)
    with (
        patient(source, "ALTER TABLE b ADD later int") as begin,
        pytest.raises(
            Busy, match=r"DDL waits to lock a table that the subset is chosen from.*nothing was swapped"
        ),
    ):
        refresh(
            request_for(
                source,
                target,
                tmp_path,
                rules_of(_SUBSET, tmp_path),
                adopt=True,
                observer=Begin("keys", begin),
            )
        )
    assert_live_is_yesterdays(target, before)


@pytest.mark.parametrize("stage", ["pre-data", "stream"])
def test_a_partition_that_is_detached_concurrently_is_still_in_the_copy(
    shop: TwoDatabases, tmp_path: Path, stage: str
) -> None:
    source, target = shop
    expected = values_of(source)
    detach = "ALTER TABLE log DETACH PARTITION log_2 CONCURRENTLY"
    with patient(source, detach) as begin:
        refresh(request_for(source, target, tmp_path, adopt=True, observer=Begin(stage, begin)))
    assert values_of(target) == expected
    assert query(target, "SELECT count(*) FROM log") == [(100,)]
