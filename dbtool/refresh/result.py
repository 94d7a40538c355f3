"""What a refresh did, as values: the report renders them, the manifest keeps them. No row's value is in here."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding
from dbtool.masking.judgement import FixedRate
from dbtool.subset.plan import SubsetPlan


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """``lsn`` is the WAL position and ``taken_at`` the source's clock, as text."""

    name: str
    lsn: str
    taken_at: str


@dataclass(frozen=True, slots=True)
class TableCopied:
    """``bytes`` of COPY text read; ``seconds`` the sum over its chunks, which may overlap. ``partition_of`` names the root
    of the partitioned table that this is a part of.
    """

    name: RelationName
    rows: int
    bytes: int
    seconds: float
    masked_columns: tuple[str, ...] = ()
    kept_in_part: tuple[str, ...] = ()
    partition_of: RelationName | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """``checked`` and ``not_checked`` are sentences: nothing is claimed that was not checked."""

    orphans: int = 0
    surviving_values: int = 0
    by_chance: tuple[FixedRate, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceSet:
    name: RelationName
    value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class TablePreserved:
    """Rows of the target's own, and ``bytes`` of COPY text. ``made_as_there``: the source has no such table."""

    name: RelationName
    rows: int
    bytes: int
    seconds: float
    made_as_there: bool = False


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """``previous`` names the databases kept as fallback, newest first. ``stages`` are seconds by name. ``subset`` is what was
    planned and copied, None where that is every row.
    """

    source: str
    target: str
    status: str
    live: str
    previous: tuple[str, ...]
    made_at: str
    snapshot: SnapshotTaken
    tables: tuple[TableCopied, ...]
    verification: Verification
    findings: tuple[Finding, ...]
    sequences: tuple[SequenceSet, ...]
    key_id: str
    rules_digest: str
    pools_digest: str
    programs: tuple[str, ...]
    stages: tuple[tuple[str, float], ...]
    seconds: float
    subset: SubsetPlan | None = None
    preserved: tuple[TablePreserved, ...] = ()
