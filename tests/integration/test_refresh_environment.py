"""What an environment says of its copy: owner, grants, extensions, scripts; and databases of odd names and encodings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import DbtoolError, ServerFailed
from dbtool.refresh.pipeline import refresh
from tests.acceptance.project import databases_of
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]


@pytest.fixture
def ends(two_databases: TwoDatabases) -> TwoDatabases:
    execute(
        two_databases[0],
        "CREATE SCHEMA inner_; CREATE TYPE inner_.mood AS ENUM ('ok');"
        "CREATE TABLE t (id int PRIMARY KEY, mood inner_.mood, note text); INSERT INTO t VALUES (1, 'ok', 'one');"
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE s; CREATE VIEW v AS SELECT id FROM t;"
        "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t",
    )
    return two_databases


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


_OWNERS = """
SELECT DISTINCT pg_get_userbyid(owner) FROM (
    SELECT relowner FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'inner_'::regnamespace)
    UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'inner_'::regnamespace
    UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname IN ('inner_', 'dbtool')
    UNION ALL SELECT datdba FROM pg_database WHERE datname = current_database()
) AS owned (owner)
"""


def test_everything_belongs_to_the_owner_that_the_environment_names(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    """The role that refreshes is a member of the owner and no superuser; the second run has a live one to swap."""
    source, target = ends
    name = name_of(target)
    owner, role = f"dbtool_owner_{name}", f"dbtool_member_{name}"
    execute(
        server.url(),
        f"CREATE ROLE {owner}; CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'member'; GRANT {owner} TO {role}",
    )
    execute(server.url(), f"DROP DATABASE {name}")
    url = f"postgresql://{role}:member@127.0.0.1:{server.port}/{name}"
    for _ in range(2):
        refresh(request_for(source, url, tmp_path, owner=owner))
        assert column_of(target, _OWNERS) == [owner]


@pytest.mark.parametrize("grants", ["none", "source"])
def test_grants_are_as_the_environment_says(ends: TwoDatabases, tmp_path: Path, grants: str) -> None:
    source, target = ends
    role = f"dbtool_reader_{name_of(target)}"
    execute(
        source, f"CREATE ROLE {role}; GRANT SELECT ON t TO {role}; GRANT USAGE ON SCHEMA inner_ TO {role}"
    )
    refresh(request_for(source, target, tmp_path, grants=grants))
    granted = f"SELECT has_table_privilege('{role}', 't', 'SELECT'), has_schema_privilege('{role}', 'inner_', 'USAGE')"
    assert query(target, granted) == [(grants == "source",) * 2]
    execute(source, f"DROP OWNED BY {role}")


def test_scripts_run_after_the_load_in_the_verified_copy(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    script = tmp_path / "neutralise.sql"
    script.write_text(
        "UPDATE t SET note = 'neutral'; INSERT INTO public.t VALUES (2, 'ok', 'added')", encoding="utf-8"
    )
    refresh(request_for(source, target, tmp_path, after_load=(str(script),)))
    assert column_of(target, "SELECT note FROM t ORDER BY id") == ["neutral", "added"]


def test_a_script_that_fails_leaves_live_as_it_was_and_quotes_no_row(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    script = tmp_path / "wrong.sql"
    script.write_text(
        "UPDATE t SET note = 'x'; INSERT INTO t SELECT 1, 'ok', 'secret value'", encoding="utf-8"
    )
    before = databases_of(server, name_of(target))
    with pytest.raises(DbtoolError, match=r"wrong\.sql") as failed:
        refresh(request_for(source, target, tmp_path, after_load=(str(script),)))
    assert "secret value" not in str(failed.value)
    assert "(1)" not in str(failed.value)
    assert databases_of(server, name_of(target)) == before


@pytest.fixture
def odd_database(server: EmbeddedServer) -> Iterator[str]:
    """A name with everything in it, as long as names may be."""
    name = f"dbtool_test_{os.getpid()} odd\"name's %s ü/?#&".ljust(60, "x")
    yield name
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for each in databases_of(server, name[:20]):
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(each)))


def test_a_database_may_have_any_name(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer, odd_database: str
) -> None:
    source, _ = ends
    target = server.url().rsplit("/", 1)[0] + "/" + quote(odd_database, safe="")
    for count in (1, 2):
        refresh(request_for(source, target, tmp_path))
        assert query(target, "SELECT current_database(), note FROM t") == [(odd_database, "one")]
        assert len(databases_of(server, odd_database[:20])) == count


@pytest.fixture
def make_encoded(server: EmbeddedServer) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(encoding: str) -> str:
        name = f"dbtool_test_{os.getpid()}_{encoding.lower()}"
        execute(
            server.url(),
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'",
        )
        made.append(name)
        return server.url(name)

    yield make
    for name in made:
        execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")


def test_a_source_of_another_encoding_keeps_it(
    make_encoded: Callable[[str], str], target_url: str, tmp_path: Path
) -> None:
    source = make_encoded("LATIN1")
    execute(source, "CREATE TABLE t (v text); INSERT INTO t VALUES ('Größe ñ')")
    refresh(request_for(source, target_url, tmp_path))
    assert query(
        target_url,
        "SELECT v, pg_encoding_to_char(encoding) FROM t, pg_database WHERE datname = current_database()",
    ) == [("Größe ñ", "LATIN1")]


def test_bytes_that_are_no_text_are_refused_and_not_replaced(
    make_encoded: Callable[[str], str], target_url: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    source = make_encoded("SQL_ASCII")
    execute(source, "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, E'\\xff\\xfe secret')")
    before = databases_of(server, name_of(target_url))
    with pytest.raises(ServerFailed) as failed:
        refresh(request_for(source, target_url, tmp_path))
    assert "public.t" in str(failed.value)
    assert "secret" not in str(failed.value)
    assert databases_of(server, name_of(target_url)) == before


@pytest.mark.parametrize(
    "statement",
    [b'CREATE TABLE "caf\xe9" (id int)', b"COMMENT ON TABLE t IS 'caf\xe9'", b"ALTER TABLE t ADD CHECK (v <> 'caf\xe9')"],
    ids=["name", "comment", "check"],
)  # fmt: skip
def test_bytes_that_are_no_text_in_the_schema_are_told_before_anything_is_made(
    make_encoded: Callable[[str], str],
    target_url: str,
    tmp_path: Path,
    server: EmbeddedServer,
    statement: bytes,
) -> None:
    source = make_encoded("SQL_ASCII")
    execute(source, "CREATE TABLE t (id int, v text)")
    request = request_for(source, target_url, tmp_path)
    with psycopg.connect(source, autocommit=True, client_encoding="SQL_ASCII") as connection:
        connection.execute(statement)
    before = databases_of(server, name_of(target_url))
    with pytest.raises(
        ServerFailed, match=r"holds bytes that are no text of its encoding.*Rename or correct it there"
    ):
        refresh(request)
    assert databases_of(server, name_of(target_url)) == before
