"""From seconds on the clone to seconds on the target. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from dbtool.findings import Severity
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import RelationSize
from dbtool.locks.wording import spell_rows, spell_seconds, spell_size

# A pool of 20 connections that serves 20 requests a second on the table is empty after one second in which none of
# them gets through, and then requests that never touch the table fail, too. Writes are rarer and are often retried
# or queued; five seconds are what most clients wait before they give up.
READS_BLOCKED_S = 1.0
WRITES_BLOCKED_S = 5.0
_WARNING = 0.1  # of either

# With less than this the time is that of parsing, planning and a few pages.
_MEASURABLE_BYTES = 1_000_000
_MEASURABLE_ROWS = 10_000


_SOME_BYTES = 100_000  # more than an empty table's pages with its TOAST
_ROW_BYTES = 100  # where the planner has no estimate: a short row with its header


class Work(Enum):
    """What is done to a relation."""

    REWRITE = "rewrite"
    SCAN = "scan"
    KEY_CHECK = "key check"  # a foreign key's rows are looked up in the referenced table
    INDEX = "index"
    ROWS = "rows"


# Measured on PostgreSQL 18 with two cores and a table of 1,000,000 rows (149 MB) in memory: a rewrite 127 MB/s, a scan
# 980 MB/s, a foreign key 64 MB/s, an index on text 123 MB/s, an update under four indexes 49,000 rows/s. These are a
# fifth of it, a tenth of the scan: a table that is larger than memory comes from the disk.
_BYTES_PER_S = {
    Work.REWRITE: 25_000_000,
    Work.SCAN: 100_000_000,
    Work.KEY_CHECK: 12_000_000,
    Work.INDEX: 25_000_000,
}
_ROWS_PER_S = 10_000
_READ_AT_MOST_PER_S = 4_000_000_000  # a scan in memory was measured with 2.5 GB/s
_FEW_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Task:
    """``clone`` and ``target`` are None where the size is not known; ``rows`` are those changed on the clone.

    ``is_bound``: the clone had no row to meet the statement's condition, so that the target's rows are the most it can.
    """

    relation: str
    work: Work
    clone: RelationSize | None
    target: RelationSize | None
    rows: int = 0
    is_bound: bool = False

    @property
    def target_rows(self) -> int:
        """How many rows a change would meet on the target: the clone's share, or all of them where it had none."""
        if self.target is None:
            return self.rows
        total = count_rows(self.target)
        if self.clone is None or self.clone.rows <= 0:
            return total
        return round(total * min(1.0, self.rows / self.clone.rows))

    @property
    def estimate_s(self) -> float:
        """On the target, from what can be counted on at least."""
        if self.target is None:
            return 0.0
        if self.work is Work.ROWS:
            return self.target_rows / _ROWS_PER_S
        indexes = self.target.index_bytes if self.work is Work.REWRITE else 0
        return (self.target.bytes + indexes) / _BYTES_PER_S[self.work]

    @property
    def ratio(self) -> float | None:
        """How many times the clone's size the target has; None where the clone's is too small to tell."""
        if self.target is None or self.clone is None:
            return None
        if self.clone.bytes >= _MEASURABLE_BYTES:
            return self.target.bytes / self.clone.bytes
        if self.clone.rows >= _MEASURABLE_ROWS:
            return count_rows(self.target) / self.clone.rows
        return None


@dataclass(frozen=True, slots=True)
class Projection:
    """``target_s`` is None where the size of a relation on the target is not known."""

    clone_s: float
    target_s: float | None
    measured: bool
    tasks: tuple[Task, ...]

    @property
    def is_bound(self) -> bool:
        return not self.measured and any(task.is_bound for task in self.tasks)

    def weigh(self, mode: LockMode) -> Severity:
        """An unknown size may be any, and what is only a bound stops nobody."""
        if self.target_s is None:
            return Severity.WARNING
        severity = weigh(mode, self.target_s)
        return Severity.WARNING if self.is_bound and severity is Severity.ERROR else severity

    def describe(self) -> str:
        clone = list({task.relation: task.clone for task in self.tasks if task.clone is not None}.values())
        held = f" ({spell_size(clone)})" if clone else ""
        return f"{spell_seconds(self.clone_s)} on the clone{held}; {self._describe_target(clone)}"

    def _describe_target(self, clone: Sequence[RelationSize]) -> str:
        target = list({task.relation: task.target for task in self.tasks if task.target is not None}.values())
        if self.target_s is None:
            return "the size on the target is not known, so neither is the time"
        about = "at most " if self.is_bound else "about "
        how = f"{about}{spell_seconds(self.target_s)} on the target ({spell_size(target)})"
        if self.measured:
            return how
        return f"{how}, estimated, not measured: the clone held {spell_rows(sum(max(size.rows, 0) for size in clone))}"


def count_rows(size: RelationSize) -> int:
    """The planner's estimate; where it knows of none, though there are bytes, one from those: a restored or upgraded
    server has not analysed its tables yet.
    """
    return size.rows if size.rows > 0 or size.bytes < _SOME_BYTES else size.bytes // _ROW_BYTES


def project(seconds: float, tasks: Iterable[Task]) -> Projection:
    """The statement's time is its largest task's, and grows as that does; without a task it stays what it is."""
    found = tuple(tasks)
    if any(task.target is None for task in found):
        return Projection(seconds, None, measured=False, tasks=found)
    if not found:
        return Projection(seconds, seconds, measured=True, tasks=())
    largest = max(found, key=lambda task: task.estimate_s)
    if _is_lookup(largest, seconds):
        return Projection(seconds, seconds, measured=True, tasks=found)
    if largest.ratio is not None:
        return Projection(seconds, seconds * largest.ratio, measured=True, tasks=found)
    return Projection(seconds, sum(task.estimate_s for task in found), measured=False, tasks=found)


def _is_lookup(task: Task, seconds: float) -> bool:
    """Rows changed in less time than it takes to read the table were found by an index, however large it grows."""
    if task.work is not Work.ROWS or not 0 < task.rows < _FEW_ROWS or task.clone is None:
        return False
    return seconds < task.clone.bytes / _READ_AT_MOST_PER_S


def weigh(mode: LockMode, seconds: float) -> Severity:
    """What it means that a lock keeps others waiting for so long."""
    limit = READS_BLOCKED_S if mode.blocks_reads else WRITES_BLOCKED_S
    if seconds > limit:
        return Severity.ERROR
    return Severity.WARNING if seconds > limit * _WARNING else Severity.INFO
