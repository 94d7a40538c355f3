"""Live becomes previous: under clients that reconnect all the time, with everything that was said of the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import Busy, Interrupted, PartlyDone, VerificationFailed
from dbtool.postgres import rename
from dbtool.refresh import swap
from dbtool.refresh.pipeline import refresh
from tests.acceptance.project import databases_of
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]


@pytest.fixture
def ends(two_databases: TwoDatabases) -> TwoDatabases:
    execute(
        two_databases[0], "CREATE TABLE t (id int PRIMARY KEY, note text); INSERT INTO t VALUES (1, 'one')"
    )
    return two_databases


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


@contextmanager
def reconnecting_clients(url: str, count: int) -> Iterator[list[str]]:
    """Clients that come back at once whenever they are sent away; the list is what went wrong but that."""
    done = threading.Event()
    connected = threading.Semaphore(0)
    surprises: list[str] = []

    def come_back() -> None:
        while not done.is_set():
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    connected.release()
                    while not done.is_set():
                        connection.execute("SELECT 1")
            except psycopg.OperationalError:
                pass
            except psycopg.Error as error:
                surprises.append(type(error).__name__)

    threads = [threading.Thread(target=come_back, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for _ in threads:
        connected.acquire()
    try:
        yield surprises
    finally:
        done.set()
        for thread in threads:
            thread.join(timeout=10)


def test_the_swap_gets_through_under_clients_that_reconnect_all_the_time(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    source, target = ends
    refresh(request_for(source, target, tmp_path))
    for round_ in range(2):
        execute(source, f"UPDATE t SET note = 'round {round_}'")
        with reconnecting_clients(target, 4) as surprises:
            refresh(request_for(source, target, tmp_path))
        assert query(target, "SELECT note FROM t") == [(f"round {round_}",)]
        assert surprises == []


def test_what_was_said_of_the_database_is_said_of_the_new_one(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    name = name_of(target)
    role = f"dbtool_app_{name}"
    execute(
        server.url(),
        f"CREATE ROLE {role}; GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {role} WITH GRANT OPTION;"
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; ALTER DATABASE {name} CONNECTION LIMIT 17;"
        f"ALTER DATABASE {name} SET search_path = public, \"Odd One\"; ALTER DATABASE {name} SET work_mem = '7MB';"
        f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '3s';"
        f"ALTER DATABASE {name} SET dbtool_test.words = 'it''s, \"quoted\"';"
        f"COMMENT ON DATABASE {name} IS 'the team''s staging'",
    )
    said = (
        "SELECT datconnlimit, shobj_description(oid, 'pg_database'),"
        " (SELECT array_agg((acl.grantee::regrole, acl.privilege_type, acl.is_grantable)::text ORDER BY 1)"
        "  FROM aclexplode(datacl) acl WHERE acl.grantee <> datdba),"
        " (SELECT array_agg(setrole::regrole || ': ' || setconfig::text ORDER BY 1) FROM pg_db_role_setting WHERE setdatabase = d.oid)"
        f" FROM pg_database d WHERE datname = '{name}'"
    )
    before = query(server.url(), said)
    assert before[0][:2] == (17, "the team's staging")
    for _ in range(2):
        refresh(request_for(source, target, tmp_path))
        assert query(server.url(), said) == before
    try:
        assert query(target, "SELECT current_setting('dbtool_test.words')") == [('it\'s, "quoted"',)]
    finally:
        execute(server.url(), f"ALTER DATABASE {name} RESET ALL")


def test_as_many_previous_databases_are_kept_as_the_environment_says(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    execute(server.url(), f"DROP DATABASE {name_of(target)}")
    made: list[str] = []
    for keep, expected in ((3, 0), (3, 1), (3, 2), (3, 3), (3, 3), (1, 1), (0, 0)):
        result = refresh(request_for(source, target, tmp_path, keep_previous=keep))
        previous = [name for name in databases_of(server, name_of(target)) if name != name_of(target)]
        assert sorted(result.previous) == sorted(previous)
        stamps = [
            query(server.url(name), "SELECT made_at FROM dbtool.refresh")[0][0] for name in result.previous
        ]
        assert stamps == made[::-1][:expected]
        made.append(result.made_at)


def test_a_previous_database_can_be_made_live_again_by_hand(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    refresh(request_for(source, target, tmp_path))
    execute(source, "UPDATE t SET note = 'worse'")
    (previous,) = refresh(request_for(source, target, tmp_path)).previous
    name = name_of(target)
    execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")
    execute(server.url(), f"ALTER DATABASE {previous} RENAME TO {name}")
    assert query(target, "SELECT note FROM t") == [("one",)]
    result = refresh(request_for(source, target, tmp_path))
    assert query(target, "SELECT note FROM t") == [("worse",)]
    assert query(server.url(result.previous[0]), "SELECT note FROM t") == [("one",)]


def test_a_session_that_may_not_be_ended_stops_the_swap_and_loses_nothing(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    """A superuser's session on live; the refresh runs as a role that may not end it. PostgreSQL waits five seconds."""
    source, target = ends
    name = name_of(target)
    role = f"dbtool_plain_{name}"
    execute(
        server.url(),
        f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'plain'; ALTER DATABASE {name} OWNER TO {role}",
    )
    plain = f"postgresql://{role}:plain@127.0.0.1:{server.port}/{name}"
    before = databases_of(server, name)
    with psycopg.connect(target) as held:
        held.execute("SELECT 1")
        with pytest.raises(Busy, match="still used by sessions that could not be ended; nothing was swapped"):
            refresh(request_for(source, plain, tmp_path))
    assert databases_of(server, name) == before


def test_a_swap_that_fails_half_way_changes_nothing(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both renames are one transaction: there is no moment without a live database."""
    source, target = ends
    refresh(request_for(source, target, tmp_path))
    before = databases_of(server, name_of(target))
    plan = rename.Rename
    monkeypatch.setattr(
        "dbtool.refresh.swap.Rename", lambda old, new: plan(old, "postgres" if "candidate" in old else new)
    )
    with pytest.raises(Exception, match="nothing was swapped"):
        refresh(request_for(source, target, tmp_path))
    assert databases_of(server, name_of(target)) == before
    assert query(target, "SELECT note FROM t") == [("one",)]


@pytest.mark.one_major
def test_an_end_that_comes_just_after_the_swap_is_not_told_as_if_nothing_had_been_done(
    ends: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live = swap.swap

    def ended_afterwards(*given: Any) -> None:
        make_live(*given)
        raise Interrupted("interrupted; cleaned up, and what was live is as it was", 15)

    monkeypatch.setattr(swap, "swap", ended_afterwards)
    with pytest.raises(PartlyDone, match=r"is refreshed and live, but .* \(the run was ended\)"):
        refresh(request_for(*ends, tmp_path))
    assert query(ends[1], "SELECT note FROM t") == [("one",)]


def test_a_verification_that_fails_leaves_live_as_it_was(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    refresh(request_for(source, target, tmp_path))
    execute(
        source,
        "ALTER TABLE t ADD email text; INSERT INTO t SELECT n, 'write to someone' || n || '@lovelace.dk', 'someone' || n || '@lovelace.dk'"
        " FROM generate_series(2, 9) n",
    )
    before = databases_of(server, name_of(target))
    rules = rules_of("  public.t: {id: {keep: k}, note: {keep: k}, email: {mask: email}}\n", tmp_path)
    with pytest.raises(
        VerificationFailed, match="the candidate was dropped and the live database is as it was"
    ) as failed:
        refresh(request_for(source, target, tmp_path, rules))
    findings = [str(finding) for finding in failed.value.findings]
    assert any("public.t.note" in finding for finding in findings)
    assert not any("lovelace" in finding for finding in findings)
    assert databases_of(server, name_of(target)) == before
    assert query(target, "SELECT note FROM t") == [("one",)]
