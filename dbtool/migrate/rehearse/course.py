"""The revisions of a rehearsal as they run: which statements still hold their locks, and for how long the others did. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dbtool.locks.trace import RevisionTrace, StatementFailure, StatementTrace

UNSEEN = "-- not sent through SQLAlchemy"  # as child/statements.py calls work past it
_SAVEPOINT = re.compile(r"\s*savepoint\s+(\S+?)\s*;?\s*\Z", re.IGNORECASE)
_ROLLBACK_TO = re.compile(
    r"\s*rollback\s+(?:work\s+|transaction\s+)?to\s+(?:savepoint\s+)?(\S+?)\s*;?\s*\Z", re.IGNORECASE
)


@dataclass
class _Statement:
    """``ours_s`` is what it waited for us, and what looking took since it began; ``before_s`` what looking took before
    that. Its locks are held until its transaction ends.
    """

    trace: StatementTrace
    began_at: float
    ours_s: float
    before_s: float

    def close(self, at: float, ours_s: float) -> None:
        """``ours_s`` is that of this statement and of all that came after it. What is documented alone keeps 0 s."""
        held_s = max(at - self.began_at - ours_s, self.trace.seconds)
        locks = (replace(lock, held_s=held_s) if lock.measured else lock for lock in self.trace.locks)
        self.trace = replace(self.trace, locks=tuple(locks))


@dataclass
class _Revision:
    id: str
    status: str = "failed"  # until it has ended
    seconds: float = 0.0
    statements: list[_Statement] = field(default_factory=list)

    def trace(self, file: str) -> RevisionTrace:
        seconds = self.seconds - sum(each.before_s + each.ours_s for each in self.statements)
        statements = tuple(each.trace for each in self.statements)
        return RevisionTrace(self.id, file, self.status, max(seconds, 0.0), statements)


class Course:
    """Times are time.monotonic()."""

    def __init__(self) -> None:
        self._revisions: list[_Revision] = []
        self._open: list[_Statement] = []

    def begin(self, revision: str) -> None:
        self._revisions.append(_Revision(revision))

    def add(self, trace: StatementTrace, began_at: float, ours_s: float, before_s: float = 0.0) -> None:
        statement = _Statement(trace, began_at, ours_s, before_s)
        target = _ROLLBACK_TO.match(trace.sql)
        if target and trace.failure is None:
            self._close(self._place_of(target[1]), began_at)
        self._open.append(statement)
        self._revisions[-1].statements.append(statement)

    def finish(self, seconds: float) -> None:
        self._revisions[-1].seconds, self._revisions[-1].status = seconds, "ok"

    def fail(self, failure: StatementFailure | None = None) -> None:
        """``failure`` where it is PostgreSQL's; if no statement shows it, it came by another way than SQLAlchemy."""
        if not self._revisions:
            return
        current = self._revisions[-1]
        current.status = "failed"
        current.seconds = current.seconds or sum(
            each.trace.seconds + each.before_s + each.ours_s for each in current.statements
        )
        last = current.statements[-1].trace.failure if current.statements else None
        if failure is not None and last is None:
            current.statements.append(
                _Statement(StatementTrace(0, UNSEEN, 0.0, failure=failure), 0.0, 0.0, 0.0)
            )

    def end_transaction(self, at: float) -> None:
        self._close(0, at)

    def traces(self, files: Mapping[str, str]) -> tuple[RevisionTrace, ...]:
        return tuple(each.trace(files.get(each.id, "")) for each in self._revisions)

    def _place_of(self, savepoint: str) -> int:
        """Of the first open statement after it."""
        for place in range(len(self._open), 0, -1):
            found = _SAVEPOINT.match(self._open[place - 1].trace.sql)
            if found and found[1] == savepoint:
                return place
        return len(self._open)

    def _close(self, first: int, at: float) -> None:
        ours_s = 0.0
        for each in reversed(self._open[first:]):
            ours_s += each.ours_s
            each.close(at, ours_s)
            ours_s += each.before_s
        del self._open[first:]
