"""Who else is at work in a database, and would keep ACCESS EXCLUSIVE from being granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import quote_identifier
from dbtool.errors import Busy, PrivilegeMissing
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows

# Those of dbtool's own runs that read a database for as long as they last.
_READING = ("dbtool refresh", "dbtool rehearse")


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """``state`` and ``transaction_s`` are None where the role may not see them; ``relations`` are those it has locked, in
    whichever mode.
    """

    pid: int
    application_name: str
    role: str
    state: str | None
    transaction_s: float | None
    relations: tuple[str, ...]
    is_autovacuum: bool = False
    prevents_wraparound: bool = False

    @property
    def is_dbtool_reading(self) -> bool:
        return self.application_name.startswith(_READING)


@dataclass(frozen=True, slots=True)
class PreparedTransaction:
    """It outlives its session and the server's restart, and keeps its locks until somebody ends it."""

    gid: str
    owner: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Obstacles:
    transactions: tuple[OpenTransaction, ...] = ()
    prepared: tuple[PreparedTransaction, ...] = ()


def read_obstacles(connection: Connection) -> Obstacles:
    """Everybody's open transactions in this database but our own, the oldest first."""
    rows = read_rows(connection, "open_transactions", doing="looking at other sessions")
    prepared = read_rows(connection, "prepared_transactions", doing="looking at prepared transactions")
    return Obstacles(
        tuple(OpenTransaction(**{**row, "relations": tuple(row["relations"])}) for row in rows),
        tuple(PreparedTransaction(**row) for row in prepared),
    )


def end_dbtool_reading(connection: Connection, transactions: Sequence[OpenTransaction]) -> tuple[int, ...]:
    """End the sessions of dbtool's own refreshes and rehearsals among ``transactions``; returns their pids.

    Their snapshot is held by a session that waits for its client: to cancel its statement would do nothing.

    :raises PrivilegeMissing: with the GRANT.
    """
    return _end(connection, [one.pid for one in transactions if one.is_dbtool_reading])


def end_abandoned(connection: Connection, application_name: str) -> tuple[int, ...]:
    """End this database's other sessions of exactly that name; returns their pids. Call it while holding the apply lock:
    whoever they worked for held it before, and is dead, but a statement it had sent runs on until it is done.

    :raises PrivilegeMissing: with the GRANT.
    """
    with translated("looking for sessions that were left behind"):
        rows = connection.execute(
            "SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() "
            "AND application_name = %s AND pid <> pg_catalog.pg_backend_pid()",
            (application_name,),
        ).fetchall()
    return _end(connection, [int(pid) for (pid,) in rows])


def _end(connection: Connection, pids: Sequence[int]) -> tuple[int, ...]:
    try:
        with translated("ending sessions of dbtool's own"):
            for pid in pids:
                row = connection.execute(
                    "SELECT pg_catalog.pg_terminate_backend(%s, 5000) OR NOT EXISTS "
                    "(SELECT FROM pg_catalog.pg_stat_activity WHERE pid = %s)",
                    (pid, pid),
                ).fetchone()
                if not row or not row[0]:
                    raise Busy(
                        f"pid {pid} is a session of an earlier run of dbtool's, was told to end, and did not within 5 s; "
                        "nothing was applied. Apply again when it has ended."
                    )
    except PrivilegeMissing as error:
        role = quote_identifier(connection.info.user)
        listed = ", ".join(map(str, pids))
        raise PrivilegeMissing(
            f"{error} (pid {listed}); no revision was applied. Grant it: GRANT pg_signal_backend TO {role}, or wait until they "
            "have ended"
        ) from None
    return tuple(pids)
