"""pg_constraint, pg_index and pg_sequence → what must hold, and what numbers rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.relations import RelationName
from dbtool.postgres.introspect_relations import Relations, name_of
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows

_LITERAL = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True)
class Constraints:
    """``foreign_keys_abroad`` are rows of keys whose referenced relation is not part of the catalog."""

    foreign_keys: tuple[ForeignKey, ...]
    foreign_keys_abroad: tuple[Row, ...]
    unique_indexes: tuple[UniqueIndex, ...]
    checks: tuple[CheckConstraint, ...]
    sequences: tuple[Sequence, ...]


def read_constraints(connection: Connection, relations: Relations) -> Constraints:
    parameters = {"relations": list(relations.rows)}
    keys = read_rows(connection, "foreign_keys", parameters)
    indexes = read_rows(connection, "unique_indexes", parameters)
    checks = read_rows(connection, "checks", parameters)
    sequences = read_rows(connection, "sequences")
    return Constraints(
        foreign_keys=tuple(
            _foreign_key(row, relations) for row in keys if row["referenced"] in relations.by_oid
        ),
        foreign_keys_abroad=tuple(row for row in keys if row["referenced"] not in relations.by_oid),
        unique_indexes=tuple(_unique_index(row, relations) for row in indexes),
        checks=tuple(_check(row, relations) for row in checks),
        sequences=tuple(_sequence(row, relations) for row in sequences),
    )


def _foreign_key(row: Row, relations: Relations) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        referencing=relations.by_oid[row["referencing"]].name,
        columns=relations.name_columns(row["referencing"], row["columns"]),
        referenced=relations.by_oid[row["referenced"]].name,
        referenced_columns=relations.name_columns(row["referenced"], row["referenced_columns"]),
        match="full" if row["match_full"] else "simple",
        validated=row["validated"],
        enforced=row["enforced"],
        deferrable=row["deferrable"],
        is_inherited=row["is_inherited"],
        temporal=row["temporal"],
    )


def _unique_index(row: Row, relations: Relations) -> UniqueIndex:
    oid = row["relation"]
    names = relations.numbers[oid]
    return UniqueIndex(
        name=row["name"],
        relation=relations.by_oid[oid].name,
        columns=tuple(names.get(number) for number in row["columns"]),
        expressions=tuple(row["expressions"]),
        predicate=row["predicate"],
        is_primary=row["is_primary"],
        is_exclusion=row["is_exclusion"],
        nulls_not_distinct=row["nulls_not_distinct"],
        definition=row["definition"],
        mentioned=_mentioned(row, relations),
        nondeterministic=relations.name_columns(oid, (n for n in row["nondeterministic"] if n)),
    )


def _mentioned(row: Row, relations: Relations) -> tuple[str, ...]:
    """Key columns, then those that expressions and the predicate read, in the table's order.

    Of an expression over the whole row PostgreSQL records no column: its text (``t.*``) tells.
    """
    names = relations.numbers[row["relation"]]
    computed = " ".join([*row["expressions"], row["predicate"] or ""])
    if ".*" in _LITERAL.sub("", computed):
        return tuple(names.values())
    plain = [number for number in row["columns"] if number]
    more = sorted(set(row["computed_from"]) - set(plain))
    return tuple(names[number] for number in dict.fromkeys([*plain, *more]))


def _check(row: Row, relations: Relations) -> CheckConstraint:
    return CheckConstraint(
        name=row["name"],
        relation=relations.by_oid[row["relation"]].name,
        columns=relations.name_columns(row["relation"], row["columns"]),
        definition=row["definition"],
        validated=row["validated"],
        enforced=row["enforced"],
    )


def _sequence(row: Row, relations: Relations) -> Sequence:
    return Sequence(
        name=name_of(row),
        feeds=_feeds(row, relations),
        start=row["start"],
        increment=row["increment"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        cycles=row["cycles"],
        owned_by=relations.by_oid[row["owner"]].name if row["owner"] in relations.by_oid else None,
    )


def _feeds(row: Row, relations: Relations) -> tuple[tuple[RelationName, str], ...]:
    """Without the partitions whose root draws from the same sequence: the root's rows are theirs."""
    fed = [
        (relations.by_oid[oid], relations.numbers[oid][number])
        for oid, number in row["feeds"]
        if oid in relations.by_oid
    ]
    pairs = {(relation.name, column) for relation, column in fed}
    return tuple(
        sorted(
            (relation.name, column)
            for relation, column in fed
            if relation.partition_root is None or (relation.partition_root, column) not in pairs
        )
    )
