"""What a rehearsal, an application and a look at the ledger end in. Values only; report/ renders them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dbtool.findings import Finding
from dbtool.ledger import LedgerEntry
from dbtool.locks.trace import Population, RevisionTrace

__all__ = [
    "Application",
    "AppliedRevision",
    "CloneDescription",
    "EnvironmentStatus",
    "EvidenceReceipt",
    "LedgerEntry",
    "Rehearsal",
    "Status",
]


@dataclass(frozen=True, slots=True)
class CloneDescription:
    """``provider`` is embedded, local or container; ``version`` the server's, as ``target_version``.

    ``profile`` is that of the rules which chose a subset, None for the rules' own. ``guard`` says what keeps env.py's code from reaching elsewhere: "network namespace", "system call filter" or "drivers".
    """

    provider: str
    version: str
    target_version: str
    data: str
    rows: int
    bytes: int
    guard: str
    seconds: float
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceReceipt:
    """``valid_until`` by the configured time to live; ``file`` is where it was written, None unsigned."""

    id: str
    made_at: datetime
    valid_until: datetime
    file: Path | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``verdict`` is pass or fail. ``findings`` are those about the whole; the revisions carry their own.

    ``current`` are the target's heads before, ``head`` those after. ``not_rehearsed`` are sentences on what this rehearsal
    cannot vouch for. ``waived`` are findings that a comment in the revision allows, with its reason.
    """

    target: str
    verdict: str
    current: tuple[str, ...]
    heads: tuple[str, ...]
    revisions: tuple[RevisionTrace, ...]
    clone: CloneDescription | None
    population: Population
    findings: tuple[Finding, ...] = ()
    waived: tuple[tuple[Finding, str], ...] = ()
    not_rehearsed: tuple[str, ...] = ()
    evidence: EvidenceReceipt | None = None
    output: str = ""
    seconds: float = 0.0

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(finding for one in self.revisions for finding in one.all_findings))


@dataclass(frozen=True, slots=True)
class AppliedRevision:
    """``attempts`` counts tries, ``waited_s`` the time spent between them."""

    id: str
    file: str
    seconds: float
    attempts: int = 1
    skipped_statements: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """``status`` is ok, or nothing where nothing was pending."""

    target: str
    status: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    revisions: tuple[AppliedRevision, ...]
    run_id: str
    evidence_id: str | None = None
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment beside the others. ``problem`` says why it could not be read, empty where it was."""

    name: str
    tier: str
    heads: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    last: LedgerEntry | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    revisions: tuple[tuple[str, str], ...]  # (id, message), oldest first
    heads: tuple[str, ...]
    environments: tuple[EnvironmentStatus, ...] = field(default=())
