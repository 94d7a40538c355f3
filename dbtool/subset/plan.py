"""What a subset holds and why, as a value: printed by ``--plan``, kept in the manifest, and what the copy is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbtool.catalog.relations import RelationName

TableState = Literal["rows", "all", "empty", "skip", "unreached"]


@dataclass(frozen=True, slots=True)
class Share:
    """``rows`` that came into the table for one reason: ``root``, ``all``, or an edge in a direction, spelt in ``what``. Shares of a table are
    disjoint and add up to its rows: a row counts for the first reason that it was chosen for.
    """

    reason: Literal["root", "all", "referencing", "referenced"]
    what: str
    rows: int


@dataclass(frozen=True, slots=True)
class TableShare:
    """``rows`` is exact. ``of_rows`` is the planner's estimate of all rows (-1: never analysed), ``bytes`` the same share of
    the relation's size (heap and TOAST). ``nulled`` counts rows of which a reference becomes NULL.
    """

    name: RelationName
    state: TableState
    rows: int
    of_rows: int
    bytes: int
    shares: tuple[Share, ...] = ()
    nulled: int = 0


@dataclass(frozen=True, slots=True)
class EdgePull:
    """``rows`` new rows of ``table`` came along an edge from ``from_rows`` rows. ``most`` is the cap: None for all, 0 for none."""

    edge: str
    columns: str
    direction: Literal["referencing", "referenced"]
    table: RelationName
    from_rows: int
    rows: int
    bytes: int
    rounds: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """The table that makes most of the bytes, its share of them (0 to 1), and the edge that a cap would help at most: the ``yaml`` to
    paste, "" where no edge could be capped.
    """

    table: RelationName
    share: float
    edge: str
    mean_rows: float
    yaml: str


@dataclass(frozen=True, slots=True)
class SubsetPlan:
    """``roots`` are (description, rows selected). ``orphans`` are references of chosen rows that lead nowhere in the source
    already, by edge.
    """

    profile: str | None
    roots: tuple[tuple[str, int], ...]
    tables: tuple[TableShare, ...]
    pulls: tuple[EdgePull, ...]
    orphans: tuple[tuple[str, int], ...] = ()
    advice: Advice | None = None
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self.tables)
