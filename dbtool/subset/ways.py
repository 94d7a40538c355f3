"""Edges as they are walked, one way or the other, and which of them feed which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.subset.graph import Edge
from dbtool.subset.selection import Direction

Ends = Callable[["Way"], Iterable[RelationName]]


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


def rank_ways(
    ways: Iterable[Way],
    leaving: Mapping[RelationName, Iterable[Way]],
    ends: Ends,
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


@dataclass(frozen=True, slots=True)
class Order:
    """``ranks`` as rank_ways() has them. ``fed`` are the ways that rows of a way may go on by, at once or later, as bits of
    their ranks.
    """

    ranks: Mapping[Way, int]
    fed: Mapping[Way, int]

    def ready(self, pending: Collection[Way]) -> list[Way]:
        """Those that no other feeds: whatever one of them brings is nothing that another has to ask about. Of a cycle that nothing
        else feeds it is the first.
        """
        ranked = sorted(pending, key=self.ranks.__getitem__)
        ready = [
            way for way in ranked if not any(self._feeds(other, way) for other in ranked if other != way)
        ]
        return ready or ranked[:1]

    def _feeds(self, way: Way, other: Way) -> bool:
        return bool(self.fed[way] >> self.ranks[other] & 1)


def order_ways(ways: Collection[Way], leaving: Mapping[RelationName, Iterable[Way]], ends: Ends) -> Order:
    ranks = rank_ways(ways, leaving, ends)
    next_of = {way: {after for leaf in ends(way) for after in leaving.get(leaf, ())} for way in ways}
    fed, before = dict.fromkeys(ways, 0), None
    # From the last to the first: one pass, and one more for each cycle within a cycle.
    backwards = sorted(ways, key=ranks.__getitem__, reverse=True)
    while fed != before:
        before = dict(fed)
        for way in backwards:
            for after in next_of[way]:
                fed[way] |= 1 << ranks[after] | fed[after]
    return Order(ranks, fed)
