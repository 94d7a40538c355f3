"""pg_catalog → all DDL as lines, in a handful of queries whatever the number of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.definitions import PARTITION, Definition, describe_definitions
from dbtool.catalog.relations import RelationName
from dbtool.catalog.view_query import spell_as_since_16
from dbtool.postgres.introspect import settings_for_reading
from dbtool.postgres.introspect_relations import find_partition_root, name_of
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows

_OF_RELATIONS = ("columns", "constraints", "indexes", "reactions")
_VIEWS_OF_16 = 160000
_OF_DATABASE = ("routines", "types", "others")


@dataclass(frozen=True, slots=True)
class _Place:
    name: RelationName
    root: RelationName | None


def read_ddl(connection: Connection) -> tuple[str, ...]:
    """Every definition of the database, one line each and sorted; what is left out, catalog/definitions.py says.

    Nothing is written, nothing is locked above ACCESS SHARE, and any role may.

    :raises Busy: DDL in another session held a table in ACCESS EXCLUSIVE for longer than 10 s.
    """
    with settings_for_reading(connection):
        return describe_definitions(_read_definitions(connection))


def _read_definitions(connection: Connection) -> Iterator[Definition]:
    relations = read_rows(connection, "definitions_relations")
    places = _places(relations)
    before_16 = connection.info.server_version < _VIEWS_OF_16
    yield from (_relation(row, places[row["oid"]], before_16=before_16) for row in relations)
    for query in _OF_RELATIONS:
        for row in read_rows(connection, f"definitions_{query}", {"relations": list(places)}):
            yield _attached(row, places)
    for query in _OF_DATABASE:
        for row in read_rows(connection, f"definitions_{query}"):
            yield _attached(row, places)


def _places(relations: list[Row]) -> Mapping[int, _Place]:
    rows = {row["oid"]: row for row in relations}
    return {oid: _Place(name_of(row), find_partition_root(row, rows)) for oid, row in rows.items()}


def _relation(row: Row, place: _Place, *, before_16: bool) -> Definition:
    if place.root is not None:
        return Definition(PARTITION, row["name"], row["text"], place.name, place.root)
    query = spell_as_since_16(row["query"]) if row["query"] and before_16 else row["query"]
    return Definition(row["kind"], str(place.name), ", ".join(filter(None, (row["text"], query))))


def _attached(row: Row, places: Mapping[int, _Place]) -> Definition:
    """Its text is NULL for a composite type without attributes."""
    place = places.get(row["relation"])
    text = row["text"] or ""
    if place is None:
        return Definition(row["kind"], row["name"], text)
    if row["kind"] == "sequence" and place.root is None:
        return Definition(row["kind"], row["name"], f"{text} of {place.name}")
    return Definition(row["kind"], row["name"], text, place.name, place.root)
