"""Stands over a rehearsal: what each statement locked, rewrote, scanned, changed and for how long it kept its locks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from dbtool.catalog.relations import RelationName
from dbtool.locks.outside import find_way_out
from dbtool.locks.trace import RevisionTrace, StatementFailure
from dbtool.migrate.rehearse.assembly import assemble, shows_anything
from dbtool.migrate.rehearse.changes import Span
from dbtool.migrate.rehearse.course import Course
from dbtool.migrate.rehearse.observation import (
    NOTHING_SEEN,
    Known,
    SeenRelation,
    Sighting,
    commit,
    lacks_columns,
    parse_columns,
    parse_difference,
)
from dbtool.migrate.rehearse.standing_alone import fits_block, plan_hold
from dbtool.migrate.runner.overseer import Answer, Go, StatementEnd, StatementStart, Stop
from dbtool.postgres.held_locks import LockWatch, Watched, read_known_relations
from dbtool.postgres.server_errors import describe_failure
from dbtool.postgres.session import Connection, connect

_APPLICATION_NAME = "dbtool rehearse"


class Tracer:
    """An overseer. ``superuser_url`` is the clone's, ``files`` the revisions' files by their ids, as shown to people."""

    def __init__(self, superuser_url: str, files: Mapping[str, str]) -> None:
        self._url = superuser_url
        self._files = files
        self._stack = ExitStack()
        self._course = Course()
        self._committed: Known = {}
        self._told = self._seen = NOTHING_SEEN  # by the child at all; of the transaction that runs
        self._began = ""  # the child's transaction, by the server's clock
        self._alone = False
        self._watch: LockWatch | None = None

    def __enter__(self) -> Self:
        self._watcher, self._holder = self._connect(), self._connect()
        self._committed = self._read_committed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_watch(0.0)  # a child that died has told of no end
        self._stack.close()

    def _connect(self) -> Connection:
        return self._stack.enter_context(connect(self._url, application_name=_APPLICATION_NAME))

    def revisions(self) -> tuple[RevisionTrace, ...]:
        """In the order run; one that did not come to its end is failed."""
        return self._course.traces(self._files)

    def connected(self, pid: int) -> None:
        """Each statement names the session that it comes from."""

    def configured(self, transaction_mode: str) -> None:
        """The run's outcome says it."""

    def revision_begins(self, revision: str) -> None:
        self._course.begin(revision)

    def statement_begins(self, start: StatementStart) -> Answer:
        self._alone = False
        if way := find_way_out(start.sql):
            return Stop(
                f"{way}: on a clone, too, it would reach what is no clone, so that it was not sent. Take it out of the "
                "migrations; whoever administers the server does it, beside the release"
            )
        if start.in_transaction or not start.ordinal:
            return Go()
        self._committed = self._read_committed()  # Alembic makes its own table before the first revision
        if fits_block(start.sql, self._committed):
            return Go(in_block=True)
        self._alone = True
        self._begin_watch(start)
        return Go()

    def _begin_watch(self, start: StatementStart) -> None:
        hold = plan_hold(start.sql, self._committed)
        if hold is not None:
            self._watch = LockWatch(self._watcher, self._holder, start.pid)
            self._watch.start([each.name for each in hold.relations], hold.mode)

    def _end_watch(self, ended_at: float) -> Watched:
        watch, self._watch = self._watch, None
        return watch.stop(ended_at) if watch else Watched()

    def statement_ended(self, end: StatementEnd) -> None:
        watched = self._end_watch(end.ended_at)
        span = self._span(end, watched)
        trace = assemble(end, span, alone=self._alone, waited_s=watched.waited_s)
        ours_s = end.sources.get("ours_s", 0.0) + watched.waited_s
        if end.start.ordinal or shows_anything(trace):
            self._course.add(trace, end.began_at, ours_s, end.sources.get("before_s", 0.0))
        if not end.start.in_transaction:
            self._course.end_transaction(end.ended_at + end.sources.get("ours_s", 0.0))
            self._committed, self._seen, self._began = span.committed_after, NOTHING_SEEN, ""

    def committing(self, rowcount: int) -> Sequence[str]:  # noqa: ARG002  the overseer's signature
        return ()

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:  # noqa: ARG002  the overseer's signature
        self._course.finish(seconds)
        return ()

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:  # noqa: ARG002  as above
        failure = StatementFailure(sqlstate, describe_failure(message, sqlstate)) if sqlstate else None
        self._course.fail(failure)

    def transaction_ended(self, *, committed: bool, at: float) -> None:
        """A revision's COMMIT may fail after its end, of a deferred constraint."""
        self._course.end_transaction(at)
        if committed:
            self._committed = commit(self._seen, self._committed)
        elif self._seen is not NOTHING_SEEN:
            self._course.fail()
        self._seen, self._began = NOTHING_SEEN, ""

    def _span(self, end: StatementEnd, watched: Watched) -> Span:
        """What lies around the statement. Of one that committed by itself the catalog is read again."""
        path = tuple(json.loads(end.sources.get("path", "[]")))
        if end.failed and end.start.in_transaction:
            return Span(self._committed, self._committed, self._seen, self._seen, path=path)
        if end.failed or self._alone:
            committed = self._read_committed()
            after = {oid: Sighting(oid, mode, committed.get(oid)) for oid, mode in watched.locks.items()}
            return Span(self._committed, committed, NOTHING_SEEN, after, path=path)
        self._notice_hidden_commit(end)
        before, _ = parse_difference(self._told, end.sources["before"])
        self._told, touched = parse_difference(before, end.sources["after"])
        if lacks_columns(touched, self._told, self._committed):
            self._committed = self._read_committed()  # the child waits for us before it commits
        committed = self._committed
        if end.start.in_transaction:
            self._seen, self._began = self._told, end.sources["began"]
        else:
            committed = self._read_committed()
        return Span(self._committed, committed, before, self._told, touched, path)

    def _notice_hidden_commit(self, end: StatementEnd) -> None:
        """Where the server's transaction is another, SQL that nobody told of has ended ours: a COMMIT in the text."""
        if self._began not in {"", end.sources["began"]}:
            self._course.end_transaction(end.began_at)
            self._committed = self._read_committed()

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
            for row in read_known_relations(self._watcher)
        }
