"""The fingerprint in its two scopes: which change of a schema gives another one, in which scope, and what gives none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from dbtool import programs
from dbtool.catalog.definitions import ddl_fingerprint, describe_drift
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.binaries import choose_tools, find_installations
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import Connection, connect
from tests.integration.ddl_cases import SEEN_BY_BOTH, SEEN_BY_NONE, SEEN_BY_THE_GATE, SHOP, SINCE_18

MakeDatabase = Callable[[], str]

_DATA = {
    "pagila": "pagila/pagila-schema.sql",
    "chinook": "chinook/chinook.sql",
    "northwind": "northwind/northwind.sql",
}


@dataclass(frozen=True)
class _Shop:
    """``ddl`` is the gate's scope, ``ruled`` the rules'."""

    server: EmbeddedServer
    connection: Connection
    ddl: tuple[str, ...]
    ruled: str


@pytest.fixture(scope="module")
def shops() -> Iterator[dict[int, _Shop]]:
    """One database per major for all the changes, which are rolled back."""
    found: dict[int, _Shop] = {}
    yield found
    for shop in found.values():
        shop.connection.close()
        with psycopg.connect(shop.server.url(), autocommit=True) as admin:
            admin.execute("DROP DATABASE dbtool_ddl_fingerprint")


@pytest.fixture
def shop(server: EmbeddedServer, shops: dict[int, _Shop]) -> Iterator[_Shop]:
    if server.major not in shops:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE dbtool_ddl_fingerprint TEMPLATE template0")
        connection = connect(server.url("dbtool_ddl_fingerprint"))
        connection.execute(SHOP.encode())
        ddl, ruled = read_ddl(connection), read_catalog(connection).fingerprint()
        shops[server.major] = _Shop(server, connection, ddl, ruled)
    with shops[server.major].connection.transaction(force_rollback=True):
        yield shops[server.major]


@pytest.mark.parametrize(("change", "said"), SEEN_BY_BOTH, ids=[change for change, _ in SEEN_BY_BOTH])
def test_a_change_of_columns_and_keys_is_seen_in_both_scopes(change: str, said: str, shop: _Shop) -> None:
    shop.connection.execute(change.encode())
    _assert_the_gate_says(said, shop)
    assert read_catalog(shop.connection).fingerprint() != shop.ruled


@pytest.mark.parametrize(("change", "said"), SEEN_BY_THE_GATE, ids=[change for change, _ in SEEN_BY_THE_GATE])
def test_any_other_change_of_the_schema_is_seen_by_the_gate_alone(
    change: str, said: str, shop: _Shop
) -> None:
    shop.connection.execute(change.encode())
    _assert_the_gate_says(said, shop)
    assert read_catalog(shop.connection).fingerprint() == shop.ruled


@pytest.mark.parametrize("change", SEEN_BY_NONE)
def test_what_is_not_the_schemas_affair_is_seen_in_neither_scope(change: str, shop: _Shop) -> None:
    shop.connection.execute(change.encode())
    now = read_ddl(shop.connection)
    assert describe_drift(shop.ddl, now, limit=99) == ""
    assert ddl_fingerprint(now) == ddl_fingerprint(shop.ddl)
    assert read_catalog(shop.connection).fingerprint() == shop.ruled


def _assert_the_gate_says(said: str, shop: _Shop) -> None:
    now = read_ddl(shop.connection)
    assert ddl_fingerprint(now) != ddl_fingerprint(shop.ddl)
    assert said in describe_drift(shop.ddl, now, limit=99)


@pytest.mark.parametrize(("change", "said", "ruled"), SINCE_18, ids=[case[0] for case in SINCE_18])
def test_a_change_that_came_with_18_is_seen(change: str, said: str, shop: _Shop, *, ruled: bool) -> None:
    if shop.server.major < 18:
        with pytest.raises(psycopg.errors.SyntaxError):
            shop.connection.execute(change.encode())
        return
    shop.connection.execute(change.encode())
    _assert_the_gate_says(said, shop)
    assert (read_catalog(shop.connection).fingerprint() != shop.ruled) == ruled


def _restore_elsewhere(url: str, target: str, major: int, archive: Path) -> None:
    tools = choose_tools(major, major, find_installations())
    dump = [str(tools.pg_dump.program("pg_dump")), "-Fc", "--schema-only", f"--file={archive}"]
    programs.run([*dump, "--exclude-schema=dbtool"], env=program_environment(url))
    environment = program_environment(target)
    restore = [str(tools.pg_restore.program("pg_restore")), "--exit-on-error"]
    programs.run([*restore, f"--dbname={environment['PGDATABASE']}", str(archive)], env=environment)


def _assert_clone_is_alike(url: str, clone: str, major: int, archive: Path) -> None:
    _restore_elsewhere(url, clone, major, archive)
    with connect(url) as first, connect(clone) as second:
        before, after = read_ddl(first), read_ddl(second)
        ruled, ruled_after = read_catalog(first), read_catalog(second)
    assert describe_drift(before, after, limit=99) == ""
    assert ddl_fingerprint(before) == ddl_fingerprint(after)
    assert set(ruled.description()) == set(ruled_after.description())
    assert ruled.fingerprint() == ruled_after.fingerprint()


@pytest.mark.parametrize("name", _DATA)
def test_a_clone_of_other_peoples_schemas_has_the_same(
    name: str, server: EmbeddedServer, two_databases: tuple[str, str], shared_data: Path, tmp_path: Path
) -> None:
    url, clone = two_databases
    tools = choose_tools(server.major, server.major, find_installations())
    assert tools.psql is not None
    psql = [str(tools.psql.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    programs.run([*psql, "-f", str(shared_data / _DATA[name])], env=program_environment(url))
    _assert_clone_is_alike(url, clone, server.major, tmp_path / "archive")


def test_a_clone_of_everything_at_once_has_the_same(
    server: EmbeddedServer, two_databases: tuple[str, str], tmp_path: Path
) -> None:
    url, clone = two_databases
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SHOP.encode())
    _assert_clone_is_alike(url, clone, server.major, tmp_path / "archive")


def test_a_clone_spells_every_kind_of_expression_alike(
    server: EmbeddedServer, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Twice, since a text that changes at the first restore might change again."""
    urls = [make_database() for _ in range(3)]
    with psycopg.connect(urls[0], autocommit=True) as connection:
        connection.execute((Path(__file__).parent / "ddl_expressions.sql").read_bytes())
    for number, (url, clone) in enumerate(pairwise(urls)):
        _assert_clone_is_alike(url, clone, server.major, tmp_path / str(number))


def test_any_role_may_read_it(shop: _Shop) -> None:
    shop.connection.execute("CREATE ROLE dbtool_nobody")
    shop.connection.execute("SET LOCAL ROLE dbtool_nobody")
    assert read_ddl(shop.connection) == shop.ddl


def test_a_virtual_column_is_told_from_a_stored_one(server_of: Callable[[int], EmbeddedServer]) -> None:
    with connect(server_of(18).url()) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.dbtool_t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)")
        assert "column public.dbtool_t.b: integer generated virtual (a + 1)" in read_ddl(connection)


def test_not_null_that_is_not_valid_is_told_from_one_that_is(
    server_of: Callable[[int], EmbeddedServer],
) -> None:
    with connect(server_of(18).url()) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.dbtool_t (a int)")
        connection.execute("ALTER TABLE public.dbtool_t ADD CONSTRAINT n NOT NULL a NOT VALID")
        before = read_ddl(connection)
        connection.execute("ALTER TABLE public.dbtool_t VALIDATE CONSTRAINT n")
        assert describe_drift(before, read_ddl(connection)) == (
            "column public.dbtool_t.a was changed from integer not null not valid to integer not null"
        )
        connection.execute("ALTER TABLE public.dbtool_t RENAME CONSTRAINT n TO other")
        assert "column public.dbtool_t.a: integer not null" in read_ddl(connection)


def test_an_index_left_invalid_is_left_out_as_a_dump_does(database: str) -> None:
    with connect(database) as connection:
        connection.execute("CREATE TABLE public.t AS SELECT 1 AS a FROM pg_catalog.generate_series(1, 2)")
        before = read_ddl(connection)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON public.t (a)")
        assert read_ddl(connection) == before
