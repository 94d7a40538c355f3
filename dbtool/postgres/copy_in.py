"""COPY FROM, of a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

_FINDS_PARTITIONS = "execPartition.c"


def copy_in(
    connection: Connection,
    relation: RelationName,
    columns: tuple[str, ...],
    blocks: Iterable[bytes],
    *,
    binary: bool,
    freeze: bool = False,
) -> int:
    """COPY blocks into a relation, within the connection's transaction. Returns the rows the server counted.

    ``freeze`` needs the relation to have been made or truncated in the same transaction.
    """
    listed = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    target = sql.SQL("COPY {} {} FROM STDIN (FORMAT {}, FREEZE {})").format(
        sql.Identifier(relation.schema, relation.name),
        listed if columns else sql.SQL(""),  # a table may have none, or generated ones alone: () is no list
        sql.SQL("binary" if binary else "text"),
        sql.SQL("true" if freeze else "false"),
    )
    cursor = connection.cursor()
    with translated(f"loading {relation}"), _finding_partitions(relation), cursor.copy(target) as copy:
        for block in blocks:
            copy.write(block)
    return cursor.rowcount


@contextmanager
def _finding_partitions(relation: RelationName) -> Iterator[None]:
    """Where a row has none, the server's words and code for it are those of a CHECK; the file that it happens in is not."""
    try:
        yield
    except psycopg.errors.CheckViolation as error:
        if error.diag.source_file != _FINDS_PARTITIONS:
            raise
        raise ServerFailed(
            f"a row of {relation} has no partition: what the table is partitioned by has a stand-in outside all bounds. Choose "
            "a mask that stays within them, keep the column, or give the table a DEFAULT partition",
            error.sqlstate,
        ) from None
