"""Why a row is in the subset, or why it is not: from the row back to where the subset begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dbtool.catalog.relations import RelationName
from dbtool.rules.subset_model import Follow
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.row_set import NO_ROWS, RowIds, Rows
from dbtool.subset.row_source import RowSource
from dbtool.subset.selection import Selection, Step

Orders = NDArray[np.int64]

_NEVER = -1
_BEFORE_ALL = -2  # rows of a table that is copied whole were there before anything was walked


class Reasons:
    """Hears of every row that walk() chooses; its ids are kept, 8 bytes each, and 24 while a table is asked about."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._heard: dict[RelationName, list[tuple[int, RowIds]]] = {}
        self._sorted: dict[RelationName, tuple[RowIds, Orders]] = {}

    def __call__(self, leaf: RelationName, ids: RowIds, step: Step) -> None:
        self._heard.setdefault(leaf, []).append((len(self._steps), ids))
        self._steps.append(step)
        self._sorted.pop(leaf, None)

    def find(self, leaf: RelationName, row: int) -> tuple[Step, int] | None:
        """What a row was chosen for, and when: what it was chosen for came earlier."""
        order = int(self.orders(leaf, np.array([row], np.uint64))[0])
        return (self._steps[order], order) if order != _NEVER else None

    def orders(self, leaf: RelationName, ids: RowIds) -> Orders:
        """When each row was chosen, -1 for those that were not."""
        known, orders = self._in_order(leaf)
        if not len(known):
            return np.full(len(ids), _NEVER)
        places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        found: Orders = np.where(known[places] == ids, orders[places], _NEVER)
        return found

    def is_followed(self, leaf: RelationName, row: int) -> bool:
        found = self.find(leaf, row)
        return found is not None and found[0].followed

    def _in_order(self, leaf: RelationName) -> tuple[RowIds, Orders]:
        if leaf not in self._sorted:
            heard = self._heard.get(leaf, [])
            ids = np.concatenate([ids for _, ids in heard]) if heard else NO_ROWS
            orders = np.repeat([order for order, _ in heard], [len(ids) for _, ids in heard]).astype(np.int64)
            order = np.argsort(ids)
            self._sorted[leaf] = ids[order], orders[order]
        return self._sorted[leaf]


@dataclass(frozen=True, slots=True)
class Hop:
    """A row of the way, and what it was chosen for: a root, the row before it along an edge, or that its table is copied whole
    (None).
    """

    leaf: RelationName
    row: int
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk that has ended, whose source can still be asked."""

    graph: Graph
    source: RowSource
    selection: Selection
    reasons: Reasons

    def contains(self, leaf: RelationName, row: int) -> bool:
        return bool(self.selection.contains(leaf, np.array([row], np.uint64))[0])

    def referred(self, edge: Edge, leaf: RelationName, row: int) -> Iterator[tuple[RelationName, RowIds]]:
        """The rows that a row refers to along an edge."""
        for pairs in self.source.pairs(edge, leaf, np.array([row], np.uint64)):
            yield pairs.referenced_leaf, pairs.referenced

    def referring(self, edge: Edge, leaf: RelationName, row: int) -> Iterator[tuple[RelationName, RowIds]]:
        """All rows that refer to a row along an edge, however few of them may follow."""
        rows: Rows = {leaf: np.array([row], np.uint64)}
        for found in self.source.referencing_rows(replace(edge, follow=Follow()), rows):
            yield from found.items()


def trace(walked: Walked, leaf: RelationName, row: int) -> tuple[Hop, ...]:
    """The way from a root, or from a table that is copied whole, to a row of the subset. Each hop was chosen before the next."""
    way: list[Hop] = []
    while True:
        found = None if _is_whole(walked, leaf) else walked.reasons.find(leaf, row)
        if found is None or found[0].edge is None:
            way.append(Hop(leaf, row, found[0] if found else None))
            return tuple(reversed(way))
        way.append(Hop(leaf, row, found[0]))
        leaf, row = _came_from(walked, way[-1], found[0].edge, found[1])


def _is_whole(walked: Walked, leaf: RelationName) -> bool:
    return walked.graph.policies.get(leaf) == "all"


def _came_from(walked: Walked, hop: Hop, edge: Edge, order: int) -> tuple[RelationName, int]:
    """The row that was chosen first among those for which this one may have been chosen."""
    assert hop.step is not None  # noqa: S101  a hop along an edge
    came_down = hop.step.direction == "referencing"
    others = (walked.referred if came_down else walked.referring)(edge, hop.leaf, hop.row)
    first, when = None, order
    for leaf, ids in others:
        orders = _orders(walked, leaf, ids)
        orders[orders == _NEVER] = order
        if len(ids) and orders.min() < when:
            place = int(orders.argmin())
            first, when = (leaf, int(ids[place])), int(orders[place])
    assert first is not None  # noqa: S101  walk() says that what a row was chosen for was chosen before it
    return first


def _orders(walked: Walked, leaf: RelationName, ids: RowIds) -> Orders:
    return np.full(len(ids), _BEFORE_ALL) if _is_whole(walked, leaf) else walked.reasons.orders(leaf, ids)


HindranceKind = Literal[
    "empty",
    "skip",
    "no-root",
    "not-selected",
    "refers-to-nothing",
    "not-followed",
    "refers-outside",
    "followed-no-further",
    "over-the-cap",
    "unreferenced",
    "referenced-from-outside",
    "nulled",
]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Something that would have brought a row, and did not. ``what`` is a root's description, or an edge's columns. ``most`` is
    the cap that it is over.
    """

    kind: HindranceKind
    what: str
    most: int | None = None


def why_not(walked: Walked, leaf: RelationName, row: int) -> tuple[Hindrance, ...]:
    """For each root of its table, and for each edge that begins or ends there, why it did not bring the row."""
    policy = walked.graph.policies.get(leaf)
    if policy == "empty" or policy == "skip":  # noqa: PLR1714  mypy narrows this one
        return (Hindrance(policy, str(walked.graph.table_of(leaf))),)
    edges = walked.graph.edges
    found = [
        *_of_roots(walked.graph, leaf),
        *(_going_out(walked, each, leaf, row) for each in edges if leaf in _leaves(walked, each.referencing)),
        *(_coming_in(walked, each, leaf, row) for each in edges if leaf in _leaves(walked, each.referenced)),
    ]
    return tuple(dict.fromkeys(found))


def _leaves(walked: Walked, relation: RelationName) -> tuple[RelationName, ...]:
    return walked.graph.leaves_of(relation)


def _of_roots(graph: Graph, leaf: RelationName) -> Iterator[Hindrance]:
    roots = [root for root in graph.roots if leaf in root.leaves]
    if not roots:
        yield Hindrance("no-root", str(graph.table_of(leaf)))
    for root in roots:
        yield Hindrance("not-selected", root.description)


def _going_out(walked: Walked, edge: Edge, leaf: RelationName, row: int) -> Hindrance:
    found = walked.referred(edge, leaf, row)
    referred = [(other, number) for other, ids in found for number in ids.tolist()]
    if not referred:
        return Hindrance("refers-to-nothing", edge.where)
    if edge.follow.most == 0:
        return Hindrance("not-followed", edge.where)
    inside = any(walked.contains(*each) for each in referred)
    if any(walked.reasons.is_followed(*each) for each in referred) or (inside and edge.follow.always):
        return Hindrance("over-the-cap", edge.where, edge.follow.most)
    return Hindrance("followed-no-further" if inside else "refers-outside", edge.where)


def _coming_in(walked: Walked, edge: Edge, leaf: RelationName, row: int) -> Hindrance:
    kind: HindranceKind = "unreferenced"
    for other, ids in walked.referring(edge, leaf, row):
        if len(ids):
            kind = "referenced-from-outside"
        if edge.nulled and walked.selection.contains(other, ids).any():
            return Hindrance("nulled", edge.where)
    return Hindrance(kind, edge.where)
