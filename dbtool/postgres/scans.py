"""Which questions of the walk are answered by scanning a relation, and how a scan is parted among sessions. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.readings import PageRange, Reading, page_ranges
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge
from dbtool.subset.row_set import Rows

SCAN_PAGES = 65_536  # 512 MB of heap: some ten million rows at most, 60 MB of tids

_ROWS_PER_PAGE = 291  # as many as fit on 8 kB
_TID_BYTES = 6
_LARGEST_VALUE = 2**30  # bytes
_WORTH_PARTING = 1_024  # pages: a scan of 8 MB takes some 10 ms
_MANY_TIMES = 4  # as many rows as are given, and their lookup is a small part of the scan
_WORTH_PLANNING = 1_000  # rows: below it any plan will do
# As many rows as are given: looking all of them through takes longer than looking those up, measured.
_SPARSE = 4


@dataclass(frozen=True, slots=True)
class Scans:
    """``scan_pages`` is how much of a relation one answer is about where it could be all of it."""

    catalog: Catalog
    facts: SourceFacts
    scan_pages: int = SCAN_PAGES

    def pages(self, relation: RelationName) -> int:
        return sum(self.catalog.relations[leaf].pages for leaf in self._leaves(relation))

    def is_in_pieces(self, edge: Edge) -> bool:
        """Without an index, the answer comes page range by page range where it could be too much at once."""
        return not edge.referencing_indexed and self.pages(edge.referencing) > self.scan_pages

    def may_be_too_large(self, edge: Edge) -> bool:
        """An index finds few rows as a rule, but all of a relation of this size would be more tids than one value can hold."""
        limit = _LARGEST_VALUE // _TID_BYTES // _ROWS_PER_PAGE
        return edge.referencing_indexed and self.pages(edge.referencing) > limit

    def is_scanned(self, edge: Edge, rows: Rows) -> bool:
        """Of so many rows given, that those which refer to them are best looked for in all of the relation, whose pages are
        fewer than an index would be asked. The first few of each are found otherwise.
        """
        given = _count(rows)
        if edge.follow.most is not None or given < _WORTH_PLANNING:
            return False
        return not edge.referencing_indexed or given * self._probes(edge) > self.pages(edge.referencing)

    def parts(self, edge: Edge, rows: Rows, number: int) -> tuple[Reading, ...]:
        """What ``number`` sessions read of a relation that is scanned and so many times larger than what is given that all of them
        may well look that up: page ranges of a table, or some partitions each. () of what is not worth it, or has to be asked with
        caution.
        """
        leaves, pages = self._leaves(edge.referencing), self.pages(edge.referencing)
        # It may never have been analysed.
        held = sum(
            max(self.catalog.relations[leaf].rows, self.catalog.relations[leaf].pages) for leaf in leaves
        )
        is_worth_it = pages >= _WORTH_PARTING and held >= _MANY_TIMES * _count(rows)
        if edge.follow.most is not None or not is_worth_it or not self._needs_all(edge, rows):
            return ()
        if self.may_be_too_large(edge):
            return ()
        if len(leaves) > 1:
            return tuple(Reading(edge.referencing, leaves=share) for share in self._deal(leaves, number))
        firsts = [pages * part // number for part in range(1, number)]
        return tuple(Reading(edge.referencing, leaves[0], pages=part) for part in page_ranges(firsts))

    def are_sparse(self, rows: Rows) -> bool:
        """Whether the given rows are few of their relations'."""
        return _SPARSE * _count(rows) <= sum(self.catalog.relations[leaf].rows for leaf in rows)

    def ranges(self, leaf: RelationName) -> list[PageRange]:
        return page_ranges(range(self.scan_pages, self.catalog.relations[leaf].pages, self.scan_pages))

    def _leaves(self, relation: RelationName) -> tuple[RelationName, ...]:
        return self.facts.leaves.get(relation, ())

    def _needs_all(self, edge: Edge, rows: Rows) -> bool:
        return not edge.referencing_indexed or self.is_scanned(edge, rows)

    def _probes(self, edge: Edge) -> int:
        """How many indexes are asked for one row: each partition's, unless its reference says which one."""
        key = self.catalog.relations[edge.referencing].partition_key
        return 1 if any(name in edge.columns for name in key) else len(self._leaves(edge.referencing))

    def _deal(self, leaves: tuple[RelationName, ...], number: int) -> list[tuple[RelationName, ...]]:
        """In shares of about as many pages, the largest first."""
        shares: list[list[RelationName]] = [[] for _ in range(min(number, len(leaves)))]
        sizes = [0] * len(shares)
        for leaf in sorted(leaves, key=lambda leaf: -self.catalog.relations[leaf].pages):
            least = sizes.index(min(sizes))
            shares[least].append(leaf)
            sizes[least] += self.catalog.relations[leaf].pages
        return [tuple(sorted(share)) for share in shares]


def _count(rows: Rows) -> int:
    return sum(map(len, rows.values()))
