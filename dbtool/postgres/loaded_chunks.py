"""Load chunks into the candidate, each together with the row that records it: a journal, so that a lost COMMIT is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.copy_in import copy_in
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import spell

# The backend of an attempt whose connection was lost may hold its lock for a while yet.
_TRUNCATE_WAITS = "30s"


@dataclass(frozen=True, slots=True)
class Load:
    """The rows of a chunk, as COPY takes them. ``whole``: nothing else is loaded into the relation. ``into`` is the root of a
    partition whose rows find their own way.
    """

    relation: RelationName
    chunk: int
    columns: tuple[str, ...]
    blocks: Iterable[bytes]
    binary: bool = False
    whole: bool = False
    into: RelationName | None = None


def load_chunks(connection: Connection, loads: Sequence[Load]) -> list[int]:
    """Load chunks in one transaction together with the rows that record them. Returns the server's counts.

    The transaction commits only after all blocks ended without an error: a source that fails loads nothing.
    A ``whole`` relation is loaded frozen. That needs a TRUNCATE in the same transaction, and spares whoever reads
    the rows first (index builds, checks of keys, verification) from marking every one of them as committed,
    which with data checksums goes through the WAL page by page.
    """
    with translated(f"loading {loads[0].relation}"), connection.transaction():
        if whole := [load.relation for load in loads if load.whole]:
            connection.execute(
                sql.SQL("SET LOCAL lock_timeout = {}; TRUNCATE ONLY {}").format(
                    sql.Literal(_TRUNCATE_WAITS), sql.SQL(", ONLY ").join(map(spell, whole))
                )
            )
        rows = [
            copy_in(
                connection,
                load.into or load.relation,
                load.columns,
                load.blocks,
                binary=load.binary,
                freeze=load.whole,
            )
            for load in loads
        ]
        connection.execute(
            "INSERT INTO dbtool.loaded_chunk SELECT * FROM unnest(%s::text[], %s::text[], %s::integer[], %s::bigint[])",
            (
                [load.relation.schema for load in loads],
                [load.relation.name for load in loads],
                [load.chunk for load in loads],
                rows,
            ),
        )
    return rows


def find_loaded(connection: Connection, relation: RelationName, chunk: int) -> int | None:
    """Rows of a chunk whose COMMIT arrived, or None: so a lost connection is looked up, not guessed at."""
    with translated("looking up a loaded chunk"):
        row = connection.execute(
            "SELECT loaded_rows FROM dbtool.loaded_chunk WHERE (schema_name, relation, chunk) = (%s, %s, %s)",
            (relation.schema, relation.name, chunk),
        ).fetchone()
    return int(row[0]) if row else None
