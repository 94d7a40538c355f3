"""One line of text per thing that a copy or its rules depend on, alike for every server that holds the same schema.

Alike means: after a dump and a restore, on another major, with another history of dropped columns. So the lines
leave out OIDs, sizes, the order of columns, and what PostgreSQL derives by itself. People read them, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.expression_text import normalise_expression
from dbtool.catalog.relations import (
    Column,
    ColumnRef,
    ColumnType,
    Persistence,
    Relation,
    RelationKind,
    quote_identifier,
)

_DESCRIBED = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)


def describe_relation(relation: Relation) -> Iterator[str]:
    """Views and foreign tables say nothing: no row of theirs is copied."""
    if relation.kind not in _DESCRIBED:
        return
    yield _line(
        "unlogged table" if relation.persistence is Persistence.UNLOGGED else "table",
        relation.name,
        relation.partition_root and f"partition of {relation.partition_root} {relation.partition_bound}",
        relation.partition_strategy
        and f"partitioned by {relation.partition_strategy} ({_names(relation.partition_key)})",
        relation.inherits and f"inherits {', '.join(map(str, relation.inherits))}",
    )
    for column in relation.columns:
        yield _line("column", ColumnRef(relation.name, column.name), *_describe_column(column, relation))


def _describe_column(column: Column, relation: Relation) -> Iterator[str]:
    """Before 17 the partitions of a table with an identity column have none of their own."""
    yield from _describe_type(column.type)
    if column.collation:
        yield f"collate {column.collation}"
    if column.not_null:
        yield "not null"
    if column.identity and relation.partition_root is None:
        yield "identity"
    if column.default is not None:
        yield f"{'generated' if column.generated else 'default'} {normalise_expression(column.default)}"


def _describe_type(type_: ColumnType) -> Iterator[str]:
    yield type_.sql
    if type_.labels:
        yield f"labels {type_.labels}"
    if type_.domains:
        limits = (type_.length, type_.precision, type_.scale)
        yield f"through {' '.join(type_.domains)} of {type_.base}{'[]' if type_.is_array else ''} {limits}"
    if type_.made_of:
        yield f"of ({', '.join(type_.made_of)})"
    yield from map(normalise_expression, type_.domain_checks)


def describe_foreign_key(key: ForeignKey) -> Iterator[str]:
    """Those that PostgreSQL keeps per partition have names that it makes up anew."""
    if key.is_inherited:
        return
    yield _line(
        f"foreign key {quote_identifier(key.name)} of {key.referencing} ({_names(key.columns)})",
        f"references {key.referenced} ({_names(key.referenced_columns)})",
        key.match == "full" and "match full",
        key.temporal and "period",
        key.deferrable and "deferrable",
        not key.validated and "not valid",
        not key.enforced and "not enforced",
    )


def describe_unique_index(index: UniqueIndex) -> str:
    """The definition holds the rest; a predicate is part of an exclusion constraint's, too."""
    return _line(
        "exclusion" if index.is_exclusion else "primary key" if index.is_primary else "unique index",
        f"{quote_identifier(index.name)} of {index.relation}: {normalise_expression(index.definition)}",
    )


def describe_check(check: CheckConstraint) -> str:
    """NOT VALID and NOT ENFORCED are part of the definition."""
    definition = normalise_expression(check.definition)
    return _line(f"check {quote_identifier(check.name)} of {check.relation}: {definition}")


def describe_sequence(sequence: Sequence) -> str:
    feeds = ", ".join(str(ColumnRef(relation, column)) for relation, column in sequence.feeds)
    return _line(
        f"sequence {sequence.name} from {sequence.start} by {sequence.increment}",
        f"within {sequence.minimum} and {sequence.maximum}",
        sequence.cycles and "cycle",
        feeds and f"feeds {feeds}",
    )


def _names(columns: Iterable[str | None]) -> str:
    return ", ".join("an expression" if column is None else quote_identifier(column) for column in columns)


def _line(*parts: object) -> str:
    """What there is to say, in one line even where a literal has several."""
    return " ".join(str(part) for part in parts if part).replace("\n", "\\n")
