"""The source's answers by several sessions of one snapshot: what is asked for few rows is one processor's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_session import FEW_ROWS
from dbtool.refresh.request import Cancellation
from dbtool.refresh.workers import run_workers
from dbtool.subset.graph import BoundRoot, Edge, PolymorphicCheck
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Pairs

# Below it, telling two sessions takes longer than the answer; above what an index is asked for, the server shares the
# scans of its plan among workers of its own, and two sessions would scan everything twice.
_WORTH_SHARING = range(2_000, FEW_ROWS + 1)

_Question = Callable[[SubsetSource, Rows], Iterator[Rows]]


class SharedSource:
    """``sources`` are of one snapshot, each on a connection of its own. The first answers what is not shared."""

    def __init__(self, sources: Sequence[SubsetSource], cancellation: Cancellation) -> None:
        self._first, self._sources, self._cancellation = sources[0], sources, cancellation

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]:
        return self._first.root_rows(root)

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        if not edge.referencing_indexed:
            return self._first.referencing_rows(edge, rows)
        return self._shared(rows, lambda source, share: source.referencing_rows(edge, share))

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        if not edge.referenced_indexed:
            return self._first.referenced_rows(edge, rows)
        return self._shared(rows, lambda source, share: source.referenced_rows(edge, share))

    def _shared(self, rows: Rows, ask: _Question) -> Iterator[Rows]:
        shares = share_rows(rows, len(self._sources))
        if len(shares) == 1:
            yield from ask(self._first, rows)
            return
        asked = zip(self._sources, shares, strict=False)
        tasks = [partial(_answer, ask, source, share) for source, share in asked]
        for answer in run_workers(tasks, self._cancellation):
            yield from answer

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]:
        return self._first.referenced_by_whole(edge, leaf)

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        return self._first.pairs(edge, leaf, rows)

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]:
        return self._first.all_rows(leaf)

    def count(self, leaf: RelationName) -> int:
        return self._first.count(leaf)

    def count_orphans(self, edge: Edge, leaf: RelationName, rows: RowIds | None = None) -> int:
        return self._first.count_orphans(edge, leaf, rows)

    def unmapped(
        self, check: PolymorphicCheck, leaf: RelationName, rows: RowIds | None = None
    ) -> Mapping[str, int]:
        return self._first.unmapped(check, leaf, rows)


def _answer(ask: _Question, source: SubsetSource, share: Rows) -> list[Rows]:
    return list(ask(source, share))


def share_rows(rows: Rows, number: int) -> list[Rows]:
    """Pure. As many shares as there are, of neighbouring rows each; or all rows as the only one."""
    count = sum(map(len, rows.values()))
    if number == 1 or count not in _WORTH_SHARING:
        return [rows]
    cut = {leaf: np.array_split(ids, number) for leaf, ids in rows.items()}
    return [{leaf: parts[at] for leaf, parts in cut.items() if len(parts[at])} for at in range(number)]
