"""Stands over an application: what is sent is what was rehearsed, and whatever commits leaves a trace in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dbtool.author import Author
from dbtool.errors import DbtoolError, RevisionEdited
from dbtool.ledger import Event, JournalEntry
from dbtool.locks.blocks import controls_transactions, may_end_its_transaction, must_stand_alone
from dbtool.locks.statements import parse_statements
from dbtool.migrate.apply import effects, resume
from dbtool.migrate.apply.journal import Journal
from dbtool.migrate.gate.decide import Approval, require_transaction_mode
from dbtool.migrate.request import Observer
from dbtool.migrate.revisions.canonical import is_plain_dml, statement_digest
from dbtool.migrate.runner.overseer import Answer, Go, Skip, StatementEnd, StatementStart, Stop
from dbtool.postgres.ledger import render_finish
from dbtool.postgres.session import Connection

APPLICATION_NAME = "dbtool migrate apply"
# Re-asserted before each statement: a revision that holds a pg_dump begins by resetting them.
_SESSION = (
    f"SET application_name = '{APPLICATION_NAME}'",
    "SET client_min_messages = warning",
    # A statement whose dbtool was killed ends with it; not every system that a server runs on can tell.
    (
        "DO $$ BEGIN PERFORM pg_catalog.set_config('client_connection_check_interval', '2s', false); "
        "EXCEPTION WHEN OTHERS THEN END $$"
    ),
)
_REFUSAL = "DO $$ BEGIN RAISE EXCEPTION 'dbtool stops the revision'; END $$"


@dataclass
class Applier:
    """One attempt. ``session`` is ours, in autocommit: the ledger's. ``approval`` holds what was rehearsed; ``journal`` what
    earlier runs committed of it, by revision and ordinal.

    ``touched`` are the revisions of which something was committed before their end, by this attempt or an earlier one;
    ``error`` is what we stopped for.
    """

    session: Connection
    author: Author
    digests: Mapping[str, str]
    approval: Approval
    journal: Mapping[str, Mapping[int, JournalEntry]]
    lock_timeout_ms: int
    observer: Observer
    files: Mapping[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    error: DbtoolError | None = None
    _ordinal: int = 0
    _ddl: int = 0

    def __post_init__(self) -> None:
        begun = {revision for revision, entries in self.journal.items() if entries}
        self._written = Journal(self.session, self.author.run_id, touched=begun)

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(self._written.touched)

    def connected(self, pid: int) -> None:
        """The child proved where it is."""

    def configured(self, transaction_mode: str) -> None:
        """What is wrong stops the first statement."""
        try:
            require_transaction_mode(self.approval, transaction_mode)
        except DbtoolError as error:
            self.error = error

    def revision_begins(self, revision: str) -> None:
        self._ordinal = self._ddl = 0
        self._written.begin_revision(revision)
        self.observer.revision(revision, self.files.get(revision, ""))

    def statement_begins(self, start: StatementStart) -> Answer:
        self._ordinal = start.ordinal
        if self.error is not None:
            return Stop(str(self.error))
        try:
            digest = statement_digest(start.sql)
            self._require_rehearsed(start, digest)
            return self._answer(start, resume.journal_digest(digest, start.parameters))
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
        entry = self.journal.get(start.revision, {}).get(start.ordinal)
        decision = self._decide(start, digest, entry)
        if decision is resume.Resume.SKIP:
            self.skipped[start.revision] = self.skipped.get(start.revision, 0) + 1
            return Skip(resume.read_rowcount(entry), first=effects.find_settings(start.sql))
        is_dropped = decision is resume.Resume.DROP_AND_RUN
        alone = must_stand_alone(start.sql) or may_end_its_transaction(start.sql)
        first = (*self._first(start.sql, alone=alone), *([effects.drop_index(start.sql)] * is_dropped))
        if start.in_transaction:
            return Go(first=(*first, *self._in_transaction(start, digest)))
        if alone or controls_transactions(start.sql):
            self._written.begin_alone(start, digest, is_dropped=is_dropped)
            return Go(first=first)
        # In a block of its own the statement and its row in the journal commit together.
        self._written.wait_alone(start, digest)
        return Go(in_block=True, first=first)

    def _decide(self, start: StatementStart, digest: str, entry: JournalEntry | None) -> resume.Resume:
        in_doubt = entry is not None and entry.done_at is None
        state = self._written.look_for(effects.describe_effect(start.sql)) if in_doubt else None
        return resume.decide(start.sql, entry, digest, state)

    def _in_transaction(self, start: StatementStart, digest: str) -> Sequence[str]:
        """A COMMIT that the revision spells out takes what is noted with it, and a ROLLBACK takes it away."""
        words = [word for one in parse_statements(start.sql) for word in one.words[:2]]
        if words[:1] in (["COMMIT"], ["END"]):
            return self._written.commit(-1)
        if words[:1] in (["ROLLBACK"], ["ABORT"]) and words[1:2] != ["TO"]:
            self._written.transaction_ended(committed=False)
        else:
            self._written.wait(start, digest)
        return ()

    def _first(self, sql: str, *, alone: bool) -> tuple[str, ...]:
        """Building an index concurrently waits for transactions, not for a lock that others queue behind."""
        timeout = 0 if alone and effects.locks_nobody_out(sql) else self.lock_timeout_ms
        return (*_SESSION, f"SET lock_timeout = '{timeout}ms'")

    def statement_ended(self, end: StatementEnd) -> None:
        self._written.end(end)

    def committing(self, rowcount: int) -> Sequence[str]:
        return self._written.commit(rowcount)

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:
        try:
            self._require_whole(revision)
        except DbtoolError as error:
            self.error = error
            return (_REFUSAL,)
        self.seconds[revision] = seconds
        finish = self.author.event(Event.FINISH, revision, self.digests[revision], duration_s=seconds)
        return (render_finish(finish),)

    def _require_whole(self, revision: str) -> None:
        """:raises DbtoolError: we stopped before, or the revision does less than it did in its rehearsal or an earlier run."""
        if self.error is not None:
            raise self.error
        resume.require_all(revision, self._ordinal, self.journal.get(revision, {}))
        rehearsed = (self.approval.rehearsed or {}).get(revision, ())
        if self._ddl < len(rehearsed):
            raise RevisionEdited(
                f"revision {revision} sent {self._ddl} statements that change definitions, and {len(rehearsed)} in its rehearsal, "
                "though the file is the same: it depends on data, time or surroundings. Its transaction was rolled back. "
                f"Rehearse again: dbtool migrate rehearse --target {self.author.target}"
            )

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:  # noqa: ARG002  the overseer's signature
        """Whoever started the attempt looks at how it ended."""
        self._written.revision_failed(sqlstate)

    def transaction_ended(self, *, committed: bool, at: float) -> None:  # noqa: ARG002  the overseer's signature
        self._written.transaction_ended(committed=committed)
