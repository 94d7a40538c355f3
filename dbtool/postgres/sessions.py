"""Who else is at work in a database, and would keep ACCESS EXCLUSIVE from being granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import quote_identifier
from dbtool.errors import PrivilegeMissing
from dbtool.postgres.session import Connection, translated
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
    ended = [one.pid for one in transactions if one.is_dbtool_reading]
    try:
        with translated("ending dbtool's own refresh"):
            for pid in ended:
                connection.execute("SELECT pg_catalog.pg_terminate_backend(%s, 5000)", (pid,))
    except PrivilegeMissing as error:
        role = quote_identifier(connection.info.user)
        raise PrivilegeMissing(
            f"{error}; no revision was applied. Grant it: GRANT pg_signal_backend TO {role}, or wait for the refresh to end"
        ) from None
    return tuple(ended)
