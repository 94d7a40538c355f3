"""Hard schemas with everything kept: what arrives is what was there, by means of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.result import RefreshResult
from tests.acceptance import inspection
from tests.databases import execute, query
from tests.integration.refreshing import request_for

MakeDatabase = Callable[[], str]
LoadSchema = Callable[[str], str]

# exotic is looked at by itself; the others want 18, ICU or libxml.
SCHEMAS = (
    "composite_key",
    "domains_enums",
    "fk_cycle",
    "generated_column",
    "inheritance",
    "partitioned",
    "quoted_names",
    "self_reference",
    "sequences",
    "unique_indexes",
    "views",
)


def compare(source: str, target: str, server: EmbeddedServer, result: RefreshResult) -> None:
    kept = {
        (table.name.schema, table.name.name): columns
        for table in result.tables
        if (columns := inspection.find_columns(source).get((table.name.schema, table.name.name)))
    }
    assert inspection.checksum_kept(target, kept) == inspection.checksum_kept(source, kept)
    assert inspection.count_rows(target) == inspection.count_rows(source)
    assert inspection.count_orphans(target) == inspection.count_orphans(source)
    assert inspection.sequences_behind(target) == []
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)


# Rows that are hashed by an enum may live in another partition there; a test of its own looks at those.
UNLIKE = {
    "partitioned": "DROP TABLE answer; COMMENT ON CONSTRAINT receipt_event ON receipt IS 'a key that waits';"
    "COMMENT ON CONSTRAINT event_id_positive ON event IS 'a check'; COMMENT ON INDEX event_2024_note_key IS 'an index'"
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hard_schema_arrives_as_it_was(
    name: str, server: EmbeddedServer, load_schema: LoadSchema, target_url: str, tmp_path: Path
) -> None:
    source = load_schema(name)
    execute(source, UNLIKE.get(name, ""))
    compare(source, target_url, server, refresh(request_for(source, target_url, tmp_path)))


def test_what_tools_forget_arrives_as_it_was(
    server: EmbeddedServer, load_schema: LoadSchema, target_url: str, tmp_path: Path
) -> None:
    source = load_schema("exotic")
    execute(source, "DROP TABLE varied")  # the server spells its check anew
    compare(source, target_url, server, refresh(request_for(source, target_url, tmp_path)))


def test_everything_at_once_arrives_as_it_was(
    server: EmbeddedServer, load_schema: LoadSchema, target_url: str, tmp_path: Path
) -> None:
    source = load_schema("everything")
    by_hand = "ALTER EXTENSION hstore DROP TABLE other.of_extension; DROP TABLE other.of_extension"
    execute(source, by_hand)
    result = refresh(request_for(source, target_url, tmp_path))
    assert query(target_url, "SELECT * FROM every.wide") == query(source, "SELECT * FROM every.wide")
    for url in (source, target_url):
        execute(url, "DROP TABLE every.wide")  # of 1600 columns: none can be sorted by all
    narrow = tuple(table for table in result.tables if table.name.name != "wide")
    compare(source, target_url, server, replace(result, tables=narrow))


def test_what_eighteen_brought_arrives_as_it_was(
    server: EmbeddedServer,
    load_schema: LoadSchema,
    target_url: str,
    tmp_path: Path,
) -> None:
    if server.major < 18:
        pytest.skip(f"cannot run here: PostgreSQL {server.major} has no virtual columns")
    source = load_schema("virtual_column")
    compare(source, target_url, server, refresh(request_for(source, target_url, tmp_path)))


def test_empty_tables_arrive_empty(
    two_databases: tuple[str, str], server: EmbeddedServer, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE a (id serial PRIMARY KEY, note text); CREATE TABLE b (a int REFERENCES a)")
    result = refresh(request_for(source, target, tmp_path))
    assert [table.rows for table in result.tables] == [0, 0]
    assert query(target, "INSERT INTO a DEFAULT VALUES RETURNING id") == [(1,)]
    execute(target, "TRUNCATE a, b")
    compare(source, target, server, result)


def test_rows_hashed_by_an_enum_find_their_partition(
    two_databases: tuple[str, str], tmp_path: Path, server: EmbeddedServer
) -> None:
    """An enum is hashed by its labels' OIDs, which are others in every database."""
    source, target = two_databases
    labels = ", ".join(f"'label {number}'" for number in range(8))
    execute(
        source,
        f"CREATE TYPE mood AS ENUM ({labels}); CREATE TABLE answer (id int, mood mood) PARTITION BY HASH (mood)",
    )
    for number in range(4):
        execute(
            source,
            f"CREATE TABLE answer_{number} PARTITION OF answer FOR VALUES WITH (MODULUS 4, REMAINDER {number})",
        )
    execute(source, "INSERT INTO answer SELECT n, ('label ' || n % 8)::mood FROM generate_series(1, 800) n")
    result = refresh(request_for(source, target, tmp_path))
    rows = "SELECT id, mood FROM answer ORDER BY id"
    assert query(target, rows) == query(source, rows)
    assert sum(table.rows for table in result.tables) == 800
    placed = "SELECT DISTINCT tableoid::regclass::text, mood FROM answer"
    assert len(query(target, placed)) == 8
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)


def test_what_is_left_out_is_said(load_schema: LoadSchema, target_url: str, tmp_path: Path) -> None:
    source = load_schema("left_out")
    result = refresh(request_for(source, target_url, tmp_path))
    said = "\n".join(finding.message for finding in result.findings if finding.check == "not-copied")
    for name in ("public.measurement_far", "public.stock", "large objects are not copied: there are 3"):
        assert name in said
    assert query(target_url, "SELECT count(*) FROM measurement_near") == [(10,)]
    assert query(target_url, "SELECT * FROM alembic_version") == [("abc123",)]
    assert query(target_url, "SELECT count(*) FROM scratch") == [(1,)]
    assert query(target_url, "SELECT to_regclass('dbtool.ledger')") == [(None,)]


def test_a_materialised_view_without_rows_is_made_and_said(
    load_schema: LoadSchema, target_url: str, tmp_path: Path
) -> None:
    result = refresh(request_for(load_schema("views"), target_url, tmp_path))
    assert any("b_never" in finding.message for finding in result.findings if finding.check == "not-copied")
    assert query(target_url, "SELECT relispopulated FROM pg_class WHERE relname = 'b_never'") == [(False,)]
    assert query(target_url, "SELECT * FROM a_third") == [(1100,)]
