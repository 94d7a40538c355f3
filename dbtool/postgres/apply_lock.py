"""One application at a time per database: an advisory lock, asked for again and again, never waited for.

A blocking wait would hold a snapshot for as long as it takes, and CREATE INDEX CONCURRENTLY waits for everybody
who holds one: the waiter would hang the very migration it waits for. For the same reason the lock is on a
connection of its own, outside any transaction.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from dbtool.errors import DbtoolError, LockNotAcquired, ServerFailed
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.sql import read_rows

# The server keeps advisory locks apart by database, so that the key need not say which.
APPLY_LOCK_KEY = int.from_bytes(hashlib.sha256(b"dbtool apply").digest()[:8], "big", signed=True)
_PAUSE_S = (0.1, 0.4)


@dataclass(frozen=True, slots=True)
class Holder:
    """``since`` is when its session began, None where the role may not see that."""

    pid: int
    application_name: str
    since: datetime | None

    def __str__(self) -> str:
        since = f", connected since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"pid {self.pid}, {self.application_name or 'no application name'}{since}"


class ApplyLock:
    """``connection`` is in autocommit and may serve short statements, as the ledger's; never open a transaction on it
    that lasts.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def session_alive(self) -> bool:
        """Whether the session lives and holds the lock: a pooler between us may have given it to somebody else."""
        try:
            holder = find_holder(self.connection)
            pid = self.connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
        except (psycopg.Error, DbtoolError):
            return False
        return holder is not None and pid is not None and holder.pid == pid[0]

    def require(self) -> None:
        """:raises ServerFailed: the lock is lost, and another application may have begun."""
        if not self.session_alive():
            raise ServerFailed(
                f"the session that held the apply lock of {self.connection.info.dbname} is lost, so another application may "
                "begin; this one was stopped. Look at dbtool migrate history, then apply again. A connection pooler between "
                "dbtool and the server must give every session a server connection of its own."
            )


@contextmanager
def apply_lock(
    url: str,
    wait_s: float,
    on_wait: Callable[[Holder], None] | None = None,
    *,
    application_name: str = "dbtool apply lock",
) -> Iterator[ApplyLock]:
    """Hold the database's apply lock, on a connection of its own. ``on_wait`` hears of each holder once.

    :raises LockNotAcquired: another application held it for all of ``wait_s``.
    """
    with contextlib.closing(connect(url, application_name=application_name)) as connection:
        _acquire(connection, wait_s, on_wait or _ignore)
        lock = ApplyLock(connection)
        lock.require()
        try:
            yield lock
        finally:
            _release(connection)


def _acquire(connection: Connection, wait_s: float, on_wait: Callable[[Holder], None]) -> None:
    deadline = time.monotonic() + wait_s
    told: Holder | None = None
    while not _try(connection):
        holder = find_holder(connection)
        if holder is not None and holder != told:
            told = holder
            on_wait(holder)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _not_acquired(connection.info.dbname, wait_s, holder or told)
        time.sleep(min(left, random.uniform(*_PAUSE_S)))  # noqa: S311  so that waiters do not ask in step


def _try(connection: Connection) -> bool:
    with translated("asking for the apply lock"):
        row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (APPLY_LOCK_KEY,)).fetchone()
    return bool(row and row[0])


def _release(connection: Connection) -> None:
    """The session's end releases it as well, but a moment later."""
    with contextlib.suppress(psycopg.Error):
        connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (APPLY_LOCK_KEY,))


def find_holder(connection: Connection) -> Holder | None:
    rows = read_rows(connection, "apply_lock_holder", {"key": APPLY_LOCK_KEY})
    return Holder(**rows[0]) if rows else None


def _not_acquired(database: str, wait_s: float, holder: Holder | None) -> LockNotAcquired:
    who = f" ({holder})" if holder else ""
    return LockNotAcquired(
        f"another application holds the apply lock of {database}{who} and did not release it within {wait_s:g} s; nothing "
        "was changed. Apply again when it has ended, or wait longer for it."
    )


def _ignore(_holder: Holder) -> None:
    """Whoever does not ask is told nothing."""
