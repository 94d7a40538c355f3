"""Connections that are lost while rows are loaded: the chunk is looked up or read again, never loaded twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import ServerFailed
from dbtool.refresh import chunks
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Cancellation
from tests.acceptance import inspection
from tests.acceptance.project import databases_of
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]
ROWS = 60_000
# The load stands still now and then, so that there is a middle to be lost in.
_DAWDLE = """
CREATE FUNCTION public.dawdle(id integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF id % 20000 = 1 AND current_database() LIKE '%candidate%' THEN PERFORM pg_catalog.pg_sleep(0.2); END IF;
    RETURN true;
END $$;
"""


@pytest.fixture
def ends(two_databases: TwoDatabases, monkeypatch: pytest.MonkeyPatch) -> TwoDatabases:
    execute(two_databases[0], _DAWDLE)
    execute(
        two_databases[0],
        "CREATE TABLE t (id int PRIMARY KEY CHECK (public.dawdle(id)), email text, note text);"
        f"INSERT INTO t SELECT n, n || '@lovelace.dk', repeat('x', 200) FROM generate_series(1, {ROWS}) n; ANALYZE t",
    )
    monkeypatch.setattr(Cancellation, "pause", lambda self, _seconds: self.check())
    return two_databases


@contextmanager
def ending_sessions(server: EmbeddedServer, application: str, at_most: int) -> Iterator[set[int]]:
    """Ends sessions of that name in the middle of their COPY; the set is of those that were ended."""
    ended: set[int] = set()
    done = threading.Event()

    def end_them() -> None:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            while not done.is_set() and len(ended) < at_most:
                found = connection.execute(
                    "SELECT pid FROM pg_stat_activity a JOIN pg_stat_progress_copy c USING (pid) "
                    "WHERE a.application_name = %s AND c.tuples_processed > 0",
                    [application],
                ).fetchall()
                for (pid,) in found:
                    connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                    ended.add(pid)

    thread = threading.Thread(target=end_them, daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        done.set()
        thread.join(timeout=10)


_RULES = "  public.t: {id: {keep: k}, email: {mask: email}, note: {keep: k}}\n"


@pytest.mark.parametrize("application", ["dbtool refresh load", "dbtool refresh copy"])
def test_a_connection_that_is_lost_in_mid_chunk_makes_no_duplicates(
    ends: TwoDatabases,
    tmp_path: Path,
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    application: str,
) -> None:
    source, target = ends
    monkeypatch.setattr(chunks, "PAGES_PER_CHUNK", 600)
    with ending_sessions(server, application, 2) as ended:
        result = refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    assert ended, "nothing was ended, so nothing was tested"
    assert [table.rows for table in result.tables] == [ROWS]
    assert query(target, "SELECT count(*), count(DISTINCT id) FROM t") == [(ROWS, ROWS)]
    kept = {("public", "t"): ["id", "note"]}
    assert inspection.checksum_kept(target, kept) == inspection.checksum_kept(source, kept)


def test_connections_that_are_lost_again_and_again_end_the_run(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    before = databases_of(server, target.rsplit("/", 1)[1])
    with ending_sessions(server, "dbtool refresh load", 100) as ended, pytest.raises(ServerFailed):
        refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    assert len(ended) >= 3
    assert databases_of(server, target.rsplit("/", 1)[1]) == before
