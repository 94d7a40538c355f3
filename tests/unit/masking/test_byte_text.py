"""Texts as bytes in one array."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dbtool.masking.byte_text import (
    count_marks,
    keep_digits,
    read_bytes,
    read_lengths,
    read_matrix,
    spell_bytes,
    spell_digits,
    spell_matrix,
)

SAME = pl.Series(["abc", "d1f", "..."])
VARIED = pl.Series(["a", "", "déf", "x" * 40, "漢"])


def test_a_matrix_has_a_row_per_text() -> None:
    matrix = read_matrix(SAME)
    assert matrix[1].tobytes() == b"d1f"
    assert spell_matrix(matrix).to_list() == SAME.to_list()


def test_spells_a_part_of_a_matrix() -> None:
    assert spell_matrix(read_matrix(SAME)[:, 1:]).to_list() == ["bc", "1f", ".."]


@pytest.mark.parametrize("values", [SAME, VARIED, pl.Series(["a", "abc"]), pl.Series([""]), VARIED.clear()])
def test_spells_what_it_read(values: pl.Series) -> None:
    assert spell_bytes(read_bytes(values), read_lengths(values)).to_list() == values.to_list()


@pytest.mark.parametrize("values", [SAME, VARIED, pl.Series(["ab1", "cd2"]), pl.Series([""]), VARIED.clear()])
def test_counts_the_marked_bytes_of_each_text(values: pl.Series) -> None:
    is_letter = np.isin(read_bytes(values), list(b"abcdefx"))
    counts = count_marks(is_letter, read_lengths(values))
    assert counts.tolist() == [sum(letter in "abcdefx" for letter in text) for text in values]


@pytest.mark.parametrize("length", [1, 3, 4, 5, 8, 18])
def test_spells_numbers_with_zeros_in_front(length: int) -> None:
    numbers = [0, 7, 10**length - 1, 10**length // 3]
    spelt = spell_digits(np.array(numbers, dtype=np.uint64), length)
    assert spelt.to_list() == [str(number).zfill(length) for number in numbers]


@pytest.mark.parametrize("texts", [["+44 (0)20", None, "", "ä1٣2"], ["a1", "b2"], ["x", "y"], [None]])
def test_keeps_digits_and_nulls(texts: list[str | None]) -> None:
    kept = [text and "".join(letter for letter in text if letter in "0123456789") for text in texts]
    assert keep_digits(pl.Series(texts, dtype=pl.String)).to_list() == kept
