"""Permute the digits inside texts of any format and leave every other character in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view

from dbtool.masking.byte_text import (
    Bytes,
    Counts,
    count_marks,
    read_bytes,
    read_lengths,
    read_matrix,
    spell_bytes,
    spell_digits,
    spell_matrix,
)
from dbtool.masking.permutation import Network, Permutation

_DIRECT_DIGITS = 18  # 10**18 fits 64 bits with room for sums
_MOST_DIGITS = 36  # two halves of 18
_RADIX = 10

Change = Callable[[pl.Series], pl.Series]


def permute_digits_in(values: pl.Series, key: bytes, kept: int = 0) -> pl.Series:
    """Permute each text's digits among all runs of as many digits; injective. No text is NULL.

    The first ``kept`` digits stay where at least four follow them. A digit of another script (Arabic, Thai)
    counts by its value and comes out in its script.
    """
    return map_digits(values, lambda digits: permute_run(digits, key, kept))


def map_digits(values: pl.Series, change: Change) -> pl.Series:
    """Replace each text's digits in place; ``change`` gets runs of one length ≥ 1 and returns as many digits."""
    foreign = _find_foreign_digits(values)
    if not foreign:
        return _map_plain(values, change)
    rows = values.str.contains_any(foreign)
    outputs = values.clone().scatter(rows.arg_true(), _map_by_row(values.filter(rows), change))
    if rows.all():
        return outputs
    return outputs.scatter((~rows).arg_true(), _map_plain(values.filter(~rows), change))


def _find_foreign_digits(values: pl.Series) -> list[str]:
    text = str(values.str.join().item())
    letters = set() if text.isascii() else set(text)
    return [letter for letter in letters if letter.isdecimal() and not letter.isascii()]


def _map_plain(values: pl.Series, change: Change) -> pl.Series:
    """Texts whose digits are ASCII's: UTF-8 has their bytes in no other character."""
    text, lengths = read_bytes(values), read_lengths(values)
    is_digit = text - np.uint8(ord("0")) < _RADIX
    outputs = text.copy()
    outputs[is_digit] = _map_runs(text[is_digit], count_marks(is_digit, lengths), change)
    return spell_bytes(outputs, lengths).alias(values.name)


def _map_runs(digits: Bytes, counts: Counts, change: Change) -> Bytes:
    """``counts`` says how many digits each run has."""
    outputs = digits.copy()
    starts = np.cumsum(counts) - counts
    for count in np.flatnonzero(np.bincount(counts)).tolist():
        if count:
            rows = starts[counts == count]
            changed = change(spell_matrix(sliding_window_view(digits, count)[rows]))
            sliding_window_view(outputs, count, writeable=True)[rows] = read_matrix(changed)
    return outputs


def _map_by_row(values: pl.Series, change: Change) -> pl.Series:
    texts = values.to_list()
    digits = pl.Series([_read_digits(text) for text in texts], dtype=pl.String)
    lengths = digits.str.len_bytes()
    for length in lengths.unique().to_list():
        if length:
            rows = (lengths == length).arg_true()
            digits = digits.scatter(rows, change(digits.gather(rows)))
    outputs = [_put_back(text, changed) for text, changed in zip(texts, digits.to_list(), strict=True)]
    return pl.Series(values.name, outputs, dtype=pl.String)


def _read_digits(text: str) -> str:
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


def _put_back(text: str, changed: str) -> str:
    """The scripts' ten digits stand in order, so a distance of values is one of code points."""
    following = iter(changed)
    return "".join(
        chr(ord(letter) - int(letter) + int(next(following))) if letter.isdecimal() else letter
        for letter in text
    )


def permute_run(digits: pl.Series, key: bytes, kept: int = 0) -> pl.Series:
    """Permute runs that are all of one length."""
    count = len(digits[0])
    start = kept if count >= kept + 4 else 0
    head = digits.str.slice(0, start)
    for position in range(start, count, _MOST_DIGITS):
        length = min(_MOST_DIGITS, count - position)
        tweak = length | position << 8
        head = head + _permute_piece(digits.str.slice(position, length), length, key, tweak)
    return head


_make_permutation = lru_cache(maxsize=64)(Permutation)


def _permute_piece(digits: pl.Series, length: int, key: bytes, tweak: int) -> pl.Series:
    if length <= _DIRECT_DIGITS:
        numbers = digits.cast(pl.UInt64).to_numpy()
        return spell_digits(_make_permutation(key, 10**length, tweak)(numbers), length)
    half = length // 2
    left, right = digits.str.slice(0, half).cast(pl.UInt64), digits.str.slice(half).cast(pl.UInt64)
    network = Network(key, 10**half, 10 ** (length - half), tweak)
    left_out, right_out = network.permute(left.to_numpy(), right.to_numpy())
    return spell_digits(left_out, half) + spell_digits(right_out, length - half)
