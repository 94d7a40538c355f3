"""What on the target would keep a revision waiting for its locks, and everybody else behind it. Findings are pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.findings import Finding, Severity
from dbtool.postgres.session import Connection
from dbtool.postgres.sessions import (
    Obstacles,
    OpenTransaction,
    PreparedTransaction,
    end_dbtool_reading,
    read_obstacles,
)
from dbtool.targets import Target

LONG_S = 30.0
_NAMED_RELATIONS = 3


def look_for_obstacles(
    target: Target, connection: Connection, *, cancel_refresh: bool = False
) -> tuple[Finding, ...]:
    """What is in the way now. With ``cancel_refresh`` dbtool's own readers are ended first.

    :raises PrivilegeMissing: they may not be ended.
    """
    obstacles = read_obstacles(connection)
    ended: tuple[int, ...] = ()
    if cancel_refresh:
        ended = end_dbtool_reading(connection, obstacles.transactions)
        obstacles = read_obstacles(connection)
    return (*_tell_ended(target, ended), *judge_obstacles(target, obstacles))


def _tell_ended(target: Target, ended: tuple[int, ...]) -> Iterator[Finding]:
    if ended:
        yield Finding(
            "refresh-ended",
            Severity.WARNING,
            target.name,
            f"a run of dbtool's was reading here and was ended as asked for (pid {', '.join(map(str, ended))}); "
            "what it was to replace is as it was",
            "start it again when the revisions are applied",
        )


def judge_obstacles(target: Target, obstacles: Obstacles) -> tuple[Finding, ...]:
    """A revision tries for as long as its patience lasts, so that nothing here is an error."""
    return (
        *_judge_readers(target, obstacles),
        *(_vacuuming(target, one) for one in obstacles.transactions if one.prevents_wraparound),
        *(_long(target, one) for one in obstacles.transactions if _is_long(one)),
        *(_prepared(target, one) for one in obstacles.prepared),
        *_judge_hidden(target, obstacles),
    )


def _judge_readers(target: Target, obstacles: Obstacles) -> Iterator[Finding]:
    readers = [one for one in obstacles.transactions if one.is_dbtool_reading]
    if not readers:
        return
    names = ", ".join(sorted({f"{one.application_name} (pid {one.pid})" for one in readers}))
    locked = len({relation for one in readers for relation in one.relations})
    yield Finding(
        "refresh-reading",
        Severity.WARNING,
        target.name,
        f"a refresh or rehearsal is reading here: {names}. It holds ACCESS SHARE on {locked} relation{'s' * (locked != 1)} "
        "until all rows are read, and no ALTER TABLE gets past that",
        f"wait for its end, or end it: dbtool migrate apply --target {target} --cancel-refresh",
    )


def _vacuuming(target: Target, one: OpenTransaction) -> Finding:
    return Finding(
        "vacuum-prevents-wraparound",
        Severity.WARNING,
        _where(target, one),
        f"autovacuum (pid {one.pid}) works against wraparound, and does not make way for DDL as it otherwise does",
        "let it end before applying what locks this table",
    )


def _is_long(one: OpenTransaction) -> bool:
    return (
        (one.transaction_s or 0) >= LONG_S
        and not one.is_dbtool_reading
        and not one.is_autovacuum  # it makes way, or is a finding of its own
    )


def _long(target: Target, one: OpenTransaction) -> Finding:
    who = f"pid {one.pid}, role {one.role}, {one.application_name or 'no application name'}"
    holding = "DDL on what it has locked" if one.relations else "CREATE INDEX CONCURRENTLY"
    return Finding(
        "long-transaction",
        Severity.WARNING,
        _where(target, one),
        f"a transaction ({who}) has been open for {one.transaction_s or 0:.0f} s and is {one.state}: {holding} waits for it",
        f"let it end, or end it: SELECT pg_terminate_backend({one.pid})",
    )


def _prepared(target: Target, one: PreparedTransaction) -> Finding:
    return Finding(
        "prepared-transaction",
        Severity.WARNING,
        target.name,
        f"a prepared transaction of {one.owner} has kept its locks for {one.seconds:.0f} s, and does so until it is ended",
        "see pg_prepared_xacts, then COMMIT PREPARED or ROLLBACK PREPARED",
    )


def _judge_hidden(target: Target, obstacles: Obstacles) -> Iterator[Finding]:
    hidden = [one for one in obstacles.transactions if one.state is None and one.transaction_s is None]
    if hidden:
        yield Finding(
            "sessions-hidden",
            Severity.INFO,
            target.name,
            f"{len(hidden)} session{'s' * (len(hidden) > 1)} of other roles have locked relations, and the role may not see "
            "since when",
            "GRANT pg_read_all_stats to the role that applies",
        )


def _where(target: Target, one: OpenTransaction) -> str:
    named = one.relations[:_NAMED_RELATIONS]
    more = len(one.relations) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "") if named else target.name
