"""A target that was restored from the source's base backup: the same system identifier on two servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.errors import TargetRefused
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from tests.acceptance.project import databases_of, wait_until
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for
from tests.integration.replication import standby_of, wait_for_replay

NAME = f"dbtool_test_{os.getpid()}_restored"


@pytest.fixture(scope="module")
def two_servers(newest_server: EmbeddedServer) -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as first:
        execute(first.url(), f"CREATE DATABASE {NAME} TEMPLATE template0")
        execute(first.url(NAME), "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        with standby_of(first) as second:
            wait_for_replay(first, second)
            execute(second.url(), "SELECT pg_promote()")
            wait_until(
                lambda: query(second.url(), "SELECT pg_is_in_recovery()") == [(False,)],
                "the copy is on its own",
            )
            yield first, second


def test_two_servers_from_one_base_backup_are_told_apart_once_somebody_says_so(
    two_servers: tuple[EmbeddedServer, EmbeddedServer], tmp_path: Path
) -> None:
    first, second = two_servers
    execute(first.url(NAME), "INSERT INTO t VALUES (2)")
    before = databases_of(second, NAME)
    with pytest.raises(TargetRefused, match=r"has the system identifier of production.*restored_from_source"):
        refresh(request_for(first.url(NAME), second.url(NAME), tmp_path, adopt=True))
    assert databases_of(second, NAME) == before
    reason = "restored from the nightly backup"
    refresh(request_for(first.url(NAME), second.url(NAME), tmp_path, adopt=True, restored_from_source=reason))
    assert column_of(second.url(NAME), "SELECT id FROM t ORDER BY id") == [1, 2]
    assert column_of(first.url(NAME), "SELECT to_regclass('dbtool.refresh')::text") == [None]
    assert len(databases_of(second, NAME)) == 2
    assert list(databases_of(first, NAME)) == [NAME]


def test_to_say_so_of_one_server_does_not_make_it_two(
    two_servers: tuple[EmbeddedServer, EmbeddedServer], tmp_path: Path
) -> None:
    first, _ = two_servers
    elsewhere = first.url(NAME).replace("127.0.0.1", "localhost")
    with pytest.raises(TargetRefused, match=r"are the same database"):
        refresh(
            request_for(
                first.url(NAME), elsewhere, tmp_path, adopt=True, restored_from_source="a wrong reason"
            )
        )
    assert column_of(first.url(NAME), "SELECT count(*) FROM t")[0] >= 1
