"""Stands over a rehearsal: what each statement locked, rewrote, scanned, changed and for how long it kept its locks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from dbtool.catalog.relations import RelationName
from dbtool.locks.blocks import controls_transactions
from dbtool.locks.statements import parse_statements
from dbtool.locks.trace import HeldLock, RevisionTrace, StatementFailure, StatementTrace
from dbtool.migrate import changes
from dbtool.migrate.changes import Span
from dbtool.migrate.notices import parse_notices
from dbtool.migrate.observation import (
    NOTHING_SEEN,
    Known,
    Observation,
    SeenRelation,
    commit,
    parse_columns,
    parse_observation,
)
from dbtool.migrate.observed_work import find_work
from dbtool.migrate.overseer import Answer, Go, StatementEnd, StatementStart
from dbtool.postgres.held_locks import read_known_relations
from dbtool.postgres.session import Connection, connect, describe_failure

_APPLICATION_NAME = "dbtool rehearse"


@dataclass
class _Statement:
    """``ours_s`` is the time that looking took, ``waited_s`` what we made it wait. ``locks`` say how long once the
    transaction has ended.
    """

    trace: StatementTrace
    began_at: float
    ours_s: float
    waited_s: float = 0.0
    is_open: bool = True


@dataclass
class _Revision:
    id: str
    status: str = "failed"  # until it has ended
    seconds: float = 0.0
    began_at: float = field(default_factory=time.monotonic)
    statements: list[_Statement] = field(default_factory=list)

    @property
    def ours_s(self) -> float:
        return sum(each.ours_s + each.waited_s for each in self.statements)


class Tracer:
    """An overseer. ``superuser_url`` is the clone's, ``files`` the revisions' files by their ids, as shown to people."""

    def __init__(self, superuser_url: str, files: Mapping[str, str]) -> None:
        self._url = superuser_url
        self._files = files
        self._stack = ExitStack()
        self._revisions: list[_Revision] = []
        self._committed: Known = {}
        self._seen = NOTHING_SEEN
        self._began = ""
        self._in_block = False

    def __enter__(self) -> Self:
        self._session: Connection = self._stack.enter_context(
            connect(self._url, application_name=_APPLICATION_NAME)
        )
        self._committed = self._read_committed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def revisions(self) -> tuple[RevisionTrace, ...]:
        """In the order run; one that did not come to its end is failed."""
        return tuple(
            RevisionTrace(
                id=each.id,
                file=self._files.get(each.id, ""),
                status=each.status,
                seconds=max(each.seconds - each.ours_s, 0.0),
                statements=tuple(one.trace for one in each.statements),
            )
            for each in self._revisions
        )

    def connected(self, pid: int) -> None:
        """Each statement names the session that it comes from."""

    def revision_begins(self, revision: str) -> None:
        self._revisions.append(_Revision(revision))

    def statement_begins(self, start: StatementStart) -> Answer:
        self._in_block = (
            not start.in_transaction and start.ordinal > 0 and not controls_transactions(start.sql)
        )
        return Go(in_block=self._in_block)

    def statement_ended(self, end: StatementEnd) -> None:
        span = self._span(end)
        trace = _assemble(end, span)
        ours_s = end.sources.get("ours_s", 0.0)
        self._revisions[-1].statements.append(_Statement(trace, end.began_at, ours_s))
        if not end.start.in_transaction:
            self._close_all(end.ended_at)
            self._committed, self._seen = span.committed_after, NOTHING_SEEN

    def committing(self) -> Sequence[str]:
        return ()

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:  # noqa: ARG002  the overseer's signature
        self._revisions[-1].seconds = seconds
        self._revisions[-1].status = "ok"
        return ()

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:  # noqa: ARG002  as above
        current = self._revisions[-1]
        current.status = "failed"
        current.seconds = time.monotonic() - current.began_at

    def transaction_ended(self, *, committed: bool, at: float) -> None:
        self._close_all(at)
        if committed:
            self._committed = commit(self._seen, self._committed)
        elif self._revisions and self._seen is not NOTHING_SEEN:
            self._revisions[-1].status = "failed"
        self._seen, self._began = NOTHING_SEEN, ""

    def _span(self, end: StatementEnd) -> Span:
        """What lies around the statement. Of one that committed by itself the catalog is read again."""
        if end.failed and end.start.in_transaction:
            return Span(self._committed, self._committed, self._seen, self._seen)
        before = self._before(end)
        after = parse_observation(end.sources["after"]) if "after" in end.sources else before
        committed_after = self._committed if end.start.in_transaction else self._read_committed()
        self._seen, self._began = after, end.sources.get("began", "")
        return Span(self._committed, committed_after, before, after)

    def _before(self, end: StatementEnd) -> Observation:
        """Where the server's transaction is another, SQL that nobody told of has ended ours: a COMMIT in the text."""
        if self._began not in {"", end.sources.get("began", "")}:
            self._close_all(end.began_at)
            self._committed, self._seen = self._read_committed(), NOTHING_SEEN
        told = end.sources.get("before")
        return self._seen if told is None else parse_observation(told)

    def _close_all(self, at: float) -> None:
        """A transaction has ended: its locks are gone."""
        later_s = 0.0
        for revision in reversed(self._revisions):
            for each in reversed(revision.statements):
                if not each.is_open:
                    return
                later_s += each.ours_s
                _close(each, at, later_s)

    def _read_committed(self) -> Known:
        return {
            row["oid"]: SeenRelation(
                row["oid"],
                RelationName(row["schema"], row["name"]),
                row["kind"],
                row["filenode"],
                row["table_oid"],
                parse_columns(row["columns"]),
            )
            for row in read_known_relations(self._session)
        }


def _close(statement: _Statement, at: float, ours_s: float) -> None:
    held_s = max(at - statement.began_at - statement.waited_s - ours_s, statement.trace.seconds)
    locks = tuple(replace(lock, held_s=held_s) for lock in statement.trace.locks)
    statement.trace = replace(statement.trace, locks=locks)
    statement.is_open = False


def _assemble(end: StatementEnd, span: Span) -> StatementTrace:
    parsed = parse_statements(end.start.sql)
    work = find_work(span, parse_notices(end.sources.get("notices", ())), parsed)
    return StatementTrace(
        ordinal=end.start.ordinal,
        sql=end.start.sql,
        seconds=end.seconds,
        line=end.start.line,
        in_transaction=end.start.in_transaction,
        failure=StatementFailure(end.sqlstate, describe_failure(end.message, end.sqlstate))
        if end.failed
        else None,
        locks=_held(span),
        rewrites=work.rewrites,
        scans=work.scans,
        index_builds=work.index_builds,
        row_changes=changes.row_changes(span, work.truncated),
        column_changes=changes.column_changes(span),
        created=changes.created(span),
        dropped=changes.dropped(span),
        renamed=changes.renamed(span),
    )


def _held(span: Span) -> tuple[HeldLock, ...]:
    """The strongest first."""
    locks = [HeldLock(str(one.name), mode, 0.0, one.kind) for one, mode in changes.new_locks(span)]
    return tuple(sorted(locks, key=lambda lock: (-lock.mode, lock.kind in "iItS", lock.relation)))
