"""What was seen of each statement of a rehearsed revision. Relations are spelt as SQL would, with their schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbtool.findings import Finding
from dbtool.locks.modes import LockMode


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The strongest lock of one statement on one relation that existed before the revision's transaction.

    ``held_s`` is from the statement's start to the end of its transaction, without what we made it wait.
    ``measured`` is False where the lock is known from PostgreSQL's manual and could not be seen.
    ``kind`` is pg_class.relkind.
    """

    relation: str
    mode: LockMode
    held_s: float
    kind: str = "r"
    measured: bool = True


@dataclass(frozen=True, slots=True)
class IndexBuild:
    """``concurrently`` lets writes go on. ``index`` as SQL spells it."""

    index: str
    table: str
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class RowChange:
    relation: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    truncated: bool = False

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that a statement added, dropped, renamed or changed. ``was`` is its name, or its type, before."""

    relation: str
    column: str
    change: str  # added, dropped, renamed, retyped
    was: str = ""


@dataclass(frozen=True, slots=True)
class StatementFailure:
    """``message`` is PostgreSQL's primary message without the values that it may quote."""

    sqlstate: str | None
    message: str


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """``ordinal`` counts from 1 within the revision, and is 0 for work that was not sent through SQLAlchemy, of which there
    is no text; ``line`` is that of the revision's file, 0 where none of its lines
    ran the statement. ``sql`` is the text as sent, without parameters. ``seconds`` is without what we made it wait.
    ``in_transaction`` is False for a statement that committed by itself (``autocommit_block``).

    ``rewrites`` and ``scans`` are tables rewritten, and tables read from end to end to prove a constraint, under the
    statement's lock. ``created`` and ``dropped`` are relations of every kind, ``renamed`` are (before, after).
    """

    ordinal: int
    sql: str
    seconds: float
    line: int = 0
    in_transaction: bool = True
    failure: StatementFailure | None = None
    locks: tuple[HeldLock, ...] = ()
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    index_builds: tuple[IndexBuild, ...] = ()
    row_changes: tuple[RowChange, ...] = ()
    column_changes: tuple[ColumnChange, ...] = ()
    created: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        """Rows inserted, updated and deleted."""
        return sum(change.rows for change in self.row_changes)


@dataclass(frozen=True, slots=True)
class RevisionTrace:
    """``status`` is ok, failed or not run. ``file`` as people type it from the project's folder.

    ``findings`` are those about the revision as a whole; each statement carries its own.
    """

    id: str
    file: str
    status: str
    seconds: float
    statements: tuple[StatementTrace, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(finding for one in self.statements for finding in one.findings))


@dataclass(frozen=True, slots=True)
class RelationSize:
    """``bytes`` is the heap with its TOAST, ``index_bytes`` all of its indexes. ``rows`` is the planner's estimate, or a
    count on a clone. ``scans_per_s`` and ``writes_per_s`` are means since the statistics were reset: how busy it is.
    """

    rows: int
    bytes: int
    index_bytes: int = 0
    scans_per_s: float = 0.0
    writes_per_s: float = 0.0


Sizes = Mapping[str, RelationSize]


@dataclass(frozen=True, slots=True)
class Population:
    """What the clone held when the revisions ran, and what the target holds: for projections.

    ``data`` is schema, staging, subset or archive. ``masked`` says whether values are stand-ins.
    """

    data: str
    clone: Sizes = field(default_factory=dict)
    target: Sizes = field(default_factory=dict)
    masked: bool = True
