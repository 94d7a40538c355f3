"""Sets of rows, packed: two bits or so per row of the pages they touch, however many are chosen.

A row is known by its ctid. Within one snapshot that names it for good: its version stays where it is as long as
anybody may see it. So a table needs no key to be walked, every key costs the same, and no value leaves the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dbtool.catalog.relations import RelationName

RowIds = NDArray[np.uint64]  # block << 16 | offset, as ctid's own bytes read from left to right
Rows = Mapping[RelationName, RowIds]

NO_ROWS: RowIds = np.empty(0, np.uint64)

_OFFSET_BITS = 16
_PAGE_BITS = 12  # pages of one segment: 32 MB of heap, 64 kB of bits
_PAGES = 1 << _PAGE_BITS
_WORD = 64
_WORDS = 2  # room for 127 rows per page; narrow rows make a segment wider
_FEW_PAGES = 16  # of a small table, one of thousands of partitions perhaps; more pages make a segment longer


@dataclass(slots=True)
class RowSet:
    """Rows of one relation. Segments are made as rows come, as long as their last page and as wide as the highest offset ask."""

    _segments: dict[int, NDArray[np.uint64]] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, ids: RowIds) -> RowIds:
        """Add rows, in any order and as often as they come; returns those that were not there, ascending."""
        fresh = [self._add_to(number, some) for number, some in _by_segment(distinct(ids))]
        new = np.concatenate(fresh) if fresh else NO_ROWS
        self._count += len(new)
        return new

    def _add_to(self, number: int, ids: RowIds) -> RowIds:
        segment = self._segment_for(number, ids)
        words, bits = _places(ids, segment.shape[1])
        flat = segment.reshape(-1)
        new = (flat[words] & bits) == 0
        starts = np.flatnonzero(np.diff(words, prepend=-1))
        flat[words[starts]] |= np.bitwise_or.reduceat(bits, starts)
        added: RowIds = ids[new]
        return added

    def _segment_for(self, number: int, ids: RowIds) -> NDArray[np.uint64]:
        pages, words = _extent(ids)
        segment = self._segments.get(number)
        if segment is None or segment.shape[0] < pages or segment.shape[1] < words:
            held = segment if segment is not None else np.zeros((0, 0), np.uint64)
            segment = np.zeros((max(pages, held.shape[0]), max(words, held.shape[1])), np.uint64)
            segment[: held.shape[0], : held.shape[1]] = held
            self._segments[number] = segment
        return segment

    def contains(self, ids: RowIds) -> NDArray[np.bool_]:
        """Which of the rows are in the set, in the order given."""
        if _is_ascending(ids):
            return self._contains_ascending(ids)
        order = np.argsort(ids)
        answer = np.empty(len(ids), np.bool_)
        answer[order] = self._contains_ascending(ids[order])
        return answer

    def _contains_ascending(self, ids: RowIds) -> NDArray[np.bool_]:
        found = [self._among(number, some) for number, some in _by_segment(ids)]
        return np.concatenate(found) if found else np.zeros(0, np.bool_)

    def _among(self, number: int, ids: RowIds) -> NDArray[np.bool_]:
        segment = self._segments.get(number)
        if segment is None:
            return np.zeros(len(ids), np.bool_)
        pages, width = segment.shape
        page, offset = (ids >> np.uint64(_OFFSET_BITS)) & np.uint64(_PAGES - 1), ids & np.uint64(0xFFFF)
        fits = (page < np.uint64(pages)) & (offset < np.uint64(width * _WORD))
        words, bits = _places(np.where(fits, ids, np.uint64(0)), width)
        among: NDArray[np.bool_] = fits & ((segment.reshape(-1)[words] & bits) != 0)
        return among

    def batches(self, size: int) -> Iterator[RowIds]:
        """All rows, ascending, in arrays of ``size``; the last is shorter. The set must not change meanwhile."""
        held: list[RowIds] = []
        count = 0
        for number in sorted(self._segments):
            ids = _ids_of(number, self._segments[number])
            while count + len(ids) >= size:
                take = size - count
                yield np.concatenate([*held, ids[:take]])
                held, count, ids = [], 0, ids[take:]
            if len(ids):
                held.append(ids)
                count += len(ids)
        if held:
            yield np.concatenate(held)

    def between(self, first_page: int | None, end_page: int | None) -> RowIds:
        """Rows on pages ``first_page`` up to, not including, ``end_page``, ascending; None leaves that side open."""
        first, end = first_page or 0, end_page if end_page is not None else 1 << 32
        numbers = [n for n in sorted(self._segments) if first >> _PAGE_BITS <= n <= end >> _PAGE_BITS]
        found = [_ids_of(number, self._segments[number]) for number in numbers]
        ids = np.concatenate(found) if found else NO_ROWS
        page = ids >> np.uint64(_OFFSET_BITS)
        return ids[(page >= np.uint64(first)) & (page < np.uint64(end))]

    def cut(self, rows: int) -> list[tuple[int | None, int | None, int]]:
        """Page ranges that hold about ``rows`` each, as (first page, end page, rows); the outer ends are open."""
        edges, counts = [], [0]
        for number in sorted(self._segments):
            for page, count in enumerate(_counts(self._segments[number]).tolist()):
                if count and counts[-1] and counts[-1] + count > rows:
                    edges.append((number << _PAGE_BITS) + page)
                    counts.append(0)
                counts[-1] += count
        firsts: list[int | None] = [None, *edges]
        ends: list[int | None] = [*edges, None]
        return list(zip(firsts, ends, counts, strict=True)) if self._count else []

    def minus(self, other: RowSet) -> RowSet:
        left = RowSet()
        for number, segment in self._segments.items():
            rest = segment.copy()
            taken = other._segments.get(number)
            if taken is not None:
                pages, width = map(min, rest.shape, taken.shape)
                rest[:pages, :width] &= ~taken[:pages, :width]
            count = int(_counts(rest).sum())
            if count:
                left._segments[number] = rest
                left._count += count
        return left

    def copy(self) -> RowSet:
        return self.minus(RowSet())

    @property
    def bytes(self) -> int:
        """Memory taken, in bytes."""
        return sum(segment.nbytes for segment in self._segments.values())


def distinct(ids: RowIds) -> RowIds:
    """Ascending, each once; the array itself where it is so already. np.unique hashes first, and takes thirty times as long."""
    if len(ids) < 2 or bool((ids[1:] > ids[:-1]).all()):  # noqa: PLR2004  what has an order
        return ids
    ordered = np.sort(ids)
    first = np.ones(len(ids), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    once: RowIds = ordered[first]
    return once


def _is_ascending(ids: RowIds) -> bool:
    return bool((ids[1:] >= ids[:-1]).all())


def _by_segment(ordered: RowIds) -> Iterator[tuple[int, RowIds]]:
    numbers = (ordered >> np.uint64(_OFFSET_BITS + _PAGE_BITS)).astype(np.int64)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    for start, end in pairwise([*starts, len(ordered)]):
        yield int(numbers[start]), ordered[start:end]


def _extent(ids: RowIds) -> tuple[int, int]:
    """(pages, words per page) that a segment needs for ascending ids; pages double, or rows that come one by one would have it
    made anew for each.
    """
    last = int(ids[-1] >> np.uint64(_OFFSET_BITS)) & (_PAGES - 1)
    words = int((ids & np.uint64(0xFFFF)).max()) // _WORD + 1
    return max(_FEW_PAGES, 1 << last.bit_length()), max(_WORDS, words)


def _places(ids: RowIds, width: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(index into the flat words, the bit within that word) of each row of one segment."""
    page = (ids >> np.uint64(_OFFSET_BITS)) & np.uint64(_PAGES - 1)
    offset = ids & np.uint64(0xFFFF)
    words = page * np.uint64(width) + (offset >> np.uint64(6))
    return words.astype(np.int64), np.uint64(1) << (offset & np.uint64(_WORD - 1))


def _bits_of(segment: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.unpackbits(segment.astype("<u8", copy=False).view(np.uint8), bitorder="little")


def _ids_of(number: int, segment: NDArray[np.uint64]) -> RowIds:
    words = segment.reshape(-1)
    used = np.flatnonzero(words)  # of rows that come one by one, as down a deep tree, few
    bits = np.flatnonzero(_bits_of(words[used]))
    places: RowIds = (used[bits >> 6] * _WORD + (bits & (_WORD - 1))).astype(np.uint64)
    per_page = np.uint64(segment.shape[1] * _WORD)
    page = np.uint64(number << _PAGE_BITS) + places // per_page
    return (page << np.uint64(_OFFSET_BITS)) | (places % per_page)


def _counts(segment: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Rows per page."""
    counts: NDArray[np.int64] = _bits_of(segment).reshape(len(segment), -1).sum(axis=1, dtype=np.int64)
    return counts
