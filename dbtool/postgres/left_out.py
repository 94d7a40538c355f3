"""What holds data and is left out by design, as sentences for preflight. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from dbtool.catalog.relations import ColumnRef, Relation, RelationKind
from dbtool.postgres.introspect_constraints import Constraints
from dbtool.postgres.introspect_relations import Relations, name_of
from dbtool.postgres.sql import Row

_TOLD = 5  # names of a kind


def describe_left_out(
    relations: Relations,
    constraints: Constraints,
    refreshable: Collection[int],
    large_objects: int,
    never_restored: Iterable[Row],
) -> tuple[str, ...]:
    return (
        *_relations_left_out(relations, refreshable),
        *(_of_extension(row) for row in relations.of_extensions.values() if row["extension_configuration"]),
        *(_key_abroad(row, relations) for row in constraints.foreign_keys_abroad),
        *_large_objects(large_objects, relations.by_oid.values()),
        *_never_restored(never_restored),
    )


def _relations_left_out(relations: Relations, refreshable: Collection[int]) -> Iterator[str]:
    for oid, relation in relations.by_oid.items():
        if relation.kind is RelationKind.FOREIGN_TABLE:
            yield _foreign_table(relation, relations.rows[oid]["foreign_server"])
        elif relation.kind is RelationKind.MATERIALIZED_VIEW and oid not in refreshable:
            yield (
                f"{relation.name} or a materialised view it reads was never populated on the source, "
                "so it is created and not refreshed"
            )
        elif relations.rows[oid]["detached_from"] in relations.by_oid:
            yield _detached_half(relation, relations.by_oid[relations.rows[oid]["detached_from"]])
        elif relation.kind is RelationKind.TABLE and not relation.readable:
            yield f"{relation.name} is unlogged: a standby has none of its rows, so it arrives empty"


def _foreign_table(relation: Relation, server: str) -> str:
    part = f", a partition of {relation.partition_root}" if relation.partition_root else ""
    return f"{relation.name} is a foreign table on server {server}{part}: its rows are not copied"


def _detached_half(relation: Relation, parent: Relation) -> str:
    return (
        f"{relation.name} is half detached from {parent.name}, whose queries do not find its rows any more; that state is not "
        f"copied, it arrives as a partition. On the source: ALTER TABLE {parent.name} DETACH PARTITION {relation.name} FINALIZE"
    )


def _of_extension(row: Row) -> str:
    return (
        f"{name_of(row)} belongs to extension {row['extension']}: rows that were added to it are not copied"
    )


def _key_abroad(row: Row, relations: Relations) -> str:
    """A key to a relation outside the catalog: PostgreSQL still checks it when post-data is restored."""
    referencing = relations.by_oid[row["referencing"]].name
    return (
        f"foreign key {row['name']} of {referencing} refers to a relation of an extension or of schema dbtool, "
        "which is not copied"
    )


def _large_objects(count: int, relations: Iterable[Relation]) -> Iterator[str]:
    if not count:
        return
    columns = [
        str(ColumnRef(relation.name, column.name))
        for relation in relations
        if relation.kind in {RelationKind.TABLE, RelationKind.PARTITIONED_TABLE}
        and relation.name == relation.ruled_by
        for column in relation.columns
        if column.type.base == "oid"  # of the extension lo, too: its type is a domain over that
    ]
    told = f", as {', '.join(columns)} may be," if columns else ""
    yield f"large objects are not copied: there are {count}, and columns with their numbers{told} will point at nothing"


def _never_restored(rows: Iterable[Row]) -> Iterator[str]:
    for kind, found in groupby(rows, itemgetter("kind")):
        names = [str(row["name"]) for row in found]
        more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
        yield f"{kind} are not copied: {', '.join(names[:_TOLD])}{more}"
