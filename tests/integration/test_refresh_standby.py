"""A hot standby as the source, and two servers that share a system identifier."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.errors import TargetRefused
from dbtool.migrate.clone.make import rehearsal_clone
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.acceptance.project import databases_of
from tests.databases import execute, query
from tests.integration import cloning
from tests.integration.refreshing import request_for, rules_of
from tests.integration.replication import standby_of, wait_for_replay

NAME = f"dbtool_test_{os.getpid()}_standby"


@pytest.fixture(scope="module")
def primary(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        execute(server.url(), f"CREATE DATABASE {NAME} TEMPLATE template0")
        _fill(server.url(NAME))
        yield server


def _fill(url: str) -> None:
    execute(
        url,
        "CREATE TABLE t (id int PRIMARY KEY, email text); CREATE UNLOGGED TABLE scratch (id int);"
        "INSERT INTO t SELECT n, n || '@lovelace.dk' FROM generate_series(1, 500) n; INSERT INTO scratch VALUES (1)",
    )


@pytest.fixture(scope="module")
def standby(primary: EmbeddedServer) -> Iterator[EmbeddedServer]:
    with standby_of(primary) as server:
        yield server


@pytest.fixture
def standby_url(primary: EmbeddedServer, standby: EmbeddedServer) -> str:
    wait_for_replay(primary, standby)
    return standby.url(NAME)


def test_a_hot_standby_serves_as_the_source(
    newest_server: EmbeddedServer, standby_url: str, tmp_path: Path
) -> None:
    target = newest_server.url(f"{NAME}_target")
    rules = rules_of(
        "  public.t: {id: {keep: k}, email: {mask: email}}\n  public.scratch: {id: {keep: k}}\n", tmp_path
    )
    result = refresh(request_for(standby_url, target, tmp_path, rules))
    kept = {("public", "t"): ["id"]}
    assert inspection.checksum_kept(target, kept) == inspection.checksum_kept(standby_url, kept)
    assert query(target, "SELECT count(*) FROM t WHERE email LIKE '%lovelace%'") == [(0,)]
    assert query(target, "SELECT count(*) FROM scratch") == [(0,)]
    assert any(
        "scratch is unlogged: a standby has none of its rows" in one.message for one in result.findings
    )


def test_a_hot_standby_can_be_cloned(standby_url: str) -> None:
    with rehearsal_clone(cloning.request_for(standby_url)) as clone:
        cloning.compare_catalogs(standby_url, clone)
        assert clone.population.target["public.t"].bytes > 8192
        execute(clone.url, "INSERT INTO scratch VALUES (1)")


def test_a_standby_is_never_a_target(primary: EmbeddedServer, standby_url: str, tmp_path: Path) -> None:
    with pytest.raises(TargetRefused, match="staging is a standby server and cannot be written"):
        refresh(request_for(primary.url(NAME), standby_url, tmp_path))


def test_the_primary_of_the_source_is_refused_as_its_target(
    primary: EmbeddedServer, standby_url: str, tmp_path: Path
) -> None:
    """Two servers, and one database: what replaced the primary's would replace the standby's."""
    before = databases_of(primary, NAME)
    with pytest.raises(TargetRefused, match=r"has the system identifier of production.*Nothing was done"):
        refresh(request_for(standby_url, primary.url(NAME), tmp_path))
    assert databases_of(primary, NAME) == before


def test_nor_is_it_a_target_for_the_reason_that_it_was_restored(
    primary: EmbeddedServer, standby_url: str, tmp_path: Path
) -> None:
    """What is made on one shows on the other, whatever dbtool.toml says."""
    before = databases_of(primary, NAME)
    request = request_for(
        standby_url, primary.url(NAME), tmp_path, restored_from_source="a wrong reason", adopt=True
    )
    with pytest.raises(TargetRefused, match="production is a standby of the server of staging"):
        refresh(request)
    assert databases_of(primary, NAME) == before
