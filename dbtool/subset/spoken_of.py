"""Which references a rule speaks of: rules name them by their columns, in any order."""

from __future__ import annotations

from collections.abc import Iterable

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.rules.subset_model import EdgeRule, NullRule
from dbtool.subset.graph import Edge


class SpokenOf:
    """References by their table and columns. One that a partition has for itself is known by its root's name, too."""

    def __init__(self, catalog: Catalog, edges: Iterable[Edge]) -> None:
        self._edges: dict[tuple[RelationName, frozenset[str]], list[Edge]] = {}
        for edge in edges:
            for table in {edge.referencing, catalog.relations[edge.referencing].ruled_by}:
                self._edges.setdefault((table, frozenset(edge.columns)), []).append(edge)

    def by(self, rule: EdgeRule | NullRule) -> list[Edge]:
        return self._edges.get((rule.relation, frozenset(rule.columns)), [])
