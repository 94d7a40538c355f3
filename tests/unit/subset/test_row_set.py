"""Sets of rows: as a set of numbers would be, at two bits a row."""

from __future__ import annotations

import time

import numpy as np
import pytest

from dbtool.subset.row_set import NO_ROWS, RowIds, RowSet, distinct

LAST_PAGE = 2**32 - 1


def row(page: int, offset: int) -> int:
    return page << 16 | offset


def rows(*ids: int) -> RowIds:
    return np.array(ids, np.uint64)


def filled(*ids: int) -> RowSet:
    made = RowSet()
    made.add(rows(*ids))
    return made


def everything(held: RowSet) -> list[int]:
    return [one for batch in held.batches(1000) for one in batch.tolist()]


def heap(count: int, per_page: int = 70, first: int = 0) -> RowIds:
    numbers = np.arange(first, first + count, dtype=np.uint64)
    return (numbers // np.uint64(per_page) << np.uint64(16)) | (numbers % np.uint64(per_page) + np.uint64(1))


def test_adding_returns_what_is_new_in_order_and_once() -> None:
    held = RowSet()
    assert held.add(rows(row(9, 2), row(1, 1), row(9, 2))).tolist() == [row(1, 1), row(9, 2)]
    assert held.add(rows(row(9, 3), row(9, 2))).tolist() == [row(9, 3)]
    assert held.add(NO_ROWS).tolist() == []
    assert len(held) == 3


def test_adding_leaves_the_array_as_it_was() -> None:
    given = rows(row(9, 2), row(1, 1))
    new = RowSet().add(given)
    new[:] = 0
    assert given.tolist() == [row(9, 2), row(1, 1)]
    ascending = rows(row(1, 1), row(9, 2))
    RowSet().add(ascending)[:] = 0
    assert ascending.tolist() == [row(1, 1), row(9, 2)]


@pytest.mark.parametrize("offset", [1, 63, 64, 127, 128, 129, 291, 2000])
@pytest.mark.parametrize("page", [0, 4095, 4096, LAST_PAGE])
def test_any_row_of_any_page_can_be_held(page: int, offset: int) -> None:
    held = filled(row(page, offset))
    assert everything(held) == [row(page, offset)]
    assert held.contains(rows(row(page, offset), row(page, offset + 1))).tolist() == [True, False]
    assert held.between(page, page + 1).tolist() == [row(page, offset)]


def test_a_segment_grows_wider_with_all_that_it_holds() -> None:
    held = filled(row(5, 1), row(6, 127))
    held.add(rows(row(5, 2000)))
    assert everything(held) == [row(5, 1), row(5, 2000), row(6, 127)]


def test_rows_beyond_the_width_of_a_segment_are_not_in_it() -> None:
    held = filled(row(0, 0), row(0, 1), row(1, 0))
    assert held.contains(rows(row(0, 129), row(0, 128), row(0, 2000))).tolist() == [False, False, False]


def test_a_segment_grows_longer_with_all_that_it_holds() -> None:
    held = filled(row(0, 1), row(3, 200))
    assert held.contains(rows(row(3, 200), row(16, 1), row(4095, 291))).tolist() == [True, False, False]
    for page in (15, 16, 17, 600, 4095, 4096):
        assert held.add(rows(row(page, 7))).tolist() == [row(page, 7)]
    assert everything(held) == [
        row(0, 1),
        row(3, 200),
        *(row(page, 7) for page in (15, 16, 17, 600, 4095, 4096)),
    ]
    assert (
        everything(held.minus(filled(row(0, 1), row(15, 7)))) == everything(held)[1:2] + everything(held)[3:]
    )
    assert everything(filled(row(0, 1)).minus(held)) == []


def test_what_is_contained_is_told_in_the_order_asked() -> None:
    held = filled(row(1, 1), row(5000, 7))
    asked = rows(row(5000, 7), row(2, 2), row(1, 1), row(5000, 7), row(9000, 1))
    assert held.contains(asked).tolist() == [True, False, True, True, False]
    assert held.contains(np.sort(asked)).tolist() == [True, False, True, True, False]
    assert held.contains(NO_ROWS).tolist() == []
    assert RowSet().contains(asked).tolist() == [False] * 5


@pytest.mark.parametrize(("other", "left"), [(1, 2000), (2000, 1)])
def test_subtracting_takes_rows_from_segments_of_any_width(other: int, left: int) -> None:
    whole = filled(row(1, 1), row(1, 2000), row(5000, 3))
    assert everything(whole.minus(filled(row(1, other), row(5000, 3), row(7, 7)))) == [row(1, left)]
    assert len(whole) == 3
    assert len(filled(row(1, 1)).minus(whole)) == 0


def test_a_copy_goes_its_own_way() -> None:
    held = filled(row(1, 1))
    copied = held.copy()
    copied.add(rows(row(1, 2)))
    assert everything(held) == [row(1, 1)]
    assert everything(copied) == [row(1, 1), row(1, 2)]
    assert len(copied) == 2


def test_batches_are_full_but_for_the_last() -> None:
    held = RowSet()
    held.add(heap(700_000))
    sizes = [len(batch) for batch in held.batches(150_000)]
    assert sizes == [150_000, 150_000, 150_000, 150_000, 100_000]
    assert np.array_equal(np.concatenate(list(held.batches(9_999))), heap(700_000))
    assert list(RowSet().batches(5)) == []
    assert [len(batch) for batch in filled(*range(1, 11)).batches(5)] == [5, 5]


def test_between_leaves_a_side_open() -> None:
    held = filled(row(0, 1), row(4095, 1), row(4096, 1), row(LAST_PAGE, 1))
    assert held.between(None, 4096).tolist() == [row(0, 1), row(4095, 1)]
    assert held.between(4096, None).tolist() == [row(4096, 1), row(LAST_PAGE, 1)]
    assert held.between(None, None).tolist() == everything(held)
    assert held.between(1, 4095).tolist() == []


def test_cuts_cover_every_row_once() -> None:
    held = RowSet()
    held.add(heap(100_000))
    held.add(heap(70, first=10_000_000))
    cuts = held.cut(10_000)
    assert [cut[2] for cut in cuts] == [len(held.between(first, end)) for first, end, _ in cuts]
    assert sum(cut[2] for cut in cuts) == len(held)
    assert all(cut[2] <= 10_000 for cut in cuts)
    assert (cuts[0][0], cuts[-1][1]) == (None, None)
    assert [cut[1] for cut in cuts[:-1]] == [cut[0] for cut in cuts[1:]]


def test_a_page_is_never_cut() -> None:
    assert [cut[2] for cut in filled(*(row(3, offset) for offset in range(1, 51))).cut(10)] == [50]
    assert RowSet().cut(10) == []


def test_ten_million_rows_take_less_than_five_megabytes() -> None:
    held = RowSet()
    for first in range(0, 10_000_000, 1_000_000):
        held.add(heap(1_000_000, first=first))
    assert len(held) == 10_000_000
    assert held.bytes < 5_000_000


def test_the_few_rows_of_a_small_partition_take_little_memory() -> None:
    """There may be thousands of them, in the chosen rows and in those that wait at every reference."""
    assert filled(row(0, 1), row(3, 60)).bytes < 1_000


def test_rows_in_order_are_added_without_being_hashed_or_sorted() -> None:
    held, batch = RowSet(), heap(2_000_000)
    started = time.perf_counter()
    held.add(batch)
    assert time.perf_counter() - started < 0.6  # 0.03 s on two idle cores; 1.2 s with np.unique


def test_distinct_rows_are_ascending_and_once() -> None:
    assert distinct(rows(3, 1, 3, 2)).tolist() == [1, 2, 3]
    assert distinct(rows(1, 1)).tolist() == [1]
    assert distinct(NO_ROWS).tolist() == []
    ascending = rows(1, 2, 3)
    assert distinct(ascending) is ascending
