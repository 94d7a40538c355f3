"""The same roots every night: chosen by a keyed hash of their key."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dbtool.catalog.relations import RelationName
from dbtool.digest import Digest, ProjectKey
from dbtool.subset.seeds import Fewest, are_within, find_places, find_places_of_numbers, seed_digest

KEY = ProjectKey(b"the key of the unit tests, 32 long")
USERS = RelationName("public", "users")
LOG_1, LOG_2 = RelationName("public", "log_1"), RelationName("public", "log_2")
DIGEST = seed_digest(KEY, USERS)


def choose_share(digest: Digest, keys: pl.DataFrame, percent: float) -> NDArray[np.bool_]:
    return are_within(find_places(digest, keys), percent)


def keys(count: int) -> pl.DataFrame:
    return pl.DataFrame({"id": [str(number) for number in range(count)]})


def fewest(limit: int, count: int = 1000, batch: int = 130, order: int = 1) -> set[int]:
    chosen = Fewest(limit)
    places, ids = find_places(DIGEST, keys(count)), np.arange(count, dtype=np.uint64)
    for start in list(range(0, count, batch))[::order]:
        chosen.add(USERS, places[start : start + batch], ids[start : start + batch])
    return {int(one) for found in chosen.rows().values() for one in found}


def test_a_share_is_the_same_every_night() -> None:
    assert (choose_share(DIGEST, keys(1000), 5) == choose_share(seed_digest(KEY, USERS), keys(1000), 5)).all()


def test_a_row_is_chosen_for_its_own_key_whatever_stands_beside_it() -> None:
    whole = choose_share(DIGEST, keys(1000), 30)
    assert (choose_share(DIGEST, keys(1000)[400:500], 30) == whole[400:500]).all()


def test_a_smaller_share_is_within_a_larger_one() -> None:
    shares = [choose_share(DIGEST, keys(20_000), percent) for percent in (0.1, 1, 5, 10, 50, 99.9, 100)]
    counts = [int(share.sum()) for share in shares]
    assert counts == sorted(set(counts))
    assert all((larger[smaller]).all() for smaller, larger in pairwise(shares))


def test_all_of_it_is_every_row() -> None:
    assert choose_share(DIGEST, keys(100_000), 100).all()


@pytest.mark.parametrize("percent", [0.5, 5, 50])
def test_a_share_has_about_so_many_rows(percent: float) -> None:
    rows, p = 100_000, percent / 100
    deviation = (rows * p * (1 - p)) ** 0.5
    assert abs(int(choose_share(DIGEST, keys(rows), percent).sum()) - rows * p) < 5 * deviation


def test_another_key_or_another_table_is_another_choice() -> None:
    share = choose_share(DIGEST, keys(1000), 50)
    other_key = seed_digest(ProjectKey(b"another key of the unit tests, long"), USERS)
    other_table = seed_digest(KEY, LOG_1)
    for other in (other_key, other_table):
        assert 300 < int((choose_share(other, keys(1000), 50) != share).sum()) < 700


def test_keys_of_several_columns_are_told_apart_wherever_they_are_cut() -> None:
    frame = pl.DataFrame({"x": ["a", "ab", "", "1:a", "1:a:b"], "y": ["bc", "c", "abc", "b:bc", "bc"]})
    assert len(set(find_places(DIGEST, frame).tolist())) == 5
    swapped = frame.select(x="y", y="x")
    assert set(find_places(DIGEST, frame).tolist()).isdisjoint(find_places(DIGEST, swapped).tolist())


def test_a_number_is_its_text_whatever_the_columns_type_or_name() -> None:
    assert find_places(DIGEST, pl.DataFrame({"id": ["42"]})) == find_places(
        DIGEST, pl.DataFrame({"x": ["42"]})
    )


@pytest.mark.parametrize("kind", ["<i8", ">i8", "<i2"])
def test_a_number_has_its_place_whatever_stands_beside_it_and_however_it_is_stored(kind: str) -> None:
    whole = find_places_of_numbers(DIGEST, np.arange(-1000, 1000, dtype=np.int64))
    assert (find_places_of_numbers(DIGEST, np.arange(40, 50).astype(kind)) == whole[1040:1050]).all()


def test_numbers_have_places_of_their_own_under_each_key_and_in_each_table() -> None:
    numbers = np.arange(1000, dtype=np.int64)
    digests = (
        DIGEST,
        seed_digest(ProjectKey(b"another key of the unit tests, long"), USERS),
        seed_digest(KEY, LOG_1),
    )
    places = [set(find_places_of_numbers(digest, numbers).tolist()) for digest in digests]
    assert [len(one) for one in places] == [1000] * 3
    assert len(set.union(*places)) == 3000


@pytest.mark.parametrize("percent", [0.5, 5, 50])
def test_of_numbers_a_share_has_about_so_many_too(percent: float) -> None:
    numbers = np.arange(-50_000, 50_000, dtype=np.int64)
    expected = 1000 * percent
    chosen = are_within(find_places_of_numbers(DIGEST, numbers), percent).sum()
    assert abs(chosen - expected) < 5 * expected**0.5


def test_of_no_numbers_there_are_no_places() -> None:
    assert len(find_places_of_numbers(DIGEST, np.empty(0, np.int64))) == 0


def test_a_table_without_rows_has_no_share() -> None:
    empty = pl.DataFrame({"x": [], "y": []}, schema={"x": pl.String, "y": pl.String})
    assert len(choose_share(DIGEST, empty, 5)) == 0


def test_a_limit_takes_the_rows_in_the_first_places() -> None:
    order = np.argsort(find_places(DIGEST, keys(1000)))
    assert fewest(10) == set(order[:10].tolist())


def test_a_limit_does_not_depend_on_how_the_rows_come() -> None:
    assert fewest(50) == fewest(50, batch=7) == fewest(50, order=-1) == fewest(50, batch=1000)


def test_a_smaller_limit_is_within_a_larger_one() -> None:
    assert fewest(5) < fewest(10) < fewest(400)
    assert len(fewest(400)) == 400


def test_a_limit_beyond_the_rows_takes_them_all() -> None:
    assert fewest(2000) == set(range(1000))
    assert Fewest(3).rows() == {}


def test_of_a_share_a_limit_takes_the_first() -> None:
    share = choose_share(DIGEST, keys(1000), 20)
    places, ids = find_places(DIGEST, keys(1000)), np.arange(1000, dtype=np.uint64)
    chosen = Fewest(30)
    chosen.add(USERS, places[share], ids[share])
    assert set(chosen.rows()[USERS].tolist()) == fewest(30)


def test_a_limit_is_one_over_all_partitions() -> None:
    places = np.array([5, 1, 9], np.uint64)
    ids = np.array([30, 20, 10], np.uint64)
    chosen = Fewest(3)
    chosen.add(LOG_1, places, ids)
    chosen.add(LOG_2, places + np.uint64(1), ids)
    assert {leaf: found.tolist() for leaf, found in chosen.rows().items()} == {LOG_1: [20, 30], LOG_2: [20]}
    late = Fewest(1)
    late.add(LOG_1, places, ids)
    late.add(LOG_2, np.array([0], np.uint64), ids[:1])
    assert list(late.rows()) == [LOG_2]


def test_a_limit_holds_no_more_than_it_must() -> None:
    chosen = Fewest(100)
    places = find_places(DIGEST, keys(1000))
    for batch in range(200):
        chosen.add(USERS, places, np.arange(batch * 1000, (batch + 1) * 1000, dtype=np.uint64))
        assert sum(len(held.ids) for held in chosen._held) <= 1200  # noqa: SLF001  memory is the promise


def test_a_million_keys_are_hashed_in_seconds() -> None:
    frame = keys(300_000)
    started = time.perf_counter()
    choose_share(DIGEST, frame, 1)
    assert time.perf_counter() - started < 3  # 0.06 s on two idle cores
