"""A row's values as texts, by its ctid: for showing people which row is meant."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import RawCursor, sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection


def read_texts(
    connection: Connection, leaf: RelationName, columns: Sequence[str], row: int
) -> tuple[str | None, ...]:
    """``row`` is a row id of the snapshot that the session sees. Empty where it is not there."""
    if not columns:
        return ()
    query = sql.SQL("SELECT {} FROM ONLY {} WHERE ctid = $1::pg_catalog.tid").format(
        sql.SQL(", ").join(sql.SQL("{}::pg_catalog.text").format(sql.Identifier(name)) for name in columns),
        sql.Identifier(leaf.schema, leaf.name),
    )
    tid = f"({row >> 16},{row & 0xFFFF})"
    # raw, since a name may have a % in it
    with translated(f"reading the key of a row of {leaf}"), RawCursor(connection) as cursor:
        found = cursor.execute(query, (tid,)).fetchone()
    return tuple(found) if found is not None else ()
