"""Hand-made traces: a small clone, a large target, and a statement as the tracer would have seen it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dbtool.findings import Finding, Severity
from dbtool.locks.hints import judge_revision
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import (
    HeldLock,
    IndexBuild,
    Population,
    RelationSize,
    RevisionTrace,
    RowChange,
    StatementFailure,
    StatementTrace,
)

ORDERS, USERS = "public.orders", "public.users"
FILE = "migrations/versions/change.py"

MEASURED = RelationSize(100_000, 12_000_000, 4_000_000)
LARGE = RelationSize(5_000_000, 600_000_000, 200_000_000, scans_per_s=12, writes_per_s=3)
SMALL = RelationSize(300, 48_000, 16_000)
EMPTY = RelationSize(0, 0, 0)


@dataclass
class Case:
    """A revision of statements, numbered as they are added, each on a line ten below its number."""

    target: RelationSize | None = LARGE
    clone: RelationSize | None = MEASURED
    major: int = 18
    data: str = "staging"
    masked: bool = True
    relations: tuple[str, ...] = (ORDERS, USERS)
    statements: list[StatementTrace] = field(default_factory=list)

    def run(self, sql: str, **seen: Any) -> Case:
        ordinal = len(self.statements) + 1
        seen = {"seconds": 0.001, "line": 10 + ordinal, **seen}
        self.statements.append(StatementTrace(ordinal, sql, seen.pop("seconds"), **seen))
        return self

    @property
    def population(self) -> Population:
        clone = dict.fromkeys(self.relations, self.clone) if self.clone is not None else {}
        target = dict.fromkeys(self.relations, self.target) if self.target is not None else {}
        return Population(self.data, clone, target, self.masked)

    def judge(self, *before: RevisionTrace) -> RevisionTrace:
        status = "failed" if any(one.failure for one in self.statements) else "ok"
        revision = RevisionTrace("r1", FILE, status, 1.0, tuple(self.statements))
        return judge_revision(revision, self.population, major=self.major, before=before)

    def findings(self, *before: RevisionTrace) -> dict[str, Finding]:
        """By check; of several of one check the last."""
        return {finding.check: finding for finding in self.judge(*before).all_findings}

    def severities(self) -> dict[str, str]:
        return {check: str(finding.severity) for check, finding in self.findings().items()}

    def only(self, check: str) -> Finding:
        (finding,) = [one for one in self.judge().all_findings if one.check == check]
        return finding


def lock(relation: str, mode: LockMode, kind: str = "r") -> HeldLock:
    return HeldLock(relation, mode, 0.002, kind)


def exclusive(*relations: str) -> tuple[HeldLock, ...]:
    return tuple(lock(one, LockMode.ACCESS_EXCLUSIVE) for one in relations)


def row_exclusive(*relations: str) -> tuple[HeldLock, ...]:
    return tuple(lock(one, LockMode.ROW_EXCLUSIVE) for one in relations)


def updated(relation: str, rows: int) -> tuple[RowChange, ...]:
    return (RowChange(relation, updated=rows),)


def built(index: str, table: str, *, concurrently: bool = False) -> tuple[IndexBuild, ...]:
    return (IndexBuild(index, table, concurrently),)


def failed(sqlstate: str, message: str = "it failed") -> StatementFailure:
    return StatementFailure(sqlstate, message)


ERROR, WARNING, INFO = map(str, (Severity.ERROR, Severity.WARNING, Severity.INFO))
