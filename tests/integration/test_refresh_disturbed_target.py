"""Somebody at work on the target's server while a refresh is: nothing that the run did not see at its beginning is replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import Busy, DbtoolError, Drift, FindingsRefuse, ServerUnreachable, VerificationFailed
from dbtool.postgres.requirements import NeededRoles, read_needed_roles
from dbtool.refresh import ends as seen_ends
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Cancellation, RefreshRequest, Silent
from tests.acceptance.project import databases_of
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

pytestmark = pytest.mark.one_major


@pytest.fixture(autouse=True)
def _retries_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cancellation, "pause", lambda self, _seconds: self.check())


@dataclass
class At(Silent):
    """Does something when a stage begins, in the thread that runs the refresh."""

    at: str
    act: Callable[[], object]

    def stage(self, name: str) -> None:
        if name == self.at:
            self.act()


@pytest.fixture
def ends(two_databases: TwoDatabases, tmp_path: Path) -> TwoDatabases:
    """The target has been refreshed once, and the source has gone on since."""
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int PRIMARY KEY, note text); INSERT INTO t VALUES (1, 'yesterday')")
    refresh(request_for(source, target, tmp_path))
    execute(source, "UPDATE t SET note = 'today'")
    return source, target


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def candidate_of(target: str) -> str:
    """Its URL."""
    server, name = target.rsplit("/", 1)
    like = f"SELECT datname FROM pg_database WHERE starts_with(datname, '{name}_dbtool_candidate')"
    (found,) = column_of(f"{server}/postgres", like)
    return f"{server}/{found}"


def disturbed(
    ends: TwoDatabases, folder: Path, at: str, act: Callable[[], object], **options: Any
) -> RefreshRequest:
    return request_for(*ends, folder, observer=At(at, act), **options)


_ANEW = "CREATE TABLE work AS SELECT 'of hours' AS note"


@pytest.mark.parametrize(
    ("at", "keep_previous"), [("pre-data", 0), ("stream", 1), ("carry over", 0), ("swap", 0)]
)
def test_a_live_database_that_was_made_anew_meanwhile_is_not_replaced(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer, at: str, keep_previous: int
) -> None:
    """Nobody consented to that; without previous ones it would be gone."""
    name = name_of(ends[1])

    def make_anew() -> None:
        execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")
        execute(server.url(), f"CREATE DATABASE {name}")
        execute(ends[1], _ANEW)

    with pytest.raises(DbtoolError) as failed:
        refresh(disturbed(ends, tmp_path, at, make_anew, keep_previous=keep_previous))
    if at != "carry over":  # where a session of ours was ended with it
        assert isinstance(failed.value, Drift)
        assert "is another one than when the refresh began" in str(failed.value)
    assert column_of(ends[1], "SELECT note FROM work") == ["of hours"]
    assert list(databases_of(server, f"{name}_dbtool_candidate")) == []


def test_a_live_database_that_was_renamed_meanwhile_keeps_its_rows(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    name = name_of(ends[1])
    rename = f"ALTER DATABASE {name} RENAME TO {name}old"
    with pytest.raises(Drift, match=r"is not there any more since the refresh began.*nothing was swapped"):
        refresh(disturbed(ends, tmp_path, "stream", lambda: execute(server.url(), rename)))
    assert column_of(server.url(f"{name}old"), "SELECT note FROM t") == ["yesterday"]
    assert name not in databases_of(server, name)


def test_a_target_that_somebody_else_made_first_is_not_replaced(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE t AS SELECT 1 AS id")
    execute(server.url(), f"DROP DATABASE {name_of(target)}")

    def make() -> None:
        execute(server.url(), f"CREATE DATABASE {name_of(target)}")
        execute(target, _ANEW)

    with pytest.raises(Drift, match="has come to be since the refresh began"):
        refresh(disturbed((source, target), tmp_path, "stream", make))
    assert column_of(target, "SELECT note FROM work") == ["of hours"]


@pytest.mark.parametrize("at", ["stream", "post-data", "verify", "swap"])
@pytest.mark.parametrize(
    "statement", ["DROP DATABASE {0} WITH (FORCE)", "ALTER DATABASE {0} RENAME TO {1}mine"]
)
def test_a_candidate_that_goes_missing_ends_the_run_and_live_serves_on(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer, at: str, statement: str
) -> None:
    name = name_of(ends[1])

    def act() -> None:
        execute(server.url(), statement.format(name_of(candidate_of(ends[1])), name))

    with pytest.raises(DbtoolError, match=r"does not exist|terminating connection") as failed:
        refresh(disturbed(ends, tmp_path, at, act))
    assert failed.value.exit_code == 3
    assert column_of(ends[1], "SELECT note FROM t") == ["yesterday"]
    execute(server.url(), f"DROP DATABASE IF EXISTS {name}mine")
    refresh(request_for(*ends, tmp_path))
    assert column_of(ends[1], "SELECT note FROM t") == ["today"]


def test_rows_that_somebody_writes_into_the_candidate_are_found(ends: TwoDatabases, tmp_path: Path) -> None:
    """What landed is read while its indexes are built: those that come later are not."""

    class Meddling(Silent):
        def finished(self, relation: RelationName, rows: int) -> None:
            execute(candidate_of(ends[1]), f"INSERT INTO {relation} VALUES ({rows} + 1, 'mine')")

    with pytest.raises(VerificationFailed):
        refresh(request_for(*ends, tmp_path, observer=Meddling()))
    assert column_of(ends[1], "SELECT note FROM t") == ["yesterday"]


def test_who_looks_at_the_candidate_is_sent_away_at_the_swap(ends: TwoDatabases, tmp_path: Path) -> None:
    looking: list[psycopg.Connection] = []

    def act() -> None:
        looking.append(psycopg.connect(candidate_of(ends[1])))
        looking[0].execute("SELECT FROM t")

    refresh(disturbed(ends, tmp_path, "verify", act))
    assert column_of(ends[1], "SELECT note FROM t") == ["today"]
    with pytest.raises(psycopg.OperationalError):
        looking[0].execute("SELECT FROM t")
    looking[0].close()


def test_two_refreshes_at_once_are_one_that_works_and_one_that_says_so(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    said: list[BaseException] = []

    def refuse_second() -> None:
        with pytest.raises(Busy, match=r"another refresh of .* is running; nothing was changed") as failed:
            refresh(request_for(*ends, tmp_path))
        said.append(failed.value)

    refresh(disturbed(ends, tmp_path, "stream", refuse_second))
    assert len(said) == 1
    assert column_of(ends[1], "SELECT note FROM t") == ["today"]


def as_role(server: EmbeddedServer, url: str, attributes: str) -> str:
    """The URL with a role of these attributes in it, who may do what a refresh needs."""
    name = name_of(url)
    role = f"{name}role"
    execute(
        server.url(),
        f"CREATE ROLE {role} LOGIN PASSWORD 'one' {attributes};"
        f"GRANT pg_read_all_data, pg_signal_backend TO {role}; ALTER DATABASE {name} OWNER TO {role}",
    )
    return url.replace(url.split("@", maxsplit=1)[0], f"postgresql://{role}:one")


@pytest.mark.parametrize(("end", "enough"), [(0, 3), (1, 4)], ids=["source", "target"])
def test_a_role_that_may_have_too_few_connections_is_found_before_the_run(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer, end: int, enough: int
) -> None:
    """And one that may have as many as preflight wants gets through with them."""
    execute(two_databases[0], "CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 10) n")
    urls = list(two_databases)
    urls[end] = as_role(server, urls[end], f"CREATEDB CONNECTION LIMIT {enough - 1}")
    role = f"{name_of(two_databases[end])}role"
    before = databases_of(server, name_of(two_databases[1]))
    with pytest.raises(FindingsRefuse) as failed:
        refresh(request_for(urls[0], urls[1], tmp_path))
    assert f"a run needs {enough} connections at once, and {role} may have {enough - 1} there" in str(
        failed.value.findings
    )
    assert databases_of(server, name_of(two_databases[1])) == before
    execute(server.url(), f"ALTER ROLE {role} CONNECTION LIMIT {enough}")
    refresh(request_for(urls[0], urls[1], tmp_path))
    assert query(two_databases[1], "SELECT count(*) FROM t") == [(10,)]


@pytest.mark.parametrize("at", ["pre-data", "stream", "post-data", "swap"])
def test_connections_that_others_take_meanwhile_end_the_run_with_the_reason(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer, at: str
) -> None:
    """What could not be dropped for want of a connection is dropped by the next run."""
    source, target = two_databases
    execute(source, "CREATE TABLE t AS SELECT 'today' AS note")
    url = as_role(server, target, "CREATEDB")
    execute(url, _ANEW)
    limit = f"ALTER ROLE {name_of(target)}role CONNECTION LIMIT"
    act = At(at, lambda: execute(server.url(), f"{limit} 1"))
    with pytest.raises(DbtoolError, match="too many connections for role") as failed:
        refresh(request_for(source, url, tmp_path, adopt=True, observer=act))
    assert failed.value.exit_code == ServerUnreachable.exit_code
    assert column_of(target, "SELECT note FROM work") == ["of hours"]
    execute(server.url(), f"{limit} -1")
    refresh(request_for(source, url, tmp_path, adopt=True))
    assert column_of(target, "SELECT note FROM t") == ["today"]
    assert list(databases_of(server, f"{name_of(target)}_dbtool_candidate")) == []


@pytest.mark.parametrize("end", [0, 1], ids=["source", "target"])
def test_a_table_that_somebody_holds_while_preflight_looks_is_not_waited_for_for_ever(
    ends: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: int
) -> None:
    """Where the condition of a subset is checked, and where live's stamp is."""
    monkeypatch.setattr("dbtool.postgres.lock_waits.LOCK_TIMEOUT_S", 1)
    rules = rules_of(
        "  public.t: {id: {keep: k}, note: {keep: k}}\nsubset: {roots: [{table: public.t, where: id > 0}]}\n",
        tmp_path,
    )
    held = psycopg.connect(ends[end])

    def lock(*arguments: Any) -> NeededRoles:
        held.execute("LOCK TABLE public.t")
        return read_needed_roles(*arguments)

    if end == 0:  # behind what reads the source's catalog
        monkeypatch.setattr(seen_ends, "read_needed_roles", lock)
    else:
        held.execute("LOCK TABLE dbtool.refresh")
    with held, pytest.raises(Busy, match=r"is locked by another session.*nothing was done"):
        refresh(request_for(*ends, tmp_path, rules))
