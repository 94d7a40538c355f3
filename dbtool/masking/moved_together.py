"""Unique indexes and exclusion constraints over dates and ranges that move together by the columns beside them: rows
that are alike there move alike, so values that differed still do, and ranges that did not overlap still do not. Pure.
"""

from __future__ import annotations

import re

from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, TypeKind, quote_identifier
from dbtool.masking.mask import INTEGER_TYPES, TEXT_TYPES
from dbtool.masking.resolve import MaskedColumn

# Types of which equal values are spelt alike: rows move by the text. 1.0 and 1.00 are one numeric.
_ONE_SPELLING = INTEGER_TYPES | {
    "text",
    "varchar",
    "bpchar",
    "name",
    "uuid",
    "bool",
    "date",
    "timestamp",
    "oid",
}

_OVERLAPPING = frozenset({"inet", "cidr"})  # types whose exclusion constraints ask for more than equality


def overlaps(column: ColumnType) -> bool:
    """Whether an exclusion constraint may ask for more than equality of such a column."""
    return column.base in _OVERLAPPING or column.kind in {TypeKind.RANGE, TypeKind.MULTIRANGE}


def keeps_apart(index: UniqueIndex, relation: Relation, masked: MaskedColumn) -> bool:
    """Whether rows that the index compares by ``masked`` alone move alike. The ``by`` columns must hold by themselves."""
    if not (masked.mask.keeps_order and masked.use.by) or masked.column.type.base in TEXT_TYPES:
        return False
    columns = [relation.find_column(name) for name in masked.use.by]
    return not index.nulls_not_distinct and all(
        column is not None and _is_compared(index, column) for column in columns
    )


def _is_compared(index: UniqueIndex, column: Column) -> bool:
    """By equality, and equal only to what is spelt alike."""
    if column.name not in index.columns or column.name in index.nondeterministic:
        return False
    is_equality = not index.is_exclusion or _has_equality(index.definition, column.name)
    has_one_spelling = column.type.base in _ONE_SPELLING or column.type.kind is TypeKind.ENUM
    return is_equality and has_one_spelling and not column.type.is_array


def _has_equality(definition: str, column: str) -> bool:
    """A key WITHOUT OVERLAPS compares all columns but its last by equality."""
    if "WITHOUT OVERLAPS" in definition:
        return f"{quote_identifier(column)} WITHOUT OVERLAPS" not in definition
    return re.search(rf"(?:\(|, ){re.escape(quote_identifier(column))} WITH =[,)]", definition) is not None
