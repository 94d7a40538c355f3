"""One moment in time: locks first, then the snapshot, then the catalog as the snapshot sees it.

The order matters. With the snapshot first, a rewriting ALTER or a TRUNCATE in between gives a table of 0 rows
without an error; LOCK takes no snapshot of its own, so what is locked before stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationKind, RelationName
from dbtool.catalog.without import with_belongings, without
from dbtool.errors import Busy, Drift, EnvironmentFailed, ServerFailed, ServerUnreachable, SnapshotLost
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.snapshots import (
    LOCK_NOT_AVAILABLE,
    adopt_snapshot,
    begin_snapshot,
    export_snapshot,
    find_backend,
    is_snapshot_lost,
    lock_in_access_share,
)
from dbtool.refresh.result import SnapshotTaken
from dbtool.targets import Target
from dbtool.waiting import result_of

LOCK_TIMEOUT_MS = 10_000
_GONE = frozenset({"42P01", "3F000"})  # no such table, no such schema


@dataclass(frozen=True, slots=True)
class HeldSnapshot:
    """Lives until it is released or its connection closed; ``catalog`` is what it sees, but for the relations ``left_out``."""

    taken: SnapshotTaken
    catalog: Catalog
    connection: Connection
    left_out: frozenset[RelationName] = frozenset()

    def release(self) -> None:
        """Give the locks and the snapshot back; what has adopted it keeps it until its own end."""
        with translated("releasing the snapshot"):
            self.connection.execute("COMMIT")


@contextmanager
def hold_snapshot(
    source: Target,
    expected: Catalog,
    *,
    workflow: str = "refresh",
    skipped: Collection[RelationName] = (),
) -> Iterator[HeldSnapshot]:
    """Lock all tables of ``expected`` in ACCESS SHARE, export a snapshot and read the catalog in it. ``skipped`` tables are as if
    they were not there: LOCK asks for a privilege, and they may change as they like.

    :raises Busy: a table is locked by DDL for longer than 10 s, or partitions and the like came and went.
    :raises Drift: what the rules decide by changed since they were checked.
    :raises SnapshotLost: the session was ended before it was released, and its locks with it. Who has adopted the snapshot
        reads on, and sees nothing in a table that was emptied since.
    :raises EnvironmentFailed: sessions of the source lead to several servers, or share one between transactions.
    """
    name = f"dbtool {workflow} snapshot"
    with (
        connect(source.url(), application_name=name, read_only=True) as connection,
        _telling_loss(connection, source),
    ):
        begin_snapshot(connection)
        wanted = without(expected, skipped)
        try:
            _lock_tables(connection, source, wanted, workflow)
        except ServerFailed as error:
            if error.sqlstate in _GONE:
                _refuse_gone(connection, source, expected, skipped=skipped, workflow=workflow)
            raise
        taken = SnapshotTaken(*export_snapshot(connection))
        with ThreadPoolExecutor(1, thread_name_prefix="dbtool") as beside:
            probed = beside.submit(_refuse_strangers, source, taken.name, name)
            seen = read_catalog(connection)
            result_of(probed)
        left_out = with_belongings(seen, skipped)
        catalog = without(seen, left_out)
        _refuse_changed(source, wanted, catalog, workflow)
        held = HeldSnapshot(taken, catalog, connection, left_out)
        yield held
        if connection.info.transaction_status:  # not idle: nobody has released it
            held.release()


def _refuse_gone(
    connection: Connection,
    source: Target,
    expected: Catalog,
    *,
    skipped: Collection[RelationName],
    workflow: str,
) -> None:
    """A table that is to be locked is not there any more: a partition that had its time, or another table."""
    with translated("looking what has changed"):
        connection.execute("ROLLBACK")
    seen = read_catalog(connection)
    wanted, seen = without(expected, skipped), without(seen, with_belongings(seen, skipped))
    _refuse_changed(source, wanted, seen, workflow)


@contextmanager
def _telling_loss(connection: Connection, source: Target) -> Iterator[None]:
    try:
        yield
    except (ServerFailed, ServerUnreachable) as error:
        if is_snapshot_lost(connection, error):
            raise SnapshotLost(
                f"the session that held the snapshot of {source} was ended ({error}): nothing more can be read under it",
                getattr(error, "sqlstate", None),
            ) from None
        raise


def _refuse_strangers(source: Target, snapshot: str, name: str) -> None:
    """Whoever reads has to see the snapshot, and the settings of its own session."""
    with (
        connect(source.url(), application_name=name, read_only=True) as one,
        connect(source.url(), application_name=name, read_only=True) as other,
    ):
        backend = find_backend(one)
        _adopt_or_refuse(other, source, snapshot)
        if find_backend(other) == backend or find_backend(one) != backend:
            raise EnvironmentFailed(
                f"between us and {source} is a pooler that gives a session another connection for each transaction: neither "
                "settings nor snapshots last. Nothing was copied; give it a URL that leads to the server itself, or to a pool "
                "in session mode."
            )
        _adopt_or_refuse(one, source, snapshot)


def _adopt_or_refuse(connection: Connection, source: Target, snapshot: str) -> None:
    try:
        adopt_snapshot(connection, snapshot)
    except ServerFailed as error:
        raise EnvironmentFailed(
            f"a session of {source} does not know the snapshot that another has taken ({error}): its URL leads to several "
            "servers, as that of a balanced endpoint or of a pool over replicas does. Nothing was copied; give it a URL that "
            "leads to one server."
        ) from None


def _refuse_changed(source: Target, wanted: Catalog, seen: Catalog, workflow: str) -> None:
    """A new partition changes no decision of the rules, but it was neither locked nor planned for."""
    if set(seen.description()) == set(wanted.description()):
        return
    state = f"nothing was copied and nothing was changed. Run the {workflow} again."
    if seen.fingerprint() == wanted.fingerprint():
        raise Busy(f"partitions or sequences of {source} changed while the {workflow} was starting; {state}")
    raise Drift(f"{source}'s schema changed while the {workflow} was starting; {state}")


def _lock_tables(connection: Connection, source: Target, catalog: Catalog, workflow: str) -> None:
    kinds = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)
    names = [relation.name for relation in catalog.relations.values() if relation.kind in kinds]
    try:
        lock_in_access_share(connection, names, LOCK_TIMEOUT_MS)
    except ServerFailed as error:
        if error.sqlstate != LOCK_NOT_AVAILABLE:
            raise
        raise Busy(
            f"a table of {source} is locked by DDL and was not released within {LOCK_TIMEOUT_MS / 1000:g} s; nothing was "
            f"copied. Run the {workflow} again when the DDL has ended."
        ) from None
