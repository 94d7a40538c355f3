"""Roots → what refers to them → what all of that refers to: the least set of rows that is closed.

Two walks. Down: rows that refer to a followed row are followed too, as far as each edge says. Up: whatever a chosen row
refers to is chosen, and nothing follows *that*: a customer's products come along, the products' other customers do
not. Both are least fixpoints, so that the answer does not depend on the order; the order only saves scans.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.subset.batches import batch_size, batches
from dbtool.subset.dangling import null_what_stays_out
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.row_set import RowIds, Rows, RowSet
from dbtool.subset.row_source import Question, RowSource
from dbtool.subset.selection import Pull, RootPull, Selection, Step
from dbtool.subset.ways import Way, order_ways

_NEARLY_ALL = 0.8

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
    selection.nulled = null_what_stays_out(graph, source, selection)
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
        self.order = order_ways(self.ways, self.leaving, lambda way: graph.leaves_of(way.end))
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
            ways = sorted(self.order.ready(self.pending), key=self._size, reverse=True)
            exhausted = {way for way in ways if self.is_exhausted(way)}
            for question, found in self.source.answers(self._questions(ways, exhausted)):
                self.take(Way(question.edge, question.direction), found)

    def _size(self, way: Way) -> int:
        """What is looked for among the most rows takes longest: with it first, several sessions end together."""
        return sum(self.graph.estimates.get(leaf) or 0 for leaf in self.graph.leaves_of(way.end))

    def _questions(self, ways: Sequence[Way], exhausted: Collection[Way]) -> Iterator[Question]:
        """How much is asked ahead depends on the source; what is told of the walk must not. So down the edges, where it matters
        who met whom, what is exhausted was found out before anybody was asked.
        """
        for way in ways:
            rows, pull = self.pending.pop(way), self.pulls[way]
            pull.from_rows += sum(map(len, rows.values()))
            pull.rounds += 1
            if way in exhausted:
                continue
            for batch in batches(rows, self.batch_size(way)):
                if way.direction == "referenced" and self.is_exhausted(way):
                    break
                self.hearers.asking(way.edge, sum(map(len, self.selection.rows.values())))
                yield Question(way.edge, way.direction, batch)

    def batch_size(self, way: Way) -> int:
        estimates = [self.graph.estimates.get(leaf) for leaf in self.graph.leaves_of(way.end)]
        known = [estimate for estimate in estimates if estimate is not None]
        if way.direction == "referencing" or len(known) < len(estimates):
            return batch_size(indexed=way.indexed)
        return batch_size(indexed=way.indexed, looked_up=sum(known))

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

    def take(self, way: Way, found: Rows) -> None:
        pull, step = self.pulls[way], Step(None, way.edge, way.direction, self.followed)
        for leaf, ids in found.items():
            policy = self.graph.policies.get(leaf)
            if policy is not None and way.direction == "referencing":
                continue
            if policy in {"empty", "skip"}:
                self._keep_out(way.edge, leaf, ids)
                continue
            new = self.choose(leaf, ids, step)
            pull.rows += len(new)
            if len(new):
                pull.held.setdefault(leaf, RowSet()).add(new)
            if way.direction == "referencing" and len(new) < len(ids):
                pull.met.setdefault(leaf, RowSet()).add(ids)

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
        for found in self.source.referenced_by_whole(way.edge, leaf):
            self.take(way, found)

    def _left(self, way: Way, leaf: RelationName, rows: RowSet, came: Mapping[Way, Pull]) -> RowSet:
        """Down, only what is not followed is still to be asked for. Up, rows that were found down this very edge refer along it to
        a row that is there, and to nothing else where PostgreSQL holds that one unique.
        """
        if way.direction == "referencing":
            return rows.copy() if leaf in self.graph.policies else RowSet()
        pull = came.get(Way(way.edge, "referencing"))
        left = rows.copy()
        if pull is None or way.edge.constraint is None or way.edge.temporal:
            return left
        for found in (pull.held, pull.met):
            if leaf in found:
                left = left.minus(found[leaf])
        return left


def _ways_up(graph: Graph, selection: Selection) -> Iterator[Way]:
    for edge in graph.edges:
        ends = graph.leaves_of(edge.referenced)
        if not edge.nulled and not all(leaf in selection.whole for leaf in ends):
            yield Way(edge, "referenced")
    yield from (way for way in _ways_down(graph) if way.edge.follow.always)
