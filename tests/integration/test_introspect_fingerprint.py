"""One schema has one fingerprint in either scope: on every major, and after a dump and a restore."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dbtool import programs
from dbtool.catalog.catalog import Catalog
from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.binaries import choose_tools, find_installations
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import connect

LoadSchema = Callable[[str], str]
MakeDatabase = Callable[[], str]

_SCHEMAS = Path(__file__).parent.parent / "schemas"
# 18, ICU, libxml, libxml where there is one; and a database with a subscription cannot be dropped.
_NEEDS_MORE = {"virtual_column", "icu_collation", "xml_documents", "session_dependent", "edge_relations"}
_PLAIN = sorted(path.stem for path in _SCHEMAS.glob("*.sql") if path.stem not in _NEEDS_MORE)


@dataclass(frozen=True)
class _Seen:
    """``copied`` are the lines that a copy is held to, ``ruled`` and ``ddl`` those of the two scopes."""

    copied: frozenset[str]
    ruled: frozenset[str]
    ddl: frozenset[str]
    fingerprints: tuple[str, str]


def _look_at(url: str) -> _Seen:
    with connect(url) as connection:
        catalog, ddl = read_catalog(connection), read_ddl(connection)
    return _Seen(
        frozenset(catalog.description()),
        frozenset(catalog.ruled_description()),
        frozenset(ddl),
        (catalog.fingerprint(), ddl_fingerprint(ddl)),
    )


def _restore_elsewhere(url: str, target: str, major: int, archive: Path) -> None:
    tools = choose_tools(major, major, find_installations())
    dump = [str(tools.pg_dump.program("pg_dump")), "-Fc", "--schema-only", f"--file={archive}"]
    programs.run([*dump, "--exclude-schema=dbtool"], env=program_environment(url))
    environment = program_environment(target)
    restore = [str(tools.pg_restore.program("pg_restore")), "--exit-on-error"]
    programs.run([*restore, f"--dbname={environment['PGDATABASE']}", str(archive)], env=environment)


@pytest.fixture(scope="session")
def schemas_seen() -> dict[str, tuple[int, _Seen]]:
    return {}


@pytest.mark.parametrize("name", _PLAIN)
def test_a_restored_copy_and_other_majors_agree_on_it(
    name: str,
    server: EmbeddedServer,
    load_schema: LoadSchema,
    make_database: MakeDatabase,
    *,
    schemas_seen: dict[str, tuple[int, _Seen]],
    tmp_path: Path,
) -> None:
    """The first major to come by leaves what it saw for the others to compare."""
    source, target = load_schema(name), make_database()
    _restore_elsewhere(source, target, server.major, tmp_path / "archive")
    seen = _look_at(source)
    assert _look_at(target) == seen
    major, first = schemas_seen.setdefault(name, (server.major, seen))
    _assert_majors_agree(first, seen, f"{major} and {server.major}")


def _assert_majors_agree(one: _Seen, other: _Seen, majors: str) -> None:
    """An extension has another version on each."""
    assert one.copied ^ other.copied == frozenset(), majors
    assert one.ruled ^ other.ruled == frozenset(), majors
    assert one.fingerprints[0] == other.fingerprints[0]
    assert {line for line in one.ddl ^ other.ddl if not line.startswith("extension ")} == set(), majors


@pytest.mark.one_major
def test_no_two_of_the_schemas_share_it(catalog_of: Callable[[str], Catalog]) -> None:
    assert len({catalog_of(name).fingerprint() for name in _PLAIN}) == len(_PLAIN)


_PARTITIONED = """
CREATE TABLE log (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (id);
CREATE TABLE log_1_a PARTITION OF log_1 FOR VALUES IN (1);
"""


@pytest.mark.one_major
def test_a_copy_is_held_to_every_partition_and_sequence_though_no_rule_decides_by_them(
    make_database: MakeDatabase,
) -> None:
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PARTITIONED)
        before = _look_at(url)
        connection.execute("CREATE TABLE log_1_b PARTITION OF log_1 FOR VALUES IN (2); CREATE SEQUENCE free")
        now = _look_at(url)
    assert now.ruled == before.ruled
    assert {line.split(" ")[0] for line in now.copied - before.copied} == {"table", "column", "sequence"}
