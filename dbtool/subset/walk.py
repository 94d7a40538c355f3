"""Roots → what refers to them → what all of that refers to: the least set of rows that is closed.

Two walks. Down: rows that refer to a followed row are followed too, as far as each edge says. Up: whatever a chosen row
refers to is chosen, and nothing follows *that*: a customer's products come along, the products' other customers do
not. Both are least fixpoints, so that the answer does not depend on the order; the order only saves scans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.row_set import RowIds, Rows, RowSet, distinct

Direction = Literal["referencing", "referenced"]

INDEXED_BATCH = 400_000  # an index answers any number of questions; a batch bounds what one answer holds
LEAST_BATCH = 10_000
_OFTEN = 4  # so many rows refer to one, that all of them may well be referred to by this many
_NEARLY_ALL = 0.8
SCAN_BATCH = 4_000_000  # every batch is a scan of the other side: few, and as large as memory likes


@dataclass(frozen=True, slots=True)
class Pairs:
    """Row for row: ``referencing[i]`` of ``referencing_leaf`` refers to ``referenced[i]`` of ``referenced_leaf``."""

    referencing_leaf: RelationName
    referenced_leaf: RelationName
    referencing: RowIds
    referenced: RowIds


class RowSource(Protocol):
    """Answers from one snapshot. ``rows`` are never more than one batch; what comes back may be in several pieces, in any order, and
    name a row twice.
    """

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]: ...

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        """The rows that refer to ``rows`` along the edge: all, or the first ``edge.follow.most`` of each."""
        ...

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]: ...

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]: ...

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        """Who of ``rows`` of the referencing ``leaf`` refers to whom."""
        ...

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]: ...

    def count(self, leaf: RelationName) -> int: ...


@dataclass(slots=True)
class Pull:
    """What one edge brought: ``rows`` that were not there before, from ``from_rows``, in so many ``rounds``. ``held`` are these, by
    leaf.
    """

    edge: Edge
    direction: Direction
    from_rows: int = 0
    rows: int = 0
    rounds: int = 0
    held: dict[RelationName, RowSet] = field(default_factory=dict)


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


Chosen = Callable[[RelationName, RowIds, Step], None]
Asking = Callable[[Edge, int], None]


def ignore(_leaf: RelationName, _ids: RowIds, _step: Step) -> None:
    """Nobody wants to hear."""


def silent(_edge: Edge, _rows: int) -> None:
    """Nobody wants to know."""


def walk(graph: Graph, source: RowSource, chosen: Chosen = ignore, asking: Asking = silent) -> Selection:
    """Choose the rows. ``chosen`` hears of every row once, when it is chosen, with the reason; in no promised order but that what a
    row was chosen for was chosen before it. ``asking`` hears of every question to the source before it is asked, and how many rows were chosen until then.
    """
    selection = Selection()
    for leaf in sorted(leaf for leaf, policy in graph.policies.items() if policy == "all"):
        _choose_whole(graph, source, selection, leaf)
    hearers = _Hearers(chosen, asking)
    down = _Down(graph, source, selection, hearers, _ways_down(graph))
    down.run()
    _Up(graph, source, selection, hearers, _ways_up(graph, selection)).run(down.pulls)
    selection.nulled = _null_what_stays_out(graph, source, selection)
    return selection


def _choose_whole(graph: Graph, source: RowSource, selection: Selection, leaf: RelationName) -> None:
    """Where some of its references become NULL it is not copied whole: its rows are told apart."""
    if not any(edge.nulled and leaf in graph.leaves_of(edge.referencing) for edge in graph.edges):
        selection.whole[leaf] = source.count(leaf)
        return
    rows = selection.rows.setdefault(leaf, RowSet())
    for ids in source.all_rows(leaf):
        rows.add(ids)


@dataclass(frozen=True, slots=True)
class Way:
    """An edge, walked in one direction."""

    edge: Edge
    direction: Direction

    @property
    def start(self) -> RelationName:
        return self.edge.referenced if self.direction == "referencing" else self.edge.referencing

    @property
    def end(self) -> RelationName:
        return self.edge.referencing if self.direction == "referencing" else self.edge.referenced

    @property
    def indexed(self) -> bool:
        """An index finds the rows at the end."""
        edge = self.edge
        return edge.referencing_indexed if self.direction == "referencing" else edge.referenced_indexed


@dataclass(frozen=True, slots=True)
class _Hearers:
    chosen: Chosen
    asking: Asking


class _Walk:
    """Ways with rows still to follow, taken in an order in which a way comes after those that feed it."""

    followed: bool

    def __init__(
        self,
        graph: Graph,
        source: RowSource,
        selection: Selection,
        hearers: _Hearers,
        ways: Iterable[Way],
    ) -> None:
        self.graph, self.source, self.selection, self.hearers = graph, source, selection, hearers
        self.ways = tuple(ways)
        self.leaving: dict[RelationName, list[Way]] = {}
        for way in self.ways:
            for leaf in graph.leaves_of(way.start):
                self.leaving.setdefault(leaf, []).append(way)
        self.rank = rank_ways(self.ways, self.leaving, lambda way: graph.leaves_of(way.end))
        self.pulls = {way: Pull(way.edge, way.direction) for way in self.ways}
        self.pending: dict[Way, dict[RelationName, RowSet]] = {}
        self.kept_out: dict[tuple[Edge, RelationName], RowSet] = {}

    def choose(self, leaf: RelationName, ids: RowIds, step: Step) -> RowIds:
        """Add rows that are not there yet, to be followed in turn; returns these."""
        if leaf in self.selection.whole:
            return ids[:0]
        new = self.selection.rows.setdefault(leaf, RowSet()).add(ids)
        if len(new):
            self.hearers.chosen(leaf, new, step)
            for way in self.leaving.get(leaf, ()):
                self.await_answer(way, leaf, new)
        return new

    def await_answer(self, way: Way, leaf: RelationName, ids: RowIds) -> None:
        self.pending.setdefault(way, {}).setdefault(leaf, RowSet()).add(ids)

    def follow(self) -> None:
        while self.pending:
            way = min(self.pending, key=self.rank.__getitem__)
            rows, pull = self.pending.pop(way), self.pulls[way]
            pull.from_rows += sum(map(len, rows.values()))
            pull.rounds += 1
            for batch in batches(rows, self.batch_size(way)):
                if self.is_exhausted(way):
                    break
                self.hearers.asking(way.edge, sum(map(len, self.selection.rows.values())))
                self.take(way, self.ask(way, batch))

    def ask(self, way: Way, batch: Rows) -> Iterator[Rows]:
        if way.direction == "referenced":
            yield from self.source.referenced_rows(way.edge, batch)
            return
        for found in self.source.referencing_rows(way.edge, batch):
            yield {leaf: ids for leaf, ids in found.items() if leaf not in self.graph.policies}

    def batch_size(self, way: Way) -> int:
        """A small table is soon exhausted: what refers to it is asked for in pieces that may show so."""
        if not way.indexed:
            return SCAN_BATCH
        estimates = [self.graph.estimates.get(leaf) for leaf in self.graph.leaves_of(way.end)]
        known = [estimate for estimate in estimates if estimate is not None]
        if way.direction == "referencing" or len(known) < len(estimates):
            return INDEXED_BATCH
        return min(INDEXED_BATCH, max(LEAST_BATCH, _OFTEN * sum(known)))

    def is_exhausted(self, way: Way) -> bool:
        """All rows that the way could bring are there already. A table is counted only where few rows seem to be left: that
        a million lines refer to a thousand products need not be looked up for each of them.
        """
        return all(self._is_complete(leaf) for leaf in self.graph.leaves_of(way.end))

    def _is_complete(self, leaf: RelationName) -> bool:
        selection, estimate = self.selection, self.graph.estimates.get(leaf)
        if leaf in selection.whole:
            return True
        if estimate is None or selection.count(leaf) < _NEARLY_ALL * estimate:
            return False
        if leaf not in selection.totals:
            selection.totals[leaf] = self.source.count(leaf)
        return selection.count(leaf) == selection.totals[leaf]

    def take(self, way: Way, answer: Iterable[Rows]) -> None:
        pull, step = self.pulls[way], Step(None, way.edge, way.direction, self.followed)
        for found in answer:
            for leaf, ids in found.items():
                if self.graph.policies.get(leaf) in {"empty", "skip"}:
                    self._keep_out(way.edge, leaf, ids)
                    continue
                new = self.choose(leaf, ids, step)
                pull.rows += len(new)
                if len(new):
                    pull.held.setdefault(leaf, RowSet()).add(new)

    def _keep_out(self, edge: Edge, leaf: RelationName, ids: RowIds) -> None:
        new = self.kept_out.setdefault((edge, leaf), RowSet()).add(ids)
        if len(new):
            self.selection.blocked[edge] = self.selection.blocked.get(edge, 0) + len(new)


class _Down(_Walk):
    """From the roots to what refers to them, as far as each edge says."""

    followed = True

    def run(self) -> None:
        for root in self.graph.roots:
            selected: dict[RelationName, RowSet] = {}
            new, step = 0, Step(root=root)
            for found in self.source.root_rows(root):
                for leaf, ids in found.items():
                    selected.setdefault(leaf, RowSet()).add(ids)
                    new += len(self.choose(leaf, ids, step))
            rows = sum(map(len, selected.values()))
            self.selection.roots.append(RootPull(root, rows, new))
        self.follow()
        self.selection.pulls += self.pulls.values()


def _ways_down(graph: Graph) -> Iterator[Way]:
    """What goes into tables with a policy is decided there."""
    for edge in graph.edges:
        ends = graph.leaves_of(edge.referencing)
        if edge.follow.most != 0 and not all(leaf in graph.policies for leaf in ends):
            yield Way(edge, "referencing")


class _Up(_Walk):
    """From all that was followed, and from tables that are whole, to what they refer to. Where rows follow whatever is chosen, it
    goes down again from what was not followed.
    """

    followed = False

    def run(self, came: Mapping[Way, Pull]) -> None:
        """``came`` are the ways by which the followed rows came."""
        for leaf, rows in list(self.selection.rows.items()):
            for way in self.leaving.get(leaf, ()):
                left = self._left(way, leaf, rows, came)
                if len(left):
                    self.pending.setdefault(way, {})[leaf] = left
        for leaf in self.selection.whole:
            for way in self.leaving.get(leaf, ()):
                self._ask_of_whole(way, leaf)
        self.follow()
        self.selection.pulls += self.pulls.values()

    def _ask_of_whole(self, way: Way, leaf: RelationName) -> None:
        if way.direction == "referencing":
            for ids in self.source.all_rows(leaf):
                self.await_answer(way, leaf, ids)
            return
        pull = self.pulls[way]
        pull.from_rows += self.selection.whole[leaf]
        pull.rounds += 1
        self.take(way, self.source.referenced_by_whole(way.edge, leaf))

    def _left(self, way: Way, leaf: RelationName, rows: RowSet, came: Mapping[Way, Pull]) -> RowSet:
        """Down, only what is not followed is still to be asked for. Up, rows that came down this very edge refer along it to where
        they came from, and to nothing else where PostgreSQL holds that one unique.
        """
        if way.direction == "referencing":
            return rows.copy() if leaf in self.graph.policies else RowSet()
        pull = came.get(Way(way.edge, "referencing"))
        if pull is None or way.edge.constraint is None or way.edge.temporal or leaf not in pull.held:
            return rows.copy()
        return rows.minus(pull.held[leaf])


def _ways_up(graph: Graph, selection: Selection) -> Iterator[Way]:
    for edge in graph.edges:
        ends = graph.leaves_of(edge.referenced)
        if not edge.nulled and not all(leaf in selection.whole for leaf in ends):
            yield Way(edge, "referenced")
    yield from (way for way in _ways_down(graph) if way.edge.follow.always)


def rank_ways(
    ways: Iterable[Way],
    leaving: Mapping[RelationName, Iterable[Way]],
    ends: Callable[[Way], Iterable[RelationName]],
) -> dict[Way, int]:
    """Reverse postorder: a way ranks behind all that feed it, but for those of its own cycle. Iterative: schemas can be deep."""
    postorder: list[Way] = []
    seen: set[Way] = set()

    def next_of(way: Way) -> Iterator[Way]:
        return (after for leaf in ends(way) for after in leaving.get(leaf, ()))

    for first in ways:
        if first in seen:
            continue
        seen.add(first)
        path = [(first, next_of(first))]
        while path:
            way, following = path[-1]
            unseen = next((after for after in following if after not in seen), None)
            if unseen is None:
                postorder.append(way)
                path.pop()
            else:
                seen.add(unseen)
                path.append((unseen, next_of(unseen)))
    return {way: rank for rank, way in enumerate(reversed(postorder))}


def batches(rows: Mapping[RelationName, RowSet], size: int) -> Iterator[Rows]:
    """Rows of several leaves together make one batch: a thousand partitions are not a thousand questions."""
    batch: dict[RelationName, RowIds] = {}
    count = 0
    for leaf in sorted(rows):
        for ids in rows[leaf].batches(size):
            if batch and (count + len(ids) > size or leaf in batch):
                yield batch
                batch, count = {}, 0
            batch[leaf] = ids
            count += len(ids)
    if batch:
        yield batch


def _null_what_stays_out(
    graph: Graph, source: RowSource, selection: Selection
) -> dict[RelationName, tuple[Nulled, ...]]:
    """A row may lose several references: rows are parted by the columns that they lose."""
    found: dict[RelationName, dict[frozenset[str], RowSet]] = {}
    for edge in (edge for edge in graph.edges if edge.nulled):
        for leaf in graph.leaves_of(edge.referencing):
            for ids in _dangling(edge, leaf, source, selection):
                _add_nulls(found.setdefault(leaf, {}), frozenset(edge.nulled), ids)
    return {
        leaf: tuple(Nulled(tuple(sorted(columns)), rows) for columns, rows in groups.items() if len(rows))
        for leaf, groups in found.items()
    }


def _dangling(edge: Edge, leaf: RelationName, source: RowSource, selection: Selection) -> Iterator[RowIds]:
    size = INDEXED_BATCH if edge.referenced_indexed else SCAN_BATCH
    for batch in selection.rows.get(leaf, RowSet()).batches(size):
        for pairs in source.pairs(edge, leaf, batch):
            stays_out = ~selection.contains(pairs.referenced_leaf, pairs.referenced)
            yield pairs.referencing[stays_out]


def _add_nulls(groups: dict[frozenset[str], RowSet], columns: frozenset[str], ids: RowIds) -> None:
    left = distinct(ids)
    for known, rows in list(groups.items()):
        among = rows.contains(left)
        if known | columns != known and among.any():
            moved = left[among]
            moving = RowSet()
            moving.add(moved)
            groups[known] = rows.minus(moving)
            groups.setdefault(known | columns, RowSet()).add(moved)
        left = left[~among]
    if len(left):
        groups.setdefault(columns, RowSet()).add(left)
