"""Servers that restart, are promoted, or have no room: the run begins again, goes on, or says which setting makes room."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from dbtool.clones import postmaster
from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.errors import DbtoolError, ServerFailed
from dbtool.findings import Finding
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Cancellation, Silent
from tests.acceptance import inspection
from tests.acceptance.project import databases_of
from tests.databases import column_of, drop_databases, execute, own_database, query
from tests.integration.refreshing import request_for, rules_of
from tests.integration.replication import standby_of, wait_for_replay

pytestmark = pytest.mark.one_major

NAME = f"dbtool_test_{os.getpid()}_disturbed"
_SHOP = """
CREATE TABLE a (id int PRIMARY KEY, note text);
CREATE TABLE b (id int REFERENCES a);
INSERT INTO a SELECT n, 'before' FROM generate_series(1, 500) n;
INSERT INTO b SELECT id FROM a
"""
_SUBSET = """\
  public.a: {id: {keep: k}, note: {keep: k}}
  public.b: {id: {keep: k}}
subset: {roots: [{table: public.a, percent: 100}]}
"""


@contextmanager
def own_server(like: EmbeddedServer, **settings: str) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), like.major)
    with embedded_server(installation=installation, settings={"fsync": "off", **settings}) as server:
        yield server


@pytest.fixture
def primary(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    with own_server(newest_server) as server:
        execute(server.url(), f"CREATE DATABASE {NAME}")
        execute(server.url(NAME), _SHOP)
        yield server


@pytest.fixture
def target(newest_server: EmbeddedServer) -> Iterator[str]:
    yield newest_server.url(NAME)
    drop_databases(newest_server, NAME)


class Once(Silent):
    """Does something when a stage begins for the first time."""

    def __init__(self, stage: str, act: Callable[[], object]) -> None:
        self._stage, self._act, self.begun = stage, act, 0
        self.findings: list[Finding] = []

    def stage(self, name: str) -> None:
        if name == self._stage:
            self.begun += 1
            if self.begun == 1:
                self._act()

    def found(self, finding: Finding) -> None:
        self.findings.append(finding)


def values_of(url: str) -> object:
    return inspection.checksum_kept(url, inspection.find_columns(url))


@pytest.mark.parametrize("stage", ["snapshot", "keys", "stream", "post-data"])
def test_a_source_that_is_restarted_meanwhile_is_read_anew(
    primary: EmbeddedServer, target: str, tmp_path: Path, stage: str
) -> None:
    """And what was written before the new beginning is in the copy, in all tables or in none."""
    source = primary.url(NAME)

    def restart() -> None:
        postmaster.stop(primary.data)
        postmaster.start(primary, {"fsync": "off"})
        execute(source, "INSERT INTO a VALUES (1000, 'after'); INSERT INTO b VALUES (1000)")

    observer = Once(stage, restart)
    refresh(request_for(source, target, tmp_path, rules_of(_SUBSET, tmp_path), observer=observer))
    ends = "SELECT (SELECT max(id) FROM a), (SELECT max(id) FROM b)"
    begins_anew = stage in {"keys", "stream"}
    assert query(target, ends) == [(500, 500) if stage == "post-data" else (1000, 1000)]
    assert (observer.begun == 2) == begins_anew


@pytest.mark.parametrize("stage", ["keys", "stream"])
def test_a_standby_that_is_promoted_meanwhile_still_shows_its_one_moment(
    primary: EmbeddedServer, target: str, tmp_path: Path, stage: str
) -> None:
    with standby_of(primary) as standby:
        wait_for_replay(primary, standby)
        source = standby.url(NAME)

        def promote() -> None:
            assert column_of(standby.url(), "SELECT pg_promote()") == [True]
            execute(source, "UPDATE a SET note = 'after'; DELETE FROM b")

        refresh(
            request_for(source, target, tmp_path, rules_of(_SUBSET, tmp_path), observer=Once(stage, promote))
        )
        assert query(source, "SELECT count(*) FROM b") == [(0,)]
    assert values_of(target) == values_of(primary.url(NAME))


_PARTITIONS = 1000
_FEW = {"max_locks_per_transaction": "10", "max_connections": "12", "max_worker_processes": "2"}


def partition(url: str) -> None:
    execute(
        url, "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE log (day int, p int) PARTITION BY LIST (day)"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(0, _PARTITIONS, 25):
            made = (
                f"CREATE TABLE log_{day} PARTITION OF log FOR VALUES IN ({day})"
                for day in range(first, first + 25)
            )
            connection.execute("; ".join(made).encode())


_HELP = "raise max_locks_per_transaction in that server"


def test_partitions_that_a_server_has_no_locks_for_are_told_with_the_setting_that_helps(
    newest_server: EmbeddedServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        few = stack.enter_context(own_server(newest_server, **_FEW))
        many = stack.enter_context(own_server(newest_server, max_locks_per_transaction="1000"))
        for server in (few, many):
            execute(server.url(), f"CREATE DATABASE {NAME}")
            partition(server.url(NAME))
        with pytest.raises(ServerFailed, match=f"^out of shared memory .*{_HELP}"):
            refresh(request_for(few.url(NAME), many.url("copy"), tmp_path, rules_of(_LOG_RULES, tmp_path)))
        execute(many.url(NAME), "ALTER TABLE log ADD FOREIGN KEY (p) REFERENCES p")
        observer = Once("", lambda: None)
        with pytest.raises(ServerFailed, match=_HELP):
            refresh(request_for(many.url(NAME), few.url("copy"), tmp_path, observer=observer))
        assert "locks-few" in [finding.check for finding in observer.findings]
        assert list(databases_of(few, "copy")) == list(databases_of(many, "copy")) == []


_LOG_RULES = "  public.p: {id: {keep: k}}\n  public.log: {day: {keep: k}, p: {keep: k}}\n"


@pytest.mark.parametrize("stage", ["preflight", "stream", "swap"])
def test_a_server_that_has_no_connection_left_says_so_and_live_serves_on(
    newest_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Superusers have some to themselves; a refresh needs none of those."""
    monkeypatch.setattr(Cancellation, "pause", lambda self, _seconds: self.check())
    taken: list[psycopg.Connection] = []
    with (
        own_database(newest_server, f"{NAME}_source") as source,
        own_server(newest_server, max_connections="11", superuser_reserved_connections="3") as server,
    ):
        execute(source, _SHOP)
        execute(
            server.url(),
            "CREATE ROLE writer LOGIN CREATEDB PASSWORD 'one'; GRANT pg_signal_backend TO writer",
        )
        writer = f"postgresql://writer:one@127.0.0.1:{server.port}"

        def take_all() -> None:
            with suppress(psycopg.OperationalError):
                while True:
                    taken.append(psycopg.connect(f"{writer}/postgres"))

        refresh(request_for(source, f"{writer}/copy", tmp_path))
        before = databases_of(server, "copy")
        with pytest.raises(DbtoolError, match="remaining connection slots are reserved") as failed:
            refresh(request_for(source, f"{writer}/copy", tmp_path, observer=Once(stage, take_all)))
        assert failed.value.exit_code == 3
        for one in taken:
            one.close()
        assert set(before) <= set(databases_of(server, "copy"))
        assert query(server.url("copy"), "SELECT count(*) FROM b") == [(500,)]
        refresh(request_for(source, f"{writer}/copy", tmp_path))
        assert not [name for name in databases_of(server, "copy") if "candidate" in name]
