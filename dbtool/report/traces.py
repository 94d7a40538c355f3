"""A traced statement in words: what it did, what it locked, whether anybody has to know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.findings import Finding, Severity
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import HeldLock, IndexBuild, RevisionTrace, RowChange, StatementTrace
from dbtool.locks.wording import spell_seconds
from dbtool.report.numbers import human_count

_INDEXES = frozenset("iI")
_SEEN_AS_ITS_TABLE = frozenset("tS")  # TOAST and sequences are locked with their table


def is_telling(statement: StatementTrace) -> bool:
    """Whether it is worth a reader's time: it failed, worked, made others wait, or something was found."""
    return bool(
        statement.failure
        or list(describe_work(statement))
        or any(lock.mode.blocks_writes for lock in telling_locks(statement))
        or any(finding.severity is not Severity.INFO for finding in statement.findings)
    )


def telling_locks(statement: StatementTrace) -> tuple[HeldLock, ...]:
    """Strongest first. Those that make others wait, else the strongest there is.

    An index is locked with its table: it counts only where its own lock is the stronger one.
    """
    locks = sorted(statement.locks, key=lambda lock: (-lock.mode, lock.relation))
    tables = [lock for lock in locks if lock.kind not in _INDEXES | _SEEN_AS_ITS_TABLE]
    strongest = max((lock.mode for lock in tables), default=0)
    indexes = [lock for lock in locks if lock.kind in _INDEXES and lock.mode > strongest]
    blocking = tuple(lock for lock in (*indexes, *tables) if lock.mode.blocks_writes)
    return blocking or tuple(tables[:1])


def describe_lock(lock: HeldLock) -> str:
    held = f"for {spell_seconds(lock.held_s)}" if lock.measured else "(documented, not measured)"
    return f"on {lock.relation} {held}: {describe_waiting(lock)}"


def describe_waiting(lock: HeldLock) -> str:
    if lock.mode.blocks_reads:
        return "reads and writes wait"
    if lock.mode.blocks_writes:
        return "writes wait"
    if lock.mode in {LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE}:
        return "who writes the same rows waits"
    return "reads and writes go on"


def describe_work(statement: StatementTrace) -> Iterator[str]:
    """What it did to relations, each as a phrase."""
    for relation in statement.rewrites:
        yield f"rewrote {relation}"
    for relation in statement.scans:
        yield f"read all of {relation}"
    for build in statement.index_builds:
        yield _describe_build(build)
    for change in statement.row_changes:
        yield from _describe_rows(change)
    if statement.dropped:
        yield f"dropped {', '.join(statement.dropped)}"


def _describe_build(build: IndexBuild) -> str:
    how = " concurrently" if build.concurrently else ""
    return f"built index {build.index} on {build.table}{how}"


def _describe_rows(change: RowChange) -> Iterator[str]:
    if change.truncated:
        yield f"truncated {change.relation}"
    counts = (("inserted", change.inserted), ("updated", change.updated), ("deleted", change.deleted))
    for verb, count in counts:
        if count:
            yield f"{verb} {count_of(count, 'row')} of {change.relation}"


def describe_status(revision: RevisionTrace) -> str:
    if revision.status == "not run":
        return revision.status
    verb = "ran" if revision.status == "ok" else revision.status
    return f"{verb} in {spell_seconds(revision.seconds)}"


def describe_failure(statement: StatementTrace) -> str:
    """Empty where it did not fail."""
    if statement.failure is None:
        return ""
    message, sqlstate = statement.failure.message, statement.failure.sqlstate
    return f"{message} ({sqlstate})" if sqlstate and sqlstate not in message else message


def place_of(revision: RevisionTrace, statement: StatementTrace) -> str:
    return f"{revision.file}:{statement.line}" if statement.line else revision.file


def elsewhere(finding: Finding, revision: RevisionTrace, statement: StatementTrace) -> str:
    """Where the finding is, unless that is the very statement it is told under."""
    here = (place_of(revision, statement), f"{revision.id}, statement {statement.ordinal}")
    return "" if finding.where in here else finding.where


def count_of(count: int, noun: str) -> str:
    """``1 row``, ``12,345 rows``."""
    return f"{human_count(count)} {noun}{'' if count == 1 else 's'}"


def list_in_words(words: Iterable[str]) -> str:
    """``a, b and c``."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last
