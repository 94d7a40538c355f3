"""Sets of hashes that are bounded, sampled or filtered, against plain Python sets."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool.masking.block import DistinctSample
from dbtool.masking.survivors import (
    Hashes,
    Originals,
    common_hashes,
    distinct_hashes,
    hash_originals,
    hash_tokens,
)
from tests.examples import examples

brief = examples(60)
words = st.integers(0, 2**64 - 1) | st.integers(0, 50)
batches = st.lists(st.lists(words, max_size=30), max_size=6)


def array(values: list[int]) -> Hashes:
    return np.array(values, dtype=np.uint64)


def sampled(seeds: list[int], size: int) -> list[Hashes]:
    return [np.random.default_rng(seed).integers(0, 2**64 - 1, size, dtype=np.uint64) for seed in seeds]


@brief
@given(batches)
def test_distinct_and_common_hashes_are_those_of_sets(lists: list[list[int]]) -> None:
    arrays = [array(values) for values in lists]
    assert distinct_hashes(*arrays).tolist() == sorted(set().union(*lists))
    if len(lists) > 1:
        known = distinct_hashes(arrays[1])
        assert common_hashes(arrays[0], known).tolist() == sorted(set(lists[0]) & set(lists[1]))


@brief
@given(batches, st.lists(words, max_size=30))
def test_an_exact_set_of_originals_is_a_set(lists: list[list[int]], asked: list[int]) -> None:
    originals = Originals(limit=1000)
    for values in lists:
        originals.add(array(values))
    assert originals.found_in(array(asked)).tolist() == sorted(set(asked) & set().union(*lists))
    assert originals.exact
    assert originals.count == len(set().union(*lists))


@examples(8)  # a filter takes 128 MB
@given(batches, batches, st.lists(words, max_size=30))
def test_a_filter_of_originals_misses_none(
    before: list[list[int]], after: list[list[int]], asked: list[int]
) -> None:
    originals = Originals(limit=0)
    for values in before:
        originals.add(array(values))
    originals.found_in(array([1]))
    for values in after:
        originals.add(array(values))
    there = set(asked) & set().union(*before, *after)
    assert there <= set(originals.found_in(array(asked)).tolist()) <= set(asked)
    assert originals.exact == (not any(before + after))


@brief
@given(st.lists(st.integers(0, 5), max_size=6), st.permutations(range(6)), st.integers(1, 30_000))
def test_samples_merge_alike_in_any_order(seeds: list[int], order: list[int], size: int) -> None:
    parts = sampled(seeds, size)
    one_by_one, merged = DistinctSample(), DistinctSample()
    for part in parts:
        one_by_one.add(part)
    for index in order:
        if index < len(parts):
            sample = DistinctSample()
            sample.add(parts[index])
            merged.merge(sample)
    assert merged.hashes.tolist() == one_by_one.hashes.tolist()
    assert merged.shift == one_by_one.shift


@examples(20)
@given(st.integers(0, 1000), st.integers(1, 400_000), st.integers(1, 3))
def test_an_estimate_is_near_the_truth_and_repeats_do_not_move_it(seed: int, size: int, repeats: int) -> None:
    sample = DistinctSample()
    for _ in range(repeats):
        sample.add(sampled([seed], size)[0])
    assert len(sample.hashes) <= 50_000
    assert abs(sample.estimate - size) <= 0.04 * size  # six sigma of a sample of 25,000


separators = st.text(' ,;:!?()[]{}<>"\t\n|', min_size=1, max_size=3)
letters = st.text("abcdefghijklmnop0123456789", min_size=1, max_size=8)
filler = st.text(st.characters(codec="utf-8", categories=["Ll", "Lu", "Zs"]), max_size=20)


@brief
@given(letters, letters, st.tuples(filler, separators), st.tuples(separators, filler))
def test_an_address_is_found_between_any_two_separators(
    name: str, host: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    address = f"{name}@{host}.example"
    originals = Originals()
    originals.add(hash_originals(pl.Series([address.upper()]), 7))
    text = "".join([*before, address, *after])
    assert len(originals.found_in(hash_tokens(pl.Series([text]), 7))) == 1
