"""The rows that a walk chose, what chose them, and what they lose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.subset.graph import BoundRoot, Edge
from dbtool.subset.row_set import RowIds, RowSet

Direction = Literal["referencing", "referenced"]


@dataclass(slots=True)
class Pull:
    """What one edge brought: ``rows`` that were not there before, from ``from_rows``, in so many ``rounds``. ``held`` are these, by
    leaf; ``met`` are all of an answer in which some were there before.
    """

    edge: Edge
    direction: Direction
    from_rows: int = 0
    rows: int = 0
    rounds: int = 0
    held: dict[RelationName, RowSet] = field(default_factory=dict)
    met: dict[RelationName, RowSet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RootPull:
    """``rows`` counts all that the root selects, ``new`` those that no root before it had."""

    root: BoundRoot
    rows: int
    new: int


@dataclass(frozen=True, slots=True)
class Nulled:
    """Rows whose reference is nulled, with the columns: each row of a leaf is in one of these at most."""

    columns: tuple[str, ...]
    rows: RowSet


@dataclass(slots=True)
class Selection:
    """``rows`` by leaf; a leaf in ``whole`` is copied whole and counted there. A leaf in neither has no rows. ``totals`` are of
    leaves that were counted on the way.

    ``blocked`` are references into tables that are to be empty, with the number of rows referred to.
    """

    rows: dict[RelationName, RowSet] = field(default_factory=dict)
    whole: dict[RelationName, int] = field(default_factory=dict)
    roots: list[RootPull] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    nulled: dict[RelationName, tuple[Nulled, ...]] = field(default_factory=dict)
    blocked: dict[Edge, int] = field(default_factory=dict)
    totals: dict[RelationName, int] = field(default_factory=dict)

    def count(self, leaf: RelationName) -> int:
        if leaf in self.whole:
            return self.whole[leaf]
        return len(self.rows[leaf]) if leaf in self.rows else 0

    def contains(self, leaf: RelationName, ids: RowIds) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if leaf in self.whole:
            return np.ones(len(ids), np.bool_)
        return self.rows.get(leaf, RowSet()).contains(ids)


@dataclass(frozen=True, slots=True)
class Step:
    """Why rows were chosen: a root, or an edge in a direction. ``followed``: what refers to them follows in turn."""

    root: BoundRoot | None = None
    edge: Edge | None = None
    direction: Direction | None = None
    followed: bool = True
