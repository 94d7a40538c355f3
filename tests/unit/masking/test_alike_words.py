"""Words are told apart by all their bytes, and found again where they repeat."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dbtool.masking.alike_words import SPARE, AlikeWords, find_alike


def _find(words: list[str]) -> AlikeWords:
    text = np.frombuffer(f" {' '.join(words)} {' ' * SPARE}".encode(), dtype=np.uint8)
    lengths = np.array([len(word) for word in words], dtype=np.int64)
    starts = np.cumsum(lengths + 1) - lengths
    return find_alike(text, starts, lengths)


def _read(words: list[str]) -> list[str]:
    """Each word as the one that stands for it spells it."""
    alike = _find(words)
    return [words[alike.firsts[number]] for number in alike.number]


@pytest.mark.parametrize(
    "words",
    [
        ["a"],
        ["a", "b", "a", "ab", "ba", "ab"],
        ["eightish", "eightish1", "eightish", "eightish2", "eightish1"],
        ["x" * length for length in (7, 8, 9, 15, 16, 17, 63, 64, 65, 200, 64, 65, 200)],
        ["a" * 16, "a" * 15 + "b", "a" * 8 + "b" * 8, "a" * 16],
    ],
)
def test_each_word_has_one_that_is_spelt_as_it_is(words: list[str]) -> None:
    assert _read(words) == words


def test_words_of_every_length_are_told_apart() -> None:
    draws = random.Random(3)
    words = ["".join(draws.choices("ab", k=draws.randint(1, 80))) for _ in range(20_000)]
    assert _read(words) == words


@pytest.mark.parametrize("length", [3, 8, 9, 64])
def test_a_word_that_repeats_stands_for_itself_once(length: int) -> None:
    assert len(_find(["x" * length] * 100).firsts) == 1


def test_few_words_are_there_twice() -> None:
    draws = random.Random(5)
    words = draws.choices(["".join(draws.choices("abcdefgh", k=12)) for _ in range(2000)], k=30_000)
    assert len(_find(words).firsts) < 1.1 * len(set(words))


def test_there_may_be_no_words() -> None:
    assert len(_find([]).number) == 0
