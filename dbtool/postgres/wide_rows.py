"""How long the longest rows of a relation are, without reading what is stored beside its heap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.relations import Column, Relation
from dbtool.postgres.check_trials import briefly
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import spell

# The length of these is told by what stands for them in the heap; of any other value its stored size is the least it has.
_TOLD = {"text": 1, "varchar": 1, "bpchar": 1, "bytea": 2}  # COPY spells a byte in two digits
_COUNT = "SELECT pg_catalog.count(*), pg_catalog.max(size) FROM (SELECT {} AS size FROM ONLY {}) AS s WHERE size > {}"


@dataclass(frozen=True, slots=True)
class WideRows:
    """``longest`` is in bytes of COPY text, as far as it is told."""

    count: int
    longest: int


def count_wide_rows(
    connection: Connection, relation: Relation, columns: Sequence[Column], over: int
) -> WideRows:
    """Rows of which these columns take more than ``over`` bytes. Reads the heap alone.

    :raises DbtoolError: it takes longer than some seconds, or the role may not.
    """
    size = sql.SQL(" + ").join(map(_size_of, columns))
    with briefly(connection, f"looking for long rows of {relation.name}"):
        row = connection.execute(
            sql.SQL(_COUNT).format(size, spell(relation.name), sql.Literal(over))
        ).fetchone()
    return WideRows(row[0], row[1] or 0) if row else WideRows(0, 0)


def _size_of(column: Column) -> sql.Composed:
    name, kind = sql.Identifier(column.name), column.type
    times = _TOLD.get(kind.base) if kind.type_schema == "pg_catalog" and not kind.is_array else None
    if times is None:
        return sql.SQL("coalesce(pg_catalog.pg_column_size({}), 0)::pg_catalog.int8").format(name)
    return sql.SQL("coalesce(pg_catalog.octet_length({})::pg_catalog.int8 * {}, 0)").format(
        name, sql.Literal(times)
    )
