"""Stands over an application: what is sent is what was rehearsed, and whatever commits leaves a trace in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dbtool.author import Author
from dbtool.errors import DbtoolError, RevisionEdited
from dbtool.ledger import Event, JournalEntry
from dbtool.locks.blocks import controls_transactions, must_stand_alone
from dbtool.migrate import resume
from dbtool.migrate.canonical import is_plain_dml, statement_digest
from dbtool.migrate.gate import Approval, require_transaction_mode
from dbtool.migrate.overseer import Answer, Go, Skip, StatementEnd, StatementStart, Stop
from dbtool.migrate.request import Observer
from dbtool.postgres.index_state import find_index_validity
from dbtool.postgres.ledger import begin_statement, end_statement, render_done, render_finish
from dbtool.postgres.session import Connection

APPLICATION_NAME = "dbtool migrate apply"
# Re-asserted before each statement: a revision that holds a pg_dump begins by resetting them.
_SESSION = (
    f"SET application_name = '{APPLICATION_NAME}'",
    "SET client_min_messages = warning",
    "SET client_connection_check_interval = '2s'",  # a statement whose dbtool was killed ends with it
)


@dataclass
class Applier:
    """One attempt. ``session`` is ours, in autocommit: the ledger's. ``approval`` holds what was rehearsed; ``journal`` what earlier runs committed of it, by revision and ordinal.

    ``touched`` are the revisions of which something is committed and the end is not; ``error`` is what we stopped for.
    """

    session: Connection
    author: Author
    digests: Mapping[str, str]
    approval: Approval
    journal: Mapping[str, Mapping[int, JournalEntry]]
    lock_timeout_ms: int
    observer: Observer
    files: Mapping[str, str]
    touched: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    error: DbtoolError | None = None
    _revision: str = ""
    _ddl: int = 0
    _uncommitted: dict[int, tuple[str, int]] = field(default_factory=dict)
    _alone: int | None = None

    def connected(self, pid: int) -> None:
        """The child proved where it is."""

    def configured(self, transaction_mode: str) -> None:
        """What is wrong stops the first statement."""
        try:
            require_transaction_mode(self.approval, transaction_mode)
        except DbtoolError as error:
            self.error = error

    def revision_begins(self, revision: str) -> None:
        self._revision, self._ddl, self._uncommitted, self._alone = revision, 0, {}, None
        self.observer.revision(revision, self.files.get(revision, ""))

    def statement_begins(self, start: StatementStart) -> Answer:
        digest = statement_digest(start.sql)
        if self.error is not None:
            return Stop(str(self.error))
        try:
            self._require_rehearsed(start, digest)
            return self._answer(start, digest)
        except DbtoolError as error:
            self.error = error
            return Stop(str(error))

    def _require_rehearsed(self, start: StatementStart, digest: str) -> None:
        """DDL in the order of the rehearsal. How often data is changed may depend on the data.

        :raises RevisionEdited: it is another statement; nothing of it was sent.
        """
        if self.approval.rehearsed is None or is_plain_dml(start.sql):
            return
        expected = self.approval.rehearsed.get(start.revision, ())
        if self._ddl >= len(expected) or expected[self._ddl] != digest:
            raise self._not_rehearsed(start)
        self._ddl += 1

    def _not_rehearsed(self, start: StatementStart) -> RevisionEdited:
        at = f" (line {start.line})" if start.line else ""
        return RevisionEdited(
            f"statement {start.ordinal} of revision {start.revision}{at} is not the one that was rehearsed, though the "
            "file is: it depends on data, time or surroundings. It was not sent, and its transaction was rolled back. "
            f"Rehearse again: dbtool migrate rehearse --target {self.author.target}"
        )

    def _answer(self, start: StatementStart, digest: str) -> Answer:
        self.observer.statement(start.sql)
        alone = must_stand_alone(start.sql)
        first = self._first(alone=alone)
        entry = self.journal.get(start.revision, {}).get(start.ordinal)
        match self._decide(start, digest, entry):
            case resume.Resume.SKIP:
                self.skipped[start.revision] = self.skipped.get(start.revision, 0) + 1
                self.touched.add(start.revision)
                return Skip(resume.read_rowcount(entry))
            case resume.Resume.DROP_AND_RUN:
                first = (*first, resume.drop_index(start.sql))
        if start.in_transaction:
            self._uncommitted[start.ordinal] = (digest, -1)
            return Go(first=first)
        return self._by_itself(start, digest, first, alone=alone)

    def _decide(self, start: StatementStart, digest: str, entry: JournalEntry | None) -> resume.Resume:
        if entry is None:
            return resume.Resume.RUN
        if is_plain_dml(start.sql) and start.sql.lstrip()[:6].upper() == "SELECT":
            return resume.Resume.RUN  # the revision wants to read
        effect = resume.describe_effect(start.sql)
        if not effect.index:
            return resume.decide(start.sql, entry, digest, None)
        validity = find_index_validity(self.session, effect.index, effect.table)
        return resume.decide(start.sql, entry, digest, resume.index_state(validity))

    def _by_itself(
        self, start: StatementStart, digest: str, first: tuple[str, ...], *, alone: bool
    ) -> Answer:
        """In a block of its own the statement and its row in the journal commit together. What PostgreSQL refuses to run
        in one is noted before, and its end after.
        """
        if not alone and not controls_transactions(start.sql):
            self._uncommitted = {start.ordinal: (digest, -1)}
            return Go(in_block=True, first=first)
        self._alone = begin_statement(
            self.session,
            run_id=self.author.run_id,
            revision=start.revision,
            ordinal=start.ordinal,
            digest=digest,
            effect=resume.describe_effect(start.sql).render(),
        )
        self.touched.add(start.revision)
        return Go(first=first)

    def _first(self, *, alone: bool) -> tuple[str, ...]:
        """Building an index concurrently waits for transactions, not for a lock that others queue behind."""
        timeout = 0 if alone else self.lock_timeout_ms
        return (*_SESSION, f"SET lock_timeout = '{timeout}ms'")

    def statement_ended(self, end: StatementEnd) -> None:
        if self._alone is not None and not end.failed:
            end_statement(self.session, self._alone)
        self._alone = None
        ordinal = end.start.ordinal
        if ordinal in self._uncommitted:
            self._uncommitted[ordinal] = (self._uncommitted[ordinal][0], end.rowcount)

    def committing(self, rowcount: int) -> Sequence[str]:
        """A statement's end is told after the commit of its block: its ``rowcount`` comes with the question."""
        if not self._uncommitted:
            return ()
        rows = [
            (ordinal, digest, resume.spell_rowcount(rowcount if rowcount >= 0 else rows))
            for ordinal, (digest, rows) in self._uncommitted.items()
        ]
        self._uncommitted = {}
        self.touched.add(self._revision)
        return (render_done(self.author.run_id, self._revision, rows),)

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:
        self.seconds[revision] = seconds
        self.finished.append(revision)
        self.touched.discard(revision)
        self._uncommitted = {}
        return (
            render_finish(
                self.author.event(Event.FINISH, revision, self.digests[revision], duration_s=seconds)
            ),
        )

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:
        """Whoever started the attempt looks at how it ended."""

    def transaction_ended(self, *, committed: bool, at: float) -> None:  # noqa: ARG002  the overseer's signature
        if not committed:
            self._uncommitted = {}
