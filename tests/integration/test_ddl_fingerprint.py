"""The gate's fingerprint: alike for a database and its clone, another for each change of the schema."""

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
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import Connection, connect
from tests.integration.ddl_cases import CHANGES, NO_CHANGES, SHOP

LoadSchema = Callable[[str], str]
MakeDatabase = Callable[[], str]

_SCHEMAS = Path(__file__).parent.parent / "schemas"
_DATA = {
    "pagila": "pagila/pagila-schema.sql",
    "chinook": "chinook/chinook.sql",
    "northwind": "northwind/northwind.sql",
}
_NEEDS_MORE = {"virtual_column", "icu_collation", "xml_documents"}  # 18, ICU, libxml
_PLAIN = sorted(path.stem for path in _SCHEMAS.glob("*.sql") if path.stem not in _NEEDS_MORE)


@dataclass(frozen=True)
class _Shop:
    server: EmbeddedServer
    connection: Connection
    ddl: tuple[str, ...]


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
        shops[server.major] = _Shop(server, connection, read_ddl(connection))
    with shops[server.major].connection.transaction(force_rollback=True):
        yield shops[server.major]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[change for change, _ in CHANGES])
def test_a_change_of_the_schema_changes_it_and_is_named(change: str, said: str, shop: _Shop) -> None:
    shop.connection.execute(change.encode())
    now = read_ddl(shop.connection)
    assert ddl_fingerprint(now) != ddl_fingerprint(shop.ddl)
    assert said in describe_drift(shop.ddl, now, limit=99)


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_is_not_the_schemas_affair_does_not_change_it(change: str, shop: _Shop) -> None:
    shop.connection.execute(change.encode())
    now = read_ddl(shop.connection)
    assert describe_drift(shop.ddl, now, limit=99) == ""
    assert ddl_fingerprint(now) == ddl_fingerprint(shop.ddl)


def _restore_elsewhere(url: str, target: str, major: int, archive: Path) -> None:
    tools = choose_tools(major, major, find_installations())
    dump = [str(tools.pg_dump.program("pg_dump")), "-Fc", "--schema-only", f"--file={archive}"]
    programs.run([*dump, "--exclude-schema=dbtool"], env=program_environment(url))
    environment = program_environment(target)
    restore = [str(tools.pg_restore.program("pg_restore")), "--exit-on-error"]
    programs.run([*restore, f"--dbname={environment['PGDATABASE']}", str(archive)], env=environment)


def _read(url: str) -> tuple[str, ...]:
    with connect(url) as connection:
        return read_ddl(connection)


def _assert_clone_is_alike(url: str, clone: str, major: int, archive: Path) -> None:
    _restore_elsewhere(url, clone, major, archive)
    before, after = _read(url), _read(clone)
    assert describe_drift(before, after, limit=99) == ""
    assert ddl_fingerprint(before) == ddl_fingerprint(after)


@pytest.mark.parametrize("name", _PLAIN)
def test_a_clone_has_the_same(
    name: str, server: EmbeddedServer, load_schema: LoadSchema, make_database: MakeDatabase, tmp_path: Path
) -> None:
    _assert_clone_is_alike(load_schema(name), make_database(), server.major, tmp_path / "archive")


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
