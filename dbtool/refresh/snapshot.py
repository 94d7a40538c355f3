"""One moment in time: locks first, then the snapshot, then the catalog as the snapshot sees it.

The order matters. With the snapshot first, a rewriting ALTER or a TRUNCATE in between gives a table of 0 rows
without an error; LOCK takes no snapshot of its own, so what is locked before stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationKind
from dbtool.errors import Busy, Drift, ServerFailed
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect, translated
from dbtool.refresh.result import SnapshotTaken
from dbtool.targets import Target

LOCK_TIMEOUT_MS = 10_000
_LOCK_NOT_AVAILABLE = "55P03"
_LOCKED_AT_ONCE = 200

_POSITION = """
SELECT pg_catalog.pg_export_snapshot(),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END::text,
       pg_catalog.to_char(pg_catalog.now(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""


@dataclass(frozen=True, slots=True)
class HeldSnapshot:
    """Lives as long as its connection's transaction; ``catalog`` is what it sees."""

    taken: SnapshotTaken
    catalog: Catalog
    connection: Connection


@contextmanager
def hold_snapshot(source: Target, expected: Catalog) -> Iterator[HeldSnapshot]:
    """Lock all tables of ``expected`` in ACCESS SHARE, export a snapshot and read the catalog in it.

    :raises Busy: a table is locked by DDL for longer than 10 s.
    :raises Drift: the schema changed since it was checked against the rules.
    """
    with connect(source.url(), application_name="dbtool refresh snapshot", read_only=True) as connection:
        with translated("opening the snapshot's transaction"):
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _lock_tables(connection, expected)
        with translated("exporting the snapshot"):
            row = connection.execute(_POSITION).fetchone()
        if row is None:
            raise ServerFailed("the source exported no snapshot")
        catalog = read_catalog(connection)
        if catalog.fingerprint() != expected.fingerprint():
            raise Drift(
                "the source's schema changed while the refresh was starting; nothing was copied and the target is as "
                "it was. Run the refresh again."
            )
        yield HeldSnapshot(SnapshotTaken(*row), catalog, connection)


def _lock_tables(connection: Connection, catalog: Catalog) -> None:
    names = [
        sql.Identifier(relation.name.schema, relation.name.name)
        for relation in catalog.relations.values()
        if relation.kind in (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)
    ]
    try:
        with translated("locking the source's tables in ACCESS SHARE"):
            connection.execute(
                sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_MS}ms"))
            )
            for start in range(0, len(names), _LOCKED_AT_ONCE):
                some = sql.SQL(", ").join(
                    sql.SQL("ONLY {}").format(name) for name in names[start : start + _LOCKED_AT_ONCE]
                )
                connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(some))
            connection.execute("SET LOCAL lock_timeout = 0")
    except ServerFailed as error:
        if error.sqlstate == _LOCK_NOT_AVAILABLE:
            raise Busy(
                f"a table of {catalog_name(connection)} is locked by DDL and was not released within "
                f"{LOCK_TIMEOUT_MS // 1000} s; nothing was copied. Run the refresh again when the DDL has ended."
            ) from None
        raise


def catalog_name(connection: Connection) -> str:
    return connection.info.dbname
