"""Roles that may do no more than they must: SELECT on the source, CREATEDB on the target."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import PrivilegeMissing
from dbtool.findings import Finding
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.result import RefreshResult
from tests.databases import column_of, execute
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]
MakeRole = Callable[[str, str], str]


@pytest.fixture(scope="session")
def role_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def make_role(role_numbers: Iterator[int], server: EmbeddedServer) -> MakeRole:
    """A role with some attributes; returns the URL with it, and a password that needs encoding, in it."""

    def make(url: str, attributes: str) -> str:
        name, password = f"dbtool_reviewed_{os.getpid()}_{next(role_numbers)}", "100%@c/d:e#f?g h"
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} {}").format(
                    sql.Identifier(name), sql.Literal(password), sql.SQL(attributes)
                )
            )
        parts = urlsplit(url)
        address = f"{name}:{quote(password, safe='')}@{parts.hostname}:{parts.port}"
        return parts._replace(netloc=address).geturl()

    return make


def role_of(url: str) -> str:
    return str(urlsplit(url).username)


def own(url: str, role: str) -> None:
    execute(url, f"ALTER DATABASE {urlsplit(url).path[1:]} OWNER TO {role}")


def test_a_schema_of_dbtool_s_that_the_reader_may_not_use_is_in_nobody_s_way(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    """Production has one of its own, for the record of its migrations."""
    source, target = two_databases
    execute(source, "CREATE SCHEMA dbtool; CREATE TABLE dbtool.ledger (); CREATE TABLE a AS SELECT 1 AS b")
    reader = make_role(source, "")
    execute(source, f"GRANT SELECT ON a TO {role_of(reader)}")
    refresh(request_for(reader, target, tmp_path))
    assert column_of(target, "SELECT b FROM a") == [1]


def test_a_live_copy_that_somebody_else_made_is_told_with_the_grants_to_read_it(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    """The first night ran as a superuser, the job has a role of its own."""
    source, target = two_databases
    execute(source, "CREATE TABLE a AS SELECT 1 AS b")
    refresh(request_for(source, target, tmp_path, keep_previous=0))
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    with pytest.raises(PrivilegeMissing, match=r"recorded in staging.*; nothing was done\. ") as refused:
        refresh(request_for(source, writer, tmp_path))
    grants = re.findall(r"GRANT [^;]+", str(refused.value))
    assert grants
    for grant in grants:
        execute(target, grant)
    refresh(request_for(source, writer, tmp_path))
    assert column_of(target, "SELECT source FROM dbtool.refresh") == ["production"]


def test_a_role_s_own_settings_change_nothing(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source, "CREATE TABLE a AS SELECT '{NULL,b}'::text[] AS b, 1 AS \"c d\"; CREATE INDEX ON a ((b[1]))"
    )
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    for setting in ("array_nulls = off", "quote_all_identifiers = on", "default_transaction_read_only = on"):
        execute(target, f"ALTER ROLE {role_of(writer)} SET {setting}")
    refresh(request_for(source, writer, tmp_path))
    assert column_of(target, "SELECT b FROM a") == [[None, "b"]]


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("ALTER DATABASE {live} SET log_min_duration_statement = 5", "permission denied to set parameter"),
        (
            "ALTER ROLE postgres IN DATABASE {live} SET work_mem = '8MB'",
            "permission denied|must be superuser",
        ),
    ],
)
def test_settings_that_the_role_may_not_carry_over_are_named_before_anything_is_copied(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path, setting: str, reason: str
) -> None:
    source, target = two_databases
    live = urlsplit(target).path[1:]
    execute(source, "CREATE TABLE a AS SELECT 1 AS b")
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    execute(target, setting.format(live=live))
    with pytest.raises(PrivilegeMissing, match=rf"(?:{reason}).*nothing was copied"):
        refresh(request_for(source, writer, tmp_path))
    assert column_of(target, f"SELECT datname FROM pg_database WHERE starts_with(datname, '{live}')") == [
        live
    ]


def test_settings_that_the_role_may_carry_over_are_carried(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    source, target = two_databases
    live = urlsplit(target).path[1:]
    execute(source, "CREATE TABLE a AS SELECT 1 AS b")
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    execute(target, f"ALTER DATABASE {live} SET work_mem = '8MB'")
    refresh(request_for(source, writer, tmp_path))
    assert column_of(target, "SHOW work_mem") == ["8MB"]


def test_policies_that_bind_the_owner_are_carried_and_in_nobody_s_way(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE parent (id serial PRIMARY KEY); CREATE TABLE child (id int REFERENCES parent);"
        "INSERT INTO parent SELECT FROM generate_series(1, 3); INSERT INTO child VALUES (1);"
        "ALTER TABLE parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY part ON parent USING (id > 2)",
    )
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    refresh(request_for(source, writer, tmp_path))
    assert column_of(target, "SELECT id FROM parent ORDER BY 1") == [1, 2, 3]
    assert column_of(writer, "SELECT id FROM parent") == [3]
    assert column_of(target, "SELECT relname FROM pg_class WHERE relforcerowsecurity") == ["parent"]
    assert column_of(target, "SELECT tablename FROM pg_tables WHERE schemaname = 'dbtool'") == ["refresh"]


def test_an_owner_that_the_role_made_and_may_not_act_as_is_told_before(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    """From 16 on who makes a role may grant it, to itself as well, and is not granted it."""
    source, target = two_databases
    execute(source, "CREATE TABLE a AS SELECT 1 AS b")
    url = make_role(target, "CREATEDB CREATEROLE")
    me, shop = role_of(url), f"{role_of(url)}_shop"
    own(target, me)
    execute(url, f"CREATE ROLE {shop}")
    request = request_for(source, url, tmp_path)
    owned = replace(request, target=replace(request.target, owner=shop))
    with pytest.raises(PrivilegeMissing) as told:
        refresh(owned)
    assert [one.remedy for one in told.value.findings if isinstance(one, Finding) and one.is_error] == [
        f"GRANT {shop} TO {me}"
    ]
    execute(url, f"GRANT {shop} TO {me}")
    refresh(owned)
    assert column_of(target, "SELECT tableowner FROM pg_tables WHERE tablename = 'a'") == [shop]


def test_a_role_that_cannot_end_the_sessions_of_others_is_told_so_before(
    two_databases: TwoDatabases, make_role: MakeRole, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE a AS SELECT 1 AS b")
    writer = make_role(target, "CREATEDB")
    own(target, role_of(writer))
    assert "sessions-stay" in checks_of(refresh(request_for(source, writer, tmp_path)))
    execute(target, f"GRANT pg_signal_backend TO {role_of(writer)}")
    assert "sessions-stay" not in checks_of(refresh(request_for(source, writer, tmp_path)))


def checks_of(result: RefreshResult) -> list[str]:
    return [finding.check for finding in result.findings]
