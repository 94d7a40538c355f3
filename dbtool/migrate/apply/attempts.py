"""Pending revisions → the target: attempt after attempt while only a lock is in the way and nothing has been committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dbtool.author import Author, new_run_id
from dbtool.catalog.relations import RelationName
from dbtool.errors import (
    AnswerIsNo,
    ConfigurationInvalid,
    DbtoolError,
    LockNotAcquired,
    PartlyDone,
    RevisionEdited,
)
from dbtool.ledger import Event, JournalEntry, LedgerEvent
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.apply.resume import by_ordinal
from dbtool.migrate.gate.decide import Approval
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.result import AppliedRevision
from dbtool.migrate.revisions.history import History, Revision, find_destination
from dbtool.migrate.runner.ending import describe_elsewhere, describe_end, describe_other_table
from dbtool.migrate.runner.run import Outcome, Place, run_upgrade
from dbtool.migrate.target import TargetNow
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.apply_lock import ApplyLock, Holder
from dbtool.postgres.ledger import append_events, read_journal

# 55P03 lock_not_available, 40P01 deadlock_detected
LOCK_FAILURES = frozenset({"55P03", "40P01"})
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


def name_author(request: ApplyRequest) -> Author:
    return Author(new_run_id(request.now()), request.target.name, request.actor, request.git_commit)


def tell_holder(request: ApplyRequest) -> Callable[[Holder], None]:
    return lambda holder: request.observer.waiting(
        f"another application holds the lock of {request.target}: {holder}"
    )


@dataclass
class Attempts:
    request: ApplyRequest
    lock: ApplyLock
    author: Author
    history: History
    pending: Sequence[Revision]
    approval: Approval
    seen: TargetNow
    done: list[AppliedRevision] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def go(self) -> tuple[AppliedRevision, ...]:
        """Apply everything pending.

        :raises LockNotAcquired: a lock was not to be had; nothing was changed.
        :raises Drift: what env.py sent was not what had been rehearsed.
        :raises AnswerIsNo: a statement failed on the target; its revision was rolled back.
        :raises PartlyDone: some of it stands; the message says what.
        """
        left = list(self.pending)
        while left:
            applier, outcome = self._attempt(left)
            left = self._settle(left, applier)
            if not left:
                self._require_no_error(applier)
                break
            failed = _find_failed(left, outcome)
            if not self._should_retry(left, applier, outcome):
                raise self._failure(failed, left, applier, outcome)
            self._pause(failed, outcome)
        return tuple(self.done)

    def _require_no_error(self, applier: Applier) -> None:
        """Without transactions a version is stamped before anybody can object."""
        if applier.error is not None:
            applied = ", ".join(one.id for one in self.done)
            raise PartlyDone(
                f"{applier.error} The versions are stamped all the same: {applied}. Look at what they did: there is nothing "
                "left to apply."
            )

    def _event(self, event: Event, revision: str, detail: str = "") -> LedgerEvent:
        return self.author.event(event, revision, self.history.get(revision).digest, detail=detail)

    @property
    def _reason(self) -> str:
        """Why production came before staging, where it did."""
        reason = self.request.without_staging
        return f"without staging: {reason}" if reason else ""

    def _attempt(self, left: Sequence[Revision]) -> tuple[Applier, Outcome]:
        self.lock.require()
        applier = _StartingApplier(
            session=self.lock.connection,
            author=self.author,
            digests={one.id: one.digest for one in self.pending},
            approval=self.approval,
            journal=self._journal(left),
            lock_timeout_ms=self.request.lock_timeout_ms,
            observer=self.request.observer,
            files={one.id: one.file for one in left},
            begun=self.tries,
            reason=self._reason,
        )
        outcome = run_upgrade(
            self.request.project,
            Place(self.request.target.url()),
            revisions=[one.id for one in left],
            destination=find_destination(self.history),
            overseer=applier,
            trace=False,
            version_table=self.seen.version_table or RelationName("", "alembic_version"),
            contents={one.id: one.content for one in left if one.content},
        )
        return applier, outcome

    def _journal(self, left: Sequence[Revision]) -> dict[str, Mapping[int, JournalEntry]]:
        return {one.id: by_ordinal(read_journal(self.lock.connection, one.id)) for one in left}

    def _settle(self, left: list[Revision], applier: Applier) -> list[Revision]:
        """What the database says is applied, is; whatever the child said."""
        heads = current_heads(self.lock.connection, self.request.project.version_table)
        applied = self.history.ancestors(heads)
        for one in left:
            if one.id in applied:
                self.done.append(
                    AppliedRevision(
                        one.id,
                        one.file,
                        applier.seconds.get(one.id, 0.0),
                        self.tries.get(one.id, 1),
                        applier.skipped.get(one.id, 0),
                    )
                )
        return [one for one in left if one.id not in applied]

    def _should_retry(self, left: Sequence[Revision], applier: Applier, outcome: Outcome) -> bool:
        return (
            _sqlstate(outcome) in LOCK_FAILURES
            and applier.error is None
            and applier.touched.isdisjoint(one.id for one in left)
            and time.monotonic() - self.began < self.request.patience_s
        )

    def _pause(self, revision: Revision, outcome: Outcome) -> None:
        tries = self.tries.get(revision.id, 0)
        detail = f"{_sqlstate(outcome)} after {_tries(tries)}"
        if tries:
            append_events(self.lock.connection, [self._event(Event.RETRY, revision.id, detail)])
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** max(tries - 1, 0))
        pause = longest * (0.5 + self.request.jitter() / 2)
        self.request.observer.waiting(
            f"{revision.id}: {_message(outcome) or 'a lock was not to be had'}; trying again in {pause:.1f} s"
        )
        self.request.pause(pause)

    def _failure(
        self, failed: Revision, left: Sequence[Revision], applier: Applier, outcome: Outcome
    ) -> DbtoolError:
        why = _sqlstate(outcome) or ("stopped" if outcome.stopped or applier.error else "")
        begun = [one for one in left if one.id in self.tries]
        beside = (one for one in begun if one.id != failed.id)
        events = [self._event(Event.FAILURE, one.id, f"rolled back with {failed.id}") for one in beside]
        if failed in begun:
            events.append(self._event(Event.FAILURE, failed.id, why))
        if events:
            append_events(self.lock.connection, events)
        error = self._first_failure(failed, applier, outcome)
        stands = self._stands(left, applier)
        return PartlyDone(f"{error} {stands}") if stands else error

    def _first_failure(self, failed: Revision, applier: Applier, outcome: Outcome) -> DbtoolError:
        if applier.error is not None:
            return applier.error
        if failed.id not in self.tries:
            return _describe_unbegun(failed, outcome)
        where = f"revision {failed.id} ({failed.file})"
        if _sqlstate(outcome) in LOCK_FAILURES:
            return LockNotAcquired(
                f"{where}: {_message(outcome)} after {_tries(self.tries.get(failed.id, 0))} in "
                f"{time.monotonic() - self.began:.0f} s; it was rolled back. End what blocks it, or apply again with a longer "
                "--patience; --lock-timeout makes everybody behind us wait longer."
            )
        return AnswerIsNo(
            f"{where} failed on {self.request.target}: {describe_end(outcome)}; it was rolled back."
        )

    def _stands(self, left: Sequence[Revision], applier: Applier) -> str:
        """What is committed, and the next command; empty where nothing is."""
        parts = []
        if self.done:
            parts.append(f"Applied and committed: {', '.join(one.id for one in self.done)}.")
        parts += [
            f"Of {one.id} something is committed as well; the ledger's journal knows what, and the next application goes on "
            "behind it."
            for one in left
            if one.id in applier.touched
        ]
        if not parts:
            return ""
        return " ".join(
            [*parts, f"Settle the cause, then: dbtool migrate apply --target {self.request.target}"]
        )


def _find_failed(left: Sequence[Revision], outcome: Outcome) -> Revision:
    """Branches may run in another order than ours, and an env.py with one transaction for all takes others with it."""
    return next((one for one in left if one.id == outcome.failed), left[0])


def _describe_unbegun(next_one: Revision, outcome: Outcome) -> DbtoolError:
    """env.py ended outside of any revision: it cannot be run, or not so."""
    if outcome.elsewhere:
        return ConfigurationInvalid(describe_elsewhere(outcome.elsewhere))
    if outcome.raised is not None and outcome.raised.kind == "VersionTableElsewhere":
        return ConfigurationInvalid(describe_other_table(outcome.raised.message))
    if _sqlstate(outcome) in LOCK_FAILURES:
        return LockNotAcquired(
            f"before revision {next_one.id} began: {_message(outcome)}; nothing of it was done. End what blocks it, or apply "
            "again with a longer --patience."
        )
    if outcome.raised is not None and outcome.raised.kind == "FilesChanged":
        return RevisionEdited(
            f"{outcome.raised.message}; nothing of it was done. Rehearse what is there now."
        )
    return AnswerIsNo(
        f"env.py ended before revision {next_one.id} began: {describe_end(outcome)}; nothing of it was done."
    )


def _tries(number: int) -> str:
    return "1 try" if number == 1 else f"{number} tries"


def _sqlstate(outcome: Outcome) -> str | None:
    """Of the revision's failure; or of what ended env.py behind it, as a COMMIT."""
    return outcome.sqlstate or (outcome.raised.sqlstate if outcome.raised else None)


def _message(outcome: Outcome) -> str:
    return outcome.message or (outcome.raised.message if outcome.raised else "")


@dataclass
class _StartingApplier(Applier):
    """Writes the start of each revision as its turn comes; ``begun`` counts the attempts at it."""

    begun: dict[str, int] = field(default_factory=dict)
    reason: str = ""

    def revision_begins(self, revision: str) -> None:
        self.begun[revision] = self.begun.get(revision, 0) + 1
        if self.begun[revision] == 1:
            append_events(
                self.session,
                [self.author.event(Event.START, revision, self.digests[revision], detail=self.reason)],
            )
        super().revision_begins(revision)
