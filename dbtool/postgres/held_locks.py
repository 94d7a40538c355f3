"""Sessions of ours on a clone beside the migration's: one that watches its locks, one that makes it wait to be seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import IsolationLevel, sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import DbtoolError
from dbtool.locks.modes import LockMode, parse_lock_mode
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows

_POLL_S = 0.002
_HOLD_AT_MOST_S = 2.0
_LOCK_WITHIN = b"SET LOCAL lock_timeout = '200ms'"


def read_known_relations(connection: Connection) -> list[Row]:
    return read_rows(connection, "known_relations")


@dataclass(frozen=True, slots=True)
class Watched:
    """``locks`` are the strongest seen by the relation's OID, granted or waited for; ``waited_s`` how long the statement
    waited for what we held.
    """

    locks: Mapping[int, LockMode] = field(default_factory=dict)
    waited_s: float = 0.0


class LockWatch:
    """Watches one statement of the session ``pid`` from ``start`` to ``stop``.

    ``watcher`` and ``holder`` are superuser's sessions in autocommit, used by nothing else meanwhile. What is held is let
    go when the statement waits, when it has ended, or after two seconds.
    """

    def __init__(self, watcher: Connection, holder: Connection, pid: int) -> None:
        self._watcher, self._holder, self._pid = watcher, holder, pid
        self._seen: dict[tuple[int, LockMode], float] = {}
        self._waited_s = 0.0
        self._is_holding = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self, relations: Sequence[RelationName], mode: LockMode) -> None:
        """Whatever cannot be locked at once is not held: the statement is watched all the same."""
        with suppress(psycopg.Error):
            _hold(self._holder, relations, mode)
        self._thread.start()

    def stop(self, ended_at: float) -> Watched:
        """``ended_at`` is the statement's end by time.monotonic(): what was seen later is the next one's."""
        self._over.set()
        self._thread.join()
        locks: dict[int, LockMode] = {}
        for (oid, mode), seen_at in self._seen.items():
            if seen_at <= ended_at:
                locks[oid] = max(mode, locks.get(oid, mode))
        return Watched(locks, self._waited_s)

    def _watch(self) -> None:
        deadline = time.monotonic() + _HOLD_AT_MOST_S
        try:
            while not self._over.is_set():
                self._look(deadline)
                self._over.wait(_POLL_S)
        except DbtoolError:
            self._over.set()  # without a watcher nothing is seen; the statement goes on
        finally:
            if self._is_holding:
                _let_go(self._holder)

    def _look(self, deadline: float) -> None:
        rows = read_rows(self._watcher, "locks_of_session", {"pid": self._pid})
        seen_at = time.monotonic()
        for row in rows:
            if row["relation"] is not None:
                self._seen.setdefault((row["relation"], parse_lock_mode(row["mode"])), seen_at)
        waits = [row["waited_s"] for row in rows if row["waited_s"] is not None]
        if self._is_holding and (waits or seen_at > deadline):
            self._is_holding = False
            _let_go(self._holder)
            if waits:
                self._waited_s = max(waits) + time.monotonic() - seen_at


def _hold(connection: Connection, relations: Sequence[RelationName], mode: LockMode) -> None:
    """A transaction with a snapshot. What a migration's own other session has locked is passed over."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.autocommit = False
    connection.execute(_LOCK_WITHIN)
    connection.execute("SELECT 1")
    for relation in relations:
        with suppress(psycopg.Error), connection.transaction():
            connection.execute(_lock(sql.Identifier(relation.schema, relation.name), mode))


def _lock(name: sql.Identifier, mode: LockMode) -> sql.Composed:
    """A query locks a table's indexes as well, which LOCK TABLE does not."""
    match mode:
        case LockMode.ACCESS_SHARE:
            return sql.SQL("SELECT FROM {} LIMIT 0").format(name)
        case LockMode.ROW_EXCLUSIVE:
            return sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(name)
        case _:
            return sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(name)


def _let_go(connection: Connection) -> None:
    with suppress(psycopg.Error):
        connection.rollback()
        connection.autocommit = True
