"""How long a session that reads waits for a lock, and what is said when it had to wait longer."""

from __future__ import annotations

from typing import LiteralString

from dbtool.errors import Busy
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

LOCK_TIMEOUT_S = 10  # for DDL that gives up by itself; other DDL waits for us, and we would wait for it


def queued(what: object) -> Busy:
    return Busy(
        f"DDL waits to lock {what}, for longer than {LOCK_TIMEOUT_S} s now: it waits for this run's snapshot, and "
        "further reads queue behind it. The run was ended; nothing was swapped. Run it again when the DDL has ended, "
        "or read from a standby."
    )


def limit_lock_waits(connection: Connection) -> None:
    """For a session that reads in a snapshot which another one holds."""
    with translated("preparing a session to read"):
        connection.execute(limit_lock_waits_sql())


def limit_lock_waits_sql() -> LiteralString:
    return f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"
