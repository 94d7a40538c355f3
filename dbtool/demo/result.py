"""What the demo did, as values for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dbtool.ledger import LedgerEntry
from dbtool.migrate.result import Application, Rehearsal
from dbtool.refresh.result import RefreshResult


@dataclass(frozen=True, slots=True)
class Field:
    """One thing as it reads in each database; None is NULL."""

    label: str
    production: str | None
    staging: str | None

    @property
    def is_same(self) -> bool:
        return self.production == self.staging


@dataclass(frozen=True, slots=True)
class Comparison:
    """``customers`` are rows found in both databases by the same primary key. ``needles`` is how many e-mail
    addresses of production were looked for, ``found`` in how many rows of each database they stand.
    """

    customers: tuple[tuple[Field, ...], ...]
    review: Field | None
    counts: tuple[Field, ...]
    revenue: tuple[Field, ...]
    needles: int
    found: tuple[int, int]

    @property
    def holds(self) -> bool:
        """Nothing of production is found in staging, where a search does find it in production; reports agree."""
        in_production, in_staging = self.found
        agrees = all(field.is_same for field in (*self.counts, *self.revenue))
        return agrees and in_production > 0 and in_staging == 0


@dataclass(frozen=True, slots=True)
class Availability:
    """How staging served a client that never stopped asking. ``interruptions``: its session had to be opened
    again; ``longest_gap_s`` between two answers; ``answers`` distinct ones, in order.
    """

    answered: int
    interruptions: int
    longest_gap_s: float
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptDemo:
    """Servers that run on. ``psql`` is the program that comes with them."""

    folder: Path
    service_file: Path
    psql: Path


@dataclass(frozen=True, slots=True)
class MigrationStory:
    """What became of the shop's next revisions: refused as they were first, applied as they were then."""

    refused: Rehearsal
    passed: Rehearsal
    applied: tuple[Application, ...]
    history: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class DemoResult:
    rows: int
    refresh: RefreshResult
    availability: Availability
    comparison: Comparison
    migration: MigrationStory
    kept: KeptDemo | None
    seconds: float
