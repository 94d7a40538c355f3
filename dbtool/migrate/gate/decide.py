"""Evidence, and the target and the files as they are now → permission to apply. Pure.

What was rehearsed must be what is applied, where it was rehearsed for. Nothing here asks anybody; whoever calls has
looked at the target under the lock that an application holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from dbtool.catalog.database import DatabaseFacts
from dbtool.errors import EvidenceRefused
from dbtool.findings import Finding
from dbtool.ledger import Event, JournalEntry, LedgerEntry, since_refresh
from dbtool.lint.waivers import parse_waivers
from dbtool.migrate.gate.ddl_drift import compare_midway, require_same_ddl
from dbtool.migrate.gate.evidence import Evidence, WaiverEvidence
from dbtool.migrate.gate.outlines import Outlines
from dbtool.migrate.revisions.history import History, Revision
from dbtool.targets import Target, Tier

SKEW = timedelta(minutes=5)
_HOUR_S = 3600
_SEAL = object()


@dataclass(frozen=True, slots=True)
class Approval:
    """Permission to apply ``revisions`` to ``target``; only ``decide`` makes one.

    ``rehearsed`` are the digests of each revision's DDL, ``fingerprint_after`` and ``outline_after`` what the target must be
    like in the end. All of the rehearsal is None where none was demanded.
    """

    target: str
    revisions: tuple[str, ...]
    evidence_id: str | None = None
    rehearsed: Mapping[str, Sequence[str]] | None = None
    transaction_mode: str | None = None
    fingerprint_after: str | None = None
    outline_after: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only gate.decide makes an Approval")


class TargetSeen(Protocol):
    """The target as it is now; ``ddl`` is one line per thing."""

    @property
    def facts(self) -> DatabaseFacts: ...
    @property
    def heads(self) -> Sequence[str]: ...
    @property
    def ddl(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the target says of earlier applications: its ledger, and the journal of the revision that is next."""

    entries: Sequence[LedgerEntry] = ()
    journal: Sequence[JournalEntry] = ()


def decide(
    evidence: Evidence | None,
    target: Target,
    now: TargetSeen,
    history: History,
    pending: Sequence[Revision],
    *,
    at: datetime,
    ttl_s: float,
    outlines: Outlines | None = None,
    earlier: Earlier | None = None,
) -> Approval:
    """``evidence`` None: there is none, and a production-tier target demands it. ``at`` is the time of day, with zone.

    An application that ended before all was done may be taken up under the same evidence.

    :raises EvidenceRefused: the rehearsal failed, is too old, or was of something else than what is here now.
    :raises Drift: the target's DDL changed since the rehearsal.
    """
    revisions = tuple(one.id for one in pending)
    if evidence is None:
        _require_no_evidence(target)
        return Approval(target.name, revisions, seal=_SEAL)
    case = _Case(
        evidence, target, now, history, pending, at, ttl_s, outlines or Outlines(), earlier or Earlier()
    )
    return Approval(
        target.name,
        revisions,
        evidence_id=evidence.id,
        rehearsed={one.id: one.ddl for one in evidence.revisions},
        transaction_mode=evidence.transaction_mode,
        fingerprint_after=evidence.fingerprint_after,
        outline_after=case.outlines.after,
        findings=case.judge(),
        seal=_SEAL,
    )


def require_transaction_mode(approval: Approval, mode: str) -> None:
    """What only env.py tells, once it runs; ask before its first statement.

    :raises EvidenceRefused: the rehearsal ran in another.
    """
    if approval.transaction_mode not in {None, mode}:
        raise EvidenceRefused(
            f"the rehearsal ran with transactions {approval.transaction_mode}, and env.py now asks for {mode}; nothing was "
            f"done. Rehearse again: dbtool migrate rehearse --target {approval.target}"
        )


def _require_no_evidence(target: Target) -> None:
    if target.tier is Tier.PRODUCTION:
        raise EvidenceRefused(
            f"{target} has tier production, and nothing proves that its pending revisions were rehearsed; nothing was done. "
            f"Rehearse them: dbtool migrate rehearse --target {target}"
        )


@dataclass(frozen=True)
class _Case:
    evidence: Evidence
    target: Target
    now: TargetSeen
    history: History
    pending: Sequence[Revision]
    at: datetime
    ttl_s: float
    outlines: Outlines
    earlier: Earlier
    finished: frozenset[str] = field(init=False)
    is_begun: bool = field(init=False)

    def __post_init__(self) -> None:
        """``finished`` and ``is_begun`` are what earlier applications under this very evidence have committed."""
        here = since_refresh(self.earlier.entries)
        ours = [entry for entry in here if entry.evidence_id == self.evidence.id]
        runs = {entry.run_id for entry in ours}
        finished = frozenset(entry.revision for entry in ours if entry.event == Event.FINISH)
        object.__setattr__(self, "finished", finished)
        pending = {one.id for one in self.pending}
        begun = any(one.run_id in runs and one.revision in pending for one in self.earlier.journal)
        object.__setattr__(self, "is_begun", begun)

    def judge(self) -> tuple[Finding, ...]:
        """What to know of an approval that is given; raises as ``decide`` says."""
        self.require_target()
        self.require_verdict()
        self.require_revisions()
        self.require_code()
        if (
            not self.is_begun
        ):  # half a revision cannot be rehearsed: it must be finished, however old the evidence
            self.require_fresh()
            self.require_waivers()
        return self.compare_ddl()

    def refused(self, what: str) -> EvidenceRefused:
        return EvidenceRefused(
            f"{what}; nothing was done. Rehearse again: dbtool migrate rehearse --target {self.target}"
        )

    def require_target(self) -> None:
        facts, evidence = self.now.facts, self.evidence
        if evidence.target != self.target.name:
            raise self.refused(f"evidence {evidence.id} is for {evidence.target}, and this is {self.target}")
        if evidence.database != facts.name:
            raise self.refused(
                f"{self.target} was database {evidence.database} when it was rehearsed for, and is {facts.name} now"
            )
        known = {evidence.system_identifier, _text(facts.system_identifier)} - {None}
        if len(known) > 1:
            raise self.refused(f"{self.target} is on another server than the one it was rehearsed for")
        if evidence.server_major != facts.major:
            raise self.refused(
                f"{self.target} ran PostgreSQL {evidence.server_major} when it was rehearsed for, and runs {facts.major} now"
            )

    def require_verdict(self) -> None:
        if self.evidence.verdict != "pass":
            raise EvidenceRefused(
                f"the rehearsal {self.evidence.id} did not pass ({_count(self.evidence.errors, 'error')}); nothing was done. "
                f"Mend what it found, then rehearse again: dbtool migrate rehearse --target {self.target}"
            )

    def require_revisions(self) -> None:
        """Those pending now are those rehearsed, but for what was applied under this evidence."""
        rehearsed = [one.id for one in self.evidence.revisions]
        left = [one for one in rehearsed if one not in self.finished]
        pending = [one.id for one in self.pending]
        for one in self.pending:
            if one.id not in left:
                raise self.refused(f"revision {one.id} ({one.file}) is pending and was not rehearsed")
        for revision in left:
            if revision not in pending:
                raise self.refused(
                    f"revision {revision} was rehearsed and is not pending any more: it was applied by other means, or taken "
                    "out of the files"
                )
        if left != pending:
            raise self.refused(
                f"the revisions are pending in another order than they were rehearsed in: {', '.join(pending)}"
            )
        if not self.finished and set(self.now.heads) != set(self.evidence.heads_before):
            raise self.refused(
                f"{self.target} is at {_names(self.now.heads)}, and was at {_names(self.evidence.heads_before)} when it was "
                "rehearsed for"
            )

    def require_code(self) -> None:
        digests = {one.id: one.digest for one in self.evidence.revisions}
        for one in self.pending:
            if one.digest != digests[one.id]:
                raise self.refused(
                    f"revision {one.id} ({one.file}, or a file of the project that it uses) was edited since it was rehearsed"
                )
        if self.history.env_digest != self.evidence.env_digest:
            raise self.refused(
                "env.py, what it is told ([project.alembic], alembic.ini), or a file of the project that it uses, was edited since "
                "the rehearsal"
            )

    def require_fresh(self) -> None:
        age = self.at - self.evidence.made_at
        if age < -SKEW:
            raise self.refused(
                f"evidence {self.evidence.id} is of {self.evidence.made_at:%Y-%m-%d %H:%M} UTC, which is still to come: one of "
                "the two clocks is wrong"
            )
        if age > timedelta(seconds=self.ttl_s):
            raise self.refused(
                f"evidence {self.evidence.id} is {_hours(age.total_seconds())} old and holds for {_hours(self.ttl_s)}"
            )

    def require_waivers(self) -> None:
        """Comments are not part of a revision's digest."""
        by_id = {one.id: one for one in self.pending}
        for waiver in self.evidence.waivers:
            if waiver.revision not in by_id:
                continue  # applied by now, under this evidence
            revision = by_id[waiver.revision]
            if waiver not in _waivers_of(revision):
                raise self.refused(
                    f"the rehearsal passed because {revision.file} allowed {waiver.check}, which it does not as it did"
                )
            if waiver.until and waiver.until < self.at.date().isoformat():
                raise self.refused(
                    f"{revision.file} allowed {waiver.check} until {waiver.until}, which is over"
                )

    def compare_ddl(self) -> tuple[Finding, ...]:
        if self.finished or self.is_begun:
            return compare_midway(self.target, self.evidence, self.outlines, self.now.ddl)
        require_same_ddl(self.target, self.evidence, self.outlines, self.now.ddl)
        return ()


def _waivers_of(revision: Revision) -> tuple[WaiverEvidence, ...]:
    return tuple(
        WaiverEvidence(revision.id, one.check, one.reason, one.until.isoformat() if one.until else "")
        for one in parse_waivers(revision)
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _names(heads: Sequence[str]) -> str:
    return ", ".join(heads) or "no revision"


def _hours(seconds: float) -> str:
    return f"{seconds / _HOUR_S:.0f} h" if seconds >= _HOUR_S else f"{seconds / 60:.0f} min"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
