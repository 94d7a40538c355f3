"""Hexadecimal digits in texts as people write hardware addresses: read, made from numbers, put back in place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from dbtool.masking.permutation import Words
from dbtool.masking.translate import CharacterTable, translate

_DIGITS = frozenset("0123456789abcdefABCDEF")
_NUMBER_DIGITS = 16  # of 64 bits
_SEPARATORS = ":-."


def _spellings() -> Mapping[str, tuple[int, int]]:
    """Each way to write an address, its digits as 0 → (how many digits, how many to a group)."""
    found = {}
    for count, sizes in ((12, (2, 4, 6, 12)), (16, (2, 4, 8, 16))):
        for size in sizes:
            for separator in _SEPARATORS:
                found[separator.join(["0" * size] * (count // size))] = (count, size)
    return found


SPELLINGS = _spellings()
USUAL = "00:00:00:00:00:00"
_USUAL_PATTERN = r"^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$"
_FORMATS = CharacterTable(lambda letter: "0" if letter in _DIGITS else letter)


def read_spellings(values: pl.Series) -> pl.Series:
    """Each text's spelling, a key of ``SPELLINGS`` where it is an address; no text is NULL."""
    if values.str.contains(_USUAL_PATTERN).all():
        return pl.Series([USUAL]).new_from_index(0, len(values))
    return translate(values, _FORMATS)


def bare_digits(values: pl.Series, spelling: str) -> pl.Series:
    """Addresses of one spelling without their separators, in small letters."""
    count, size = SPELLINGS[spelling]
    groups = [pl.col("address").str.slice(place, size) for place in range(0, len(spelling), size + 1)]
    frame = values.alias("address").to_frame()
    bare = values if count == size else frame.select(pl.concat_str(groups)).to_series()
    return bare.str.to_lowercase()


def put_separators(digits: pl.Series, spelling: str) -> pl.Series:
    """The digits as ``spelling`` groups them."""
    count, size = SPELLINGS[spelling]
    if count == size:
        return digits
    groups = [pl.col("digits").str.slice(start, size) for start in range(0, count, size)]
    frame = digits.alias("digits").to_frame()
    return frame.select(pl.concat_str(groups, separator=spelling[size])).to_series()


def read_numbers(digits: pl.Series) -> Words:
    """Texts of at most 16 digits as numbers."""
    return digits.str.to_integer(base=16, dtype=pl.UInt64).to_numpy()


def spell_numbers(numbers: Words, count: int) -> pl.Series:
    """Numbers below 16**count as ``count`` digits, in small letters."""
    text = numbers.astype(">u8").tobytes().hex().encode("utf-32-le")
    spelt = np.frombuffer(text, dtype=f"<U{_NUMBER_DIGITS}").tolist()
    return pl.Series(spelt, dtype=pl.String).str.slice(_NUMBER_DIGITS - count)
