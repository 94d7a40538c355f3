"""Which keys a column refers to in the end: through declared and virtual references, chains and cycles.

A column that refers to a key must get the key's decision, or the join is lost. Partitions stand for their root.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.rules.model import VirtualReference

KeyGroup = tuple[ColumnRef, ...]


@dataclass(frozen=True, slots=True)
class Inheritance:
    """``groups`` of a referencing column: the keys it refers to in the end, each alone or, where keys refer
    to one another in a cycle, together. The members of a group share one decision.
    """

    groups: Mapping[ColumnRef, tuple[KeyGroup, ...]]

    def groups_of(self, column: ColumnRef) -> tuple[KeyGroup, ...]:
        return self.groups.get(column, ((column,),))


def find_way(
    catalog: Catalog, references: Iterable[VirtualReference], start: ColumnRef, end: ColumnRef
) -> tuple[ColumnRef, ...]:
    """The shortest way along references from ``start`` to ``end``, both among it; () where none leads there."""
    graph = _graph(catalog, references)
    ways: dict[ColumnRef, tuple[ColumnRef, ...]] = {start: (start,)}
    waiting = deque([start])
    while waiting and end not in ways:
        column = waiting.popleft()
        for referenced in sorted(graph.get(column, ())):
            if referenced not in ways:
                ways[referenced] = (*ways[column], referenced)
                waiting.append(referenced)
    return ways.get(end, ())


def _graph(catalog: Catalog, references: Iterable[VirtualReference]) -> dict[ColumnRef, set[ColumnRef]]:
    graph: dict[ColumnRef, set[ColumnRef]] = defaultdict(set)
    for referencing, referenced in _edges(catalog, references):
        if referencing != referenced:
            graph[referencing].add(referenced)
    return graph


def find_inheritance(catalog: Catalog, references: Iterable[VirtualReference]) -> Inheritance:
    graph = _graph(catalog, references)
    reach = {column: _reachable(column, graph) for column in _nodes(graph)}
    return Inheritance({column: tuple(_key_groups(column, reach)) for column in reach})


def _edges(catalog: Catalog, references: Iterable[VirtualReference]) -> Iterator[tuple[ColumnRef, ColumnRef]]:
    for key in catalog.foreign_keys:
        for column, referenced in _pairs(key):
            yield from _edge(catalog, key.referencing, column, key.referenced, referenced)
    for virtual in references:
        yield from _edge(
            catalog, virtual.relation, virtual.column, virtual.referenced, virtual.referenced_column
        )


def _pairs(key: ForeignKey) -> list[tuple[str, str]]:
    """The last column of a temporal key refers to a range that contains its own: nothing it could equal."""
    pairs = list(zip(key.columns, key.referenced_columns, strict=True))
    return pairs[:-1] if key.temporal else pairs


def _edge(
    catalog: Catalog, relation: RelationName, column: str, referenced: RelationName, referenced_column: str
) -> Iterator[tuple[ColumnRef, ColumnRef]]:
    start = find_ruled_column(catalog, relation, column)
    end = find_ruled_column(catalog, referenced, referenced_column)
    if start is not None and end is not None:
        yield start, end


def find_ruled_column(catalog: Catalog, relation: RelationName, column: str) -> ColumnRef | None:
    """The column as rules speak of it: under its partition root's name, and only if it is copied."""
    found = catalog.relations.get(relation)
    if found is None:
        return None
    ruled = catalog.relations.get(found.ruled_by)
    if ruled is None or ruled.name == catalog.alembic_version:
        return None
    known = ruled.find_column(column)
    return ColumnRef(ruled.name, column) if known is not None and not known.generated else None


def _nodes(graph: Mapping[ColumnRef, set[ColumnRef]]) -> set[ColumnRef]:
    return set(graph).union(*graph.values()) if graph else set()


def _reachable(start: ColumnRef, graph: Mapping[ColumnRef, set[ColumnRef]]) -> frozenset[ColumnRef]:
    """Everything at the end of a path of one edge or more; ``start`` itself only within a cycle."""
    found: set[ColumnRef] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        column = waiting.pop()
        if column not in found:
            found.add(column)
            waiting.extend(graph.get(column, ()))
    return frozenset(found)


def _key_groups(column: ColumnRef, reach: Mapping[ColumnRef, frozenset[ColumnRef]]) -> Iterator[KeyGroup]:
    """A group is final where everything reachable from it is the group itself."""
    seen: set[ColumnRef] = set()
    for candidate in sorted(reach[column] | {column}):
        members = reach[candidate] | {candidate}
        if candidate not in seen and all(members == reach[member] | {member} for member in members):
            seen |= members
            yield tuple(sorted(members))
