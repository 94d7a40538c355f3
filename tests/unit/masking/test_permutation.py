"""Keyed permutations: bijective on domains of every size, and different under another key or tweak."""

from __future__ import annotations

import numpy as np
import pytest

from dbtool.masking.permutation import Network, Permutation

KEY = b"sixteen bytes ok"


@pytest.mark.parametrize("size", [*range(1, 12), 97, 1000, 65_535, 65_536, 65_537, 100_000, 250_001])
def test_every_number_of_the_domain_comes_out_once(size: int) -> None:
    outputs = Permutation(KEY, size, 1)(np.arange(size, dtype=np.uint64))
    assert np.array_equal(np.sort(outputs), np.arange(size))


@pytest.mark.parametrize("size", [10**9 + 7, 2**32, 10**18, 2**63, 2**64 - 1, 2**64])
def test_numbers_of_a_large_domain_stay_inside_and_apart(size: int) -> None:
    ends = np.concatenate([np.arange(50_000), size - 1 - np.arange(50_000, dtype=object)]).astype(np.uint64)
    outputs = Permutation(KEY, size, 1)(ends)
    assert len(np.unique(outputs)) == len(ends)
    assert int(outputs.max()) < size


@pytest.mark.parametrize("size", [5000, 10**7])
def test_outputs_look_random(size: int) -> None:
    outputs = Permutation(KEY, size, 1)(np.arange(5000, dtype=np.uint64)).astype(float)
    assert abs(outputs.mean() / size - 0.5) < 0.02
    assert abs(np.corrcoef(outputs[:-1], outputs[1:])[0, 1]) < 0.06
    assert (outputs == np.arange(5000)).sum() <= 6


@pytest.mark.parametrize("size", [5000, 10**7])
def test_another_key_or_tweak_is_another_permutation(size: int) -> None:
    numbers = np.arange(5000, dtype=np.uint64)
    first = Permutation(KEY, size, 1)(numbers)
    for other in (Permutation(b"other 16 bytes k", size, 1), Permutation(KEY, size, 2)):
        assert (other(numbers) == first).sum() <= 6


def test_a_network_permutes_pairs() -> None:
    left, right = np.divmod(np.arange(30 * 70, dtype=np.uint64), np.uint64(70))
    out_left, out_right = Network(KEY, 30, 70, 3).permute(left, right)
    assert out_left.max() < 30
    assert out_right.max() < 70
    assert len(np.unique(out_left * np.uint64(70) + out_right)) == 30 * 70


def test_the_given_numbers_are_left_as_they_were() -> None:
    numbers = np.arange(70_000, dtype=np.uint64)
    Permutation(KEY, 70_000, 1)(numbers)
    assert np.array_equal(numbers, np.arange(70_000))


def test_the_key_is_not_shown() -> None:
    assert "sixteen" not in repr(Permutation(KEY, 10, 1))
    assert "sixteen" not in repr(Network(KEY, 10, 10, 1))
