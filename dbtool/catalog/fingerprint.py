"""One line of text per thing that a copy depends on, alike for every server that holds the same schema.

Alike means: after a dump and a restore, on another major, with another history of dropped columns. So the lines
leave out OIDs, sizes, the order of columns, and what PostgreSQL derives by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dbtool.catalog.constraints import CheckConstraint, ForeignKey, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind

_DESCRIBED = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)
_LITERAL_OR_NAME = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_TEXT_CAST = re.compile(r"::(?:text|character varying|character|bpchar)(?:\(\d+\))?(?:\[\])*(?![\w.])")
_GROUPING = re.compile(r"[\s()]+")


def normalise_expression(text: str) -> str:
    """The expression without white space, parentheses and casts among the text types; literals stay.

    A restored CHECK reads back as another text of the same meaning: ``(ARRAY['a'::character varying])::text[]``
    becomes ``ARRAY[('a'::character varying)::text]``. Two expressions that differ in grouping alone look alike.
    """
    parts = _LITERAL_OR_NAME.split(text)  # the odd ones are what the pattern captured
    return "".join(
        part if index % 2 else _GROUPING.sub("", _TEXT_CAST.sub("", part)) for index, part in enumerate(parts)
    )


def describe_relation(relation: Relation) -> Iterator[str]:
    """Views and foreign tables say nothing: no row of theirs is copied."""
    if relation.kind not in _DESCRIBED:
        return
    yield (
        f"relation {relation.name} {relation.kind} {relation.persistence} of {relation.partition_root}"
        f" {relation.partition_bound} by {relation.partition_strategy} {relation.partition_key}"
        f" inherits {sorted(relation.inherits)}"
    )
    for column in relation.columns:
        yield f"column {relation.name} {_comparable_column(column, relation)}"


def _comparable_column(column: Column, relation: Relation) -> Column:
    """Before 17 the partitions of a table with an identity column have none of their own."""
    return replace(
        column,
        type=_comparable_type(column.type),
        identity=column.identity and relation.partition_root is None,
        default=None if column.default is None else normalise_expression(column.default),
    )


def _comparable_type(type_: ColumnType) -> ColumnType:
    checks = (normalise_expression(check) for check in type_.domain_checks)
    return replace(type_, domain_checks=tuple(checks))


def describe_foreign_key(key: ForeignKey) -> Iterator[str]:
    """Those that PostgreSQL keeps per partition have names that it makes up anew."""
    if not key.is_inherited:
        yield f"foreign key {key}"


def describe_unique_index(index: UniqueIndex) -> str:
    """``definition`` repeats the other fields as text, but for operators and collations."""
    comparable = replace(
        index,
        expressions=tuple(normalise_expression(expression) for expression in index.expressions),
        predicate=None if index.predicate is None else normalise_expression(index.predicate),
        definition=normalise_expression(index.definition),
        mentioned=tuple(sorted(index.mentioned)),
    )
    return f"unique {comparable}"


def describe_check(check: CheckConstraint) -> str:
    comparable = replace(
        check,
        columns=tuple(sorted(check.columns)),
        definition=normalise_expression(check.definition),
    )
    return f"check {comparable}"
