"""Transaction snapshots: begun, locked under, exported. Works on a hot standby and takes no lock above ACCESS SHARE."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

LOCK_NOT_AVAILABLE = "55P03"
_CONFLICT = "40"  # on a standby, with what it has to replay
_LOCKED_AT_ONCE = 200

_EXPORT = """
SELECT pg_catalog.pg_export_snapshot(),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END::text,
       pg_catalog.to_char(pg_catalog.now(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""


def begin_snapshot(connection: Connection) -> None:
    """BEGIN takes no snapshot yet: the first query will."""
    with translated("opening the snapshot's transaction"):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def lock_in_access_share(connection: Connection, names: Sequence[RelationName], timeout_ms: int) -> None:
    """LOCK … ACCESS SHARE, which takes no snapshot either.

    :raises ServerFailed: with sqlstate LOCK_NOT_AVAILABLE where DDL holds a table for longer than ``timeout_ms``.
    """
    spelt = [sql.SQL("ONLY {}").format(sql.Identifier(name.schema, name.name)) for name in names]
    with translated("locking the source's tables in ACCESS SHARE"):
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{timeout_ms}ms")))
        for start in range(0, len(spelt), _LOCKED_AT_ONCE):
            some = sql.SQL(", ").join(spelt[start : start + _LOCKED_AT_ONCE])
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(some))
        connection.execute("SET LOCAL lock_timeout = 0")


def export_snapshot(connection: Connection) -> tuple[str, str, str]:
    """Take and export the transaction's snapshot → (its name, WAL position, the server's time in UTC)."""
    with translated("exporting the snapshot"):
        row = connection.execute(_EXPORT).fetchone()
    if row is None:
        raise ServerFailed("the source exported no snapshot")
    return str(row[0]), str(row[1]), str(row[2])


def adopt_snapshot(connection: Connection, name: str) -> None:
    """Begin a transaction that sees what the exported snapshot sees, for as long as its exporter lasts."""
    with translated("adopting the snapshot"):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(name)))


def is_snapshot_lost(connection: Connection, error: ServerFailed | ServerUnreachable) -> bool:
    """Whether a transaction that held a snapshot has ended otherwise than by its own COMMIT. ``error`` is what was told."""
    status = connection.info.transaction_status
    if status is TransactionStatus.IDLE:
        return False
    if status is TransactionStatus.INERROR:
        return (getattr(error, "sqlstate", None) or "").startswith(_CONFLICT)
    try:
        connection.execute("SELECT")
    except psycopg.Error:
        return True
    return False


def find_backend(connection: Connection) -> int:
    """The process of the server that answered, which behind a pooler may be another one each time."""
    with translated("asking which process serves us"):
        row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
