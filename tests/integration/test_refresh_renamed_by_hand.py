"""What people have renamed is theirs, whatever dbtool's stamp on it says."""

from __future__ import annotations

from pathlib import Path

from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.databases import Stamp, name_beside
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]
MADE_AT = "20250101000000000"


def stamp(server: EmbeddedServer, database: str, role: str, live: str) -> None:
    comment = Stamp(role, live, MADE_AT).render()
    execute(server.url("postgres"), f"CREATE DATABASE {database}")
    execute(server.url("postgres"), f"COMMENT ON DATABASE {database} IS '{comment}'")


def test_only_databases_that_still_have_dbtool_s_name_are_dropped(
    server: EmbeddedServer, two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    live = target.rsplit("/", 1)[1]
    theirs = [f"{live}_qa", f"{live}_to_look_at"]
    ours = [name_beside(live, "previous", MADE_AT), name_beside(live, "candidate", MADE_AT)]
    for database, role in zip(theirs + ours, ["previous", "candidate"] * 2, strict=True):
        stamp(server, database, role, live)
    execute(source, "CREATE TABLE a (b int)")
    refresh(request_for(source, target, tmp_path, keep_previous=0))
    left = column_of(
        server.url("postgres"), f"SELECT datname FROM pg_database WHERE starts_with(datname, '{live}')"
    )
    assert sorted(left) == sorted([live, *theirs])
