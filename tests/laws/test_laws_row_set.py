"""A RowSet is what a Python set of the same numbers is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dbtool.subset.row_set import RowIds, RowSet

PAGES = st.one_of(st.integers(0, 20), st.integers(4090, 4100), st.integers(0, 2**32 - 1), st.just(2**32 - 1))
OFFSETS = st.one_of(st.integers(1, 5), st.integers(60, 130), st.integers(1, 2000))
IDS = st.lists(st.builds(lambda page, offset: page << 16 | offset, PAGES, OFFSETS), max_size=40)


def rows(ids: list[int]) -> RowIds:
    return np.array(ids, np.uint64)


def filled(batches: list[list[int]]) -> RowSet:
    held = RowSet()
    for batch in batches:
        held.add(rows(batch))
    return held


@given(st.lists(IDS, max_size=5))
def test_adding_returns_what_a_set_did_not_have(batches: list[list[int]]) -> None:
    held, known = RowSet(), set[int]()
    for batch in batches:
        assert held.add(rows(batch)).tolist() == sorted(set(batch) - known)
        known.update(batch)
        assert len(held) == len(known)
    assert held.between(None, None).tolist() == sorted(known)


@given(st.lists(IDS, max_size=3), IDS)
def test_containing_is_membership_in_the_order_asked(batches: list[list[int]], asked: list[int]) -> None:
    known = {one for batch in batches for one in batch}
    asked = [*asked, *known][::-1]
    assert filled(batches).contains(rows(asked)).tolist() == [one in known for one in asked]


@given(IDS, IDS)
def test_subtracting_is_that_of_sets(one: list[int], other: list[int]) -> None:
    left = filled([one]).minus(filled([other]))
    assert left.between(None, None).tolist() == sorted(set(one) - set(other))
    assert len(left) == len(set(one) - set(other))


@given(IDS, st.integers(1, 15))
def test_batches_are_all_rows_in_order(ids: list[int], size: int) -> None:
    batches = list(filled([ids]).batches(size))
    assert [one for batch in batches for one in batch.tolist()] == sorted(set(ids))
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)


@given(IDS, PAGES, PAGES)
def test_between_is_a_range_of_pages(ids: list[int], first: int, end: int) -> None:
    expected = [one for one in sorted(set(ids)) if first <= one >> 16 < end]
    assert filled([ids]).between(first, end).tolist() == expected


@given(IDS, st.integers(1, 15))
def test_cuts_part_the_rows(ids: list[int], size: int) -> None:
    held = filled([ids])
    cuts = held.cut(size)
    parts = [held.between(first, end).tolist() for first, end, _ in cuts]
    assert [one for part in parts for one in part] == sorted(set(ids))
    assert [len(part) for part in parts] == [count for _, _, count in cuts]
    for part in parts:
        assert part
        assert len(part) <= size or len({one >> 16 for one in part}) == 1
