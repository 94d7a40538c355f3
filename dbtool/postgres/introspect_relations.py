"""pg_class, pg_attribute and pg_type → Relation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dbtool.catalog.relations import Column, Persistence, Relation, RelationKind, RelationName
from dbtool.postgres.column_types import forbids_null, resolve_type
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows

_STRATEGIES: Mapping[str, Literal["list", "range", "hash"]] = {"l": "list", "r": "range", "h": "hash"}


@dataclass(frozen=True, slots=True)
class Relations:
    """What was read, by OID: the link that the other queries' rows refer to and that no Catalog keeps.

    ``rows`` are those of relations.sql; ``of_extensions`` those of relations an extension owns, which are in
    neither mapping. ``numbers`` gives a relation's columns by attnum, where dropped ones leave gaps.
    """

    by_oid: Mapping[int, Relation]
    rows: Mapping[int, Row]
    numbers: Mapping[int, Mapping[int, str]]
    of_extensions: Mapping[int, Row]

    def name_columns(self, oid: int, numbers: Iterable[int]) -> tuple[str, ...]:
        """Column names in the order of ``numbers``; 0 means the whole row and gives every column."""
        names = self.numbers[oid]
        return tuple(
            name for number in numbers for name in (names.values() if number == 0 else [names[number]])
        )


def name_of(row: Row) -> RelationName:
    return RelationName(row["schema"], row["name"])


def find_partition_root(row: Row, rows: Mapping[int, Row]) -> RelationName | None:
    """The topmost partitioned table, also where DETACH PARTITION … CONCURRENTLY was interrupted in between: for PostgreSQL the
    tree ends there, and yet pg_dump makes a partition of it.
    """
    root = row["partition_root"]
    while root in rows and rows[root]["detached_from"] in rows:
        above = rows[root]["detached_from"]
        root = rows[above]["partition_root"] or above
    return name_of(rows[root]) if root in rows else None


def read_relations(connection: Connection, *, is_standby: bool) -> Relations:
    found = read_rows(connection, "relations")
    rows = {row["oid"]: row for row in found if row["extension"] is None}
    parameters = {"relations": list(rows)}
    types = {row["oid"]: row for row in read_rows(connection, "types", parameters)}
    columns: dict[int, dict[int, Column]] = defaultdict(dict)
    for row in read_rows(connection, "columns", parameters):
        columns[row["relation"]][row["number"]] = _column(row, types)
    return Relations(
        by_oid={oid: _relation(row, rows, columns[oid], is_standby=is_standby) for oid, row in rows.items()},
        rows=rows,
        numbers={oid: {number: column.name for number, column in columns[oid].items()} for oid in rows},
        of_extensions={row["oid"]: row for row in found if row["extension"] is not None},
    )


def _column(row: Row, types: Mapping[int, Row]) -> Column:
    return Column(
        name=row["name"],
        type=resolve_type(types, row["type"], row["modifier"], row["sql"]),
        not_null=row["not_null"] or forbids_null(types, row["type"]),
        generated=row["generated"],
        identity=row["identity"],
        default=row["default"],
        collation=row["collation"],
        collation_is_deterministic=row["collation_is_deterministic"],
    )


def _relation(
    row: Row, rows: Mapping[int, Row], columns: Mapping[int, Column], *, is_standby: bool
) -> Relation:
    persistence = Persistence(row["persistence"])
    return Relation(
        name=name_of(row),
        kind=RelationKind(row["kind"]),
        columns=tuple(columns.values()),
        persistence=persistence,
        rows=row["rows"],
        pages=row["pages"] or 0,
        bytes=row["bytes"] or 0,
        partition_root=find_partition_root(row, rows),
        partition_key=_partition_key(row, columns),
        partition_mentions=tuple(columns[number].name for number in row["partition_mentions"]),
        partition_strategy=_STRATEGIES.get(row["partition_strategy"]),
        partition_bound=row["partition_bound"],
        inherits=tuple(name_of(rows[parent]) for parent in row["inherits"] if parent in rows),
        row_security=row["row_security"],
        comment=row["comment"],
        readable=not (is_standby and persistence is Persistence.UNLOGGED),
    )


def _partition_key(row: Row, columns: Mapping[int, Column]) -> tuple[str | None, ...]:
    return tuple(columns[number].name if number else None for number in row["partition_key"] or ())
