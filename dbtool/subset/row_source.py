"""What answers the walk: any source of rows that knows which refer to which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from dbtool.catalog.relations import RelationName
from dbtool.subset.graph import BoundRoot, Edge
from dbtool.subset.row_set import RowIds, Rows


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
