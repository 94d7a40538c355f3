"""Sessions that end, that lead elsewhere, and that are not theirs alone: begun again, or told before anything is copied."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.errors import EnvironmentFailed, SnapshotLost
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from tests.acceptance.project import databases_of
from tests.databases import drop_databases, execute, query
from tests.integration.between import balanced, pooled_by_transaction
from tests.integration.refreshing import request_for, rules_of
from tests.integration.replication import standby_of, wait_for_replay

TwoDatabases = tuple[str, str]
pytestmark = pytest.mark.one_major

NAME = f"dbtool_test_{os.getpid()}_edge_sessions"
_SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE letter (id int PRIMARY KEY, person int REFERENCES person);
INSERT INTO person SELECT n, n || '@lovelace.dk' FROM generate_series(1, 500) n;
INSERT INTO letter SELECT n, 1 + n % 500 FROM generate_series(1, 2000) n;
"""
_RULES = "  public.person: {id: {keep: k}, email: {mask: email}}\n  public.letter: {id: {keep: k}}\n"
_END_HOLDER = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dbtool refresh snapshot'
"""


class AtStream(Silent):
    """Does something whenever rows begin to be copied, so many times."""

    def __init__(self, act: Callable[[], object], times: int) -> None:
        self._act, self._left, self.begun = act, times, 0

    def stage(self, name: str) -> None:
        if name == "stream":
            self.begun += 1
            if self._left > 0:
                self._left -= 1
                self._act()


@pytest.fixture(scope="module")
def primary(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        execute(server.url(), f"CREATE DATABASE {NAME} TEMPLATE template0")
        execute(server.url(NAME), _SCHEMA)
        yield server


@pytest.fixture(scope="module")
def standby(primary: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """What it has to replay does not wait for queries."""
    with standby_of(primary) as server:
        execute(server.url(), "ALTER SYSTEM SET max_standby_streaming_delay = 0")
        execute(server.url(), "SELECT pg_reload_conf()")
        wait_for_replay(primary, server)
        yield server


@pytest.fixture
def target(newest_server: EmbeddedServer) -> Iterator[str]:
    yield newest_server.url(f"{NAME}_target")
    drop_databases(newest_server, f"{NAME}_target")


def test_a_conflict_with_recovery_begins_the_whole_copy_again(
    primary: EmbeddedServer, standby: EmbeddedServer, target: str, tmp_path: Path
) -> None:
    """One table read again would be of another moment than the others."""

    def conflict() -> None:
        execute(
            primary.url(NAME),
            "DELETE FROM letter WHERE person > 250; DELETE FROM person WHERE id > 250; UPDATE letter SET id = id + 100000",
        )
        execute(primary.url(NAME), "VACUUM person")
        execute(primary.url(NAME), "VACUUM letter")
        wait_for_replay(primary, standby)

    watch = AtStream(conflict, 1)
    rules = rules_of(_RULES, tmp_path)
    result = refresh(request_for(standby.url(NAME), target, tmp_path, rules, observer=watch))
    assert watch.begun == 2
    assert [name for name, _ in result.stages].count("stream") == 1
    assert result.stages[0][0] == "begun before"
    assert query(target, "SELECT count(*), max(id) FROM person") == [(250, 250)]
    assert query(target, "SELECT count(*), min(id) > 100000 FROM letter") == [(1000, True)]
    assert [finding.where for finding in result.findings if finding.check == "snapshot-lost"] == [
        "production"
    ]
    assert result.verification.findings == ()


def test_a_snapshot_that_is_lost_again_and_again_ends_the_run(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    execute(target, "CREATE TABLE yesterday (id int)")
    before = databases_of(server, target.rsplit("/", 1)[1])
    watch = AtStream(lambda: execute(source, _END_HOLDER), 9)
    with pytest.raises(
        SnapshotLost, match="the session that held the snapshot of production was ended"
    ) as lost:
        refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path), observer=watch, adopt=True))
    assert watch.begun == 3
    assert "as it was" in " ".join(lost.value.__notes__)
    assert databases_of(server, target.rsplit("/", 1)[1]) == before
    assert query(target, "SELECT count(*) FROM yesterday") == [(0,)]


def through(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()


def test_an_endpoint_that_leads_to_several_servers_is_told_before_anything_is_copied(
    primary: EmbeddedServer, standby: EmbeddedServer, target: str, tmp_path: Path
) -> None:
    rules = rules_of(_RULES, tmp_path)
    with balanced([primary.port, standby.port]) as port:
        source = through(primary.url(NAME), port)
        with pytest.raises(EnvironmentFailed, match=r"leads to several servers.*Nothing was copied"):
            refresh(request_for(source, target, tmp_path, rules))
    with balanced([primary.port, primary.port]) as port:
        refresh(request_for(through(primary.url(NAME), port), target, tmp_path, rules))
    assert query(target, "SELECT count(*) FROM person") == query(
        primary.url(NAME), "SELECT count(*) FROM person"
    )


def test_a_pooler_in_transaction_mode_is_told_before_anything_is_copied(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    """What one session sets would be set for another."""
    source, target = two_databases
    execute(source, _SCHEMA)
    before = databases_of(server, target.rsplit("/", 1)[1])
    with (
        pooled_by_transaction(source) as port,
        pytest.raises(
            EnvironmentFailed, match=r"another connection for each transaction.*Nothing was copied"
        ),
    ):
        refresh(request_for(through(source, port), target, tmp_path, rules_of(_RULES, tmp_path)))
    assert databases_of(server, target.rsplit("/", 1)[1]) == before
