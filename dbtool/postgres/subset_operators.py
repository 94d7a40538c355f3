"""By which operator two columns are compared. Never a bare ``=``: with only pg_catalog in search_path that of two
citext columns would be text's, and of two types of one family none at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import ColumnRef
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows
from dbtool.subset.facts import EqualityOperator


@dataclass(frozen=True, slots=True)
class ColumnPair:
    referenced: ColumnRef
    referencing: ColumnRef


def operator_of(row: Row) -> EqualityOperator:
    return EqualityOperator(
        row["operator"],
        referenced_as=_cast(row["referenced_cast"]),
        referencing_as=_cast(row["referencing_cast"])
        + (f" COLLATE {row['collation']}" if row["collation"] else ""),
    )


def _cast(type_name: str | None) -> str:
    return f"::{type_name}" if type_name else ""


def choose_operators(connection: Connection, pairs: Sequence[ColumnPair]) -> tuple[EqualityOperator, ...]:
    """One for each pair, as a foreign key would choose it; texts are compared where no operator knows both types."""
    found = _operator_rows(connection, pairs)
    return tuple(
        operator_of(found[number]) if number in found else EqualityOperator(as_text=True)
        for number in range(len(pairs))
    )


def value_types(connection: Connection, columns: Sequence[ColumnRef]) -> tuple[str, ...]:
    """The type, spelt for SQL and without a length, that a text must be made to be compared with the column."""
    found = _operator_rows(connection, [ColumnPair(column, column) for column in columns])
    return tuple(
        found[number]["value_type"] if number in found else "pg_catalog.text"
        for number in range(len(columns))
    )


def _operator_rows(connection: Connection, pairs: Sequence[ColumnPair]) -> Mapping[int, Row]:
    parameters = {
        "referenced_schemas": [pair.referenced.relation.schema for pair in pairs],
        "referenced_names": [pair.referenced.relation.name for pair in pairs],
        "referenced_columns": [pair.referenced.column for pair in pairs],
        "schemas": [pair.referencing.relation.schema for pair in pairs],
        "names": [pair.referencing.relation.name for pair in pairs],
        "columns": [pair.referencing.column for pair in pairs],
    }
    return {row["number"]: row for row in read_rows(connection, "subset_operators", parameters)}
