"""References to rows that stay out, where the rules say that they become NULL."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import RelationName
from dbtool.subset.batches import batch_size
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.row_set import RowIds, RowSet, distinct
from dbtool.subset.row_source import RowSource
from dbtool.subset.selection import Nulled, Selection


def null_what_stays_out(
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
    """A reference that PostgreSQL does not know may lead to several rows: it is kept for one of them. A temporal one needs all."""
    size = batch_size(indexed=edge.referenced_indexed)
    for batch in selection.rows.get(leaf, RowSet()).batches(size):
        out, kept = RowSet(), RowSet()
        for pairs in source.pairs(edge, leaf, batch):
            is_in = selection.contains(pairs.referenced_leaf, pairs.referenced)
            out.add(pairs.referencing[~is_in])
            kept.add(pairs.referencing[is_in])
        yield from (out if edge.temporal else out.minus(kept)).batches(size)


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
