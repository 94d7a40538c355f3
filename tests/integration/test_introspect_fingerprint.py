"""One schema has one fingerprint: on every major, and after a dump and a restore."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from dbtool import programs
from dbtool.catalog.catalog import Catalog
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.binaries import choose_tools, find_installations
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import connect

LoadSchema = Callable[[str], str]
MakeDatabase = Callable[[], str]

_SCHEMAS = Path(__file__).parent.parent / "schemas"
_NEEDS_MORE = {"virtual_column", "icu_collation", "xml_documents"}  # 18, ICU, libxml
_PLAIN = sorted(path.stem for path in _SCHEMAS.glob("*.sql") if path.stem not in _NEEDS_MORE)


def _read(url: str) -> Catalog:
    with connect(url) as connection:
        return read_catalog(connection)


def _restore_elsewhere(url: str, target: str, major: int, archive: Path) -> None:
    tools = choose_tools(major, major, find_installations())
    dump = [str(tools.pg_dump.program("pg_dump")), "-Fc", "--schema-only", f"--file={archive}"]
    programs.run([*dump, "--exclude-schema=dbtool"], env=program_environment(url))
    environment = program_environment(target)
    restore = [str(tools.pg_restore.program("pg_restore")), "--exit-on-error"]
    programs.run([*restore, f"--dbname={environment['PGDATABASE']}", str(archive)], env=environment)


@pytest.mark.parametrize("name", _PLAIN)
def test_a_dump_and_a_restore_do_not_change_it(
    name: str, server: EmbeddedServer, load_schema: LoadSchema, make_database: MakeDatabase, tmp_path: Path
) -> None:
    source, target = load_schema(name), make_database()
    _restore_elsewhere(source, target, server.major, tmp_path / "archive")
    before, after = _read(source), _read(target)
    assert set(before.description()) == set(after.description())
    assert before.fingerprint() == after.fingerprint()


def test_no_two_of_the_schemas_share_it(catalog_of: Callable[[str], Catalog]) -> None:
    assert len({catalog_of(name).fingerprint() for name in _PLAIN}) == len(_PLAIN)


@pytest.fixture(scope="session")
def fingerprints_seen() -> dict[str, tuple[int, str, frozenset[str]]]:
    return {}


@pytest.mark.parametrize("name", _PLAIN)
def test_majors_agree_on_it(
    name: str,
    server: EmbeddedServer,
    catalog_of: Callable[[str], Catalog],
    fingerprints_seen: dict[str, tuple[int, str, frozenset[str]]],
) -> None:
    """The first major to come by leaves its own for the others to compare."""
    catalog = catalog_of(name)
    lines = frozenset(catalog.description())
    major, fingerprint, expected = fingerprints_seen.setdefault(
        name, (server.major, catalog.fingerprint(), lines)
    )
    assert (lines - expected, expected - lines) == (frozenset(), frozenset()), f"{major} and {server.major}"
    assert catalog.fingerprint() == fingerprint


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE public.customer ADD COLUMN phone text",
        "ALTER TABLE public.customer ALTER first_name DROP NOT NULL",
        "ALTER TABLE public.customer ALTER note TYPE varchar(90)",
        "ALTER TABLE public.customer ADD CHECK (email <> '')",
        "ALTER TABLE public.customer RENAME note TO remark",
        "CREATE UNIQUE INDEX customer_names ON public.customer (first_name, last_name)",
        "ALTER TABLE public.purchase DROP CONSTRAINT purchase_customer_email_fkey",
        "CREATE TABLE public.more (id int)",
        "ALTER SEQUENCE public.purchase_id_seq INCREMENT BY 7",
    ],
)
def test_ddl_changes_it(change: str, load_schema: LoadSchema) -> None:
    url = load_schema("generated_column")
    before = _read(url).fingerprint()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change.encode())
    assert _read(url).fingerprint() != before


def test_rows_and_statistics_do_not_change_it(load_schema: LoadSchema) -> None:
    url = load_schema("generated_column")
    before = _read(url).fingerprint()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO customer (email, first_name, last_name)"
            " SELECT 'x' || n, '', '' FROM generate_series(1, 999) AS n"
        )
        connection.execute("ANALYZE")
        connection.execute("COMMENT ON TABLE customer IS 'buyers'")
    assert _read(url).fingerprint() == before
