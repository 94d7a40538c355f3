"""Permute the digits inside texts of any format and leave every other character in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby

import polars as pl

from dbtool.masking.permutation import Network, Permutation, Words
from dbtool.masking.translate import CharacterTable, translate

_DIRECT_DIGITS = 18  # 10**18 fits 64 bits with room for sums
_MOST_DIGITS = 36  # two halves of 18
_MANY_FORMATS = 64  # beyond it rows are put together one by one
_DIGIT, _FOREIGN_DIGIT, _KEPT = "0", "1", "_"

Change = Callable[[pl.Series], pl.Series]


def permute_digits_in(values: pl.Series, key: bytes, kept: int = 0) -> pl.Series:
    """Permute each text's digits among all runs of as many digits; injective. No text is NULL.

    The first ``kept`` digits stay where at least four follow them. A digit of another script (Arabic, Thai)
    counts by its value and comes out in its script.
    """
    return map_digits(values, lambda digits: permute_run(digits, key, kept))


def map_digits(values: pl.Series, change: Change) -> pl.Series:
    """Replace each text's digits in place; ``change`` gets runs of one length ≥ 1 and returns as many digits."""
    formats = translate(values, _FORMATS)
    distinct = formats.unique().to_list()
    if len(distinct) > _MANY_FORMATS or any(_FOREIGN_DIGIT in text_format for text_format in distinct):
        return _map_by_row(values, change)
    outputs = values.clone()
    for text_format in distinct:
        if _DIGIT in text_format:
            rows = (formats == text_format).arg_true()
            outputs = outputs.scatter(rows, _map_format(values.gather(rows), text_format, change))
    return outputs


def _classify(letter: str) -> str:
    if letter.isdecimal():
        return _DIGIT if letter.isascii() else _FOREIGN_DIGIT
    return _KEPT


_FORMATS = CharacterTable(_classify)


def _map_format(values: pl.Series, text_format: str, change: Change) -> pl.Series:
    """Cut the digits out, change them, and put all pieces together again."""
    if _KEPT not in text_format:
        return change(values)
    runs = _find_runs(text_format)
    frame = values.to_frame("value")
    cuts = [pl.col("value").str.slice(start, length) for kind, start, length in runs if kind == _DIGIT]
    digits = change(frame.select(pl.concat_str(cuts)).to_series())
    pieces = []
    used = 0
    for kind, start, length in runs:
        is_digits = kind == _DIGIT
        column, position = ("digits", used) if is_digits else ("value", start)
        pieces.append(pl.col(column).str.slice(position, length))
        used += length if is_digits else 0
    return frame.with_columns(digits=digits).select(pl.concat_str(pieces)).to_series()


def _find_runs(text_format: str) -> list[tuple[str, int, int]]:
    """(kind, start, length) of each run of one kind."""
    runs = []
    start = 0
    for kind, run in groupby(text_format):
        length = len(list(run))
        runs.append((kind, start, length))
        start += length
    return runs


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
        return _spell(_make_permutation(key, 10**length, tweak)(numbers), length)
    half = length // 2
    left, right = digits.str.slice(0, half).cast(pl.UInt64), digits.str.slice(half).cast(pl.UInt64)
    network = Network(key, 10**half, 10 ** (length - half), tweak)
    left_out, right_out = network.permute(left.to_numpy(), right.to_numpy())
    return _spell(left_out, half) + _spell(right_out, length - half)


def _spell(numbers: Words, length: int) -> pl.Series:
    return pl.Series(numbers, dtype=pl.UInt64).cast(pl.String).str.zfill(length)
