"""Which columns of a reference can become NULL, so that its row may stay without the row it refers to."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, Relation, RelationName
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge


class Nullable:
    """What a NULL would break is not nullable: NOT NULL in the table or one of its partitions, a partition's bound, a
    reference that leads to the column, or another reference that must be whole or NULL in all its columns (MATCH FULL).
    """

    def __init__(self, catalog: Catalog, facts: SourceFacts, edges: tuple[Edge, ...]) -> None:
        self._catalog, self._facts = catalog, facts
        self._leaving: dict[RelationName, list[Edge]] = {}
        self._arriving: dict[RelationName, list[Edge]] = {}
        for edge in edges:
            self._leaving.setdefault(self._table(edge.referencing), []).append(edge)
            self._arriving.setdefault(self._table(edge.referenced), []).append(edge)
        self._whole = {(key.referencing, key.name) for key in catalog.foreign_keys if key.match == "full"}

    def choose(self, edge: Edge) -> tuple[str, ...]:
        """Columns that no other reference needs, if there are such; () where none can become NULL."""
        fixed = self._fixed(edge)
        free = tuple(column for column in edge.columns if column not in fixed)
        if any(self._is_whole(other) for other in self._along(edge)):
            return free if free == edge.columns else ()
        shared = {column for other in self._beside(edge) for column in other.columns}
        return tuple(column for column in free if column not in shared) or free

    def _fixed(self, edge: Edge) -> set[str]:
        fixed = {name for relation in self._family(edge) for name in _never_null(relation)}
        for other in self._arriving.get(self._table(edge.referencing), ()):
            fixed.update(other.referenced_columns)
        for other in self._beside(edge):
            if self._is_whole(other):
                fixed.update(other.columns)
        return fixed

    def _family(self, edge: Edge) -> Iterator[Relation]:
        """The referencing table, the partitions its rows are in, and all partitioned tables between and above."""
        relations = self._catalog.relations
        root = self._table(edge.referencing)
        for name in {root, edge.referencing, *self._facts.leaves[edge.referencing]}:
            yield relations[name]
        for relation in relations.values():
            if relation.partition_root == root and relation.partition_key:
                yield relation

    def _along(self, edge: Edge) -> Iterator[Edge]:
        """References that the very same columns make: they share the rule, and the NULL."""
        return (other for other in self._of_same_rows(edge) if set(other.columns) == set(edge.columns))

    def _beside(self, edge: Edge) -> Iterator[Edge]:
        return (other for other in self._of_same_rows(edge) if set(other.columns) != set(edge.columns))

    def _of_same_rows(self, edge: Edge) -> list[Edge]:
        return self._leaving[self._table(edge.referencing)]

    def _table(self, relation: RelationName) -> RelationName:
        return self._catalog.relations[relation].ruled_by

    def _is_whole(self, edge: Edge) -> bool:
        return (edge.referencing, edge.constraint) in self._whole


def _never_null(relation: Relation) -> Iterator[str]:
    yield from (column.name for column in relation.columns if _is_fixed(column))
    yield from (column for column in relation.partition_key if column is not None)
    yield from relation.partition_mentions


def _is_fixed(column: Column) -> bool:
    return column.not_null or column.generated
