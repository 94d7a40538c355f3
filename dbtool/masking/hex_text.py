"""Hexadecimal digits in texts as people write hardware addresses: read, made from numbers, put back in place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from dbtool.masking.byte_text import read_matrix, spell_matrix
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
_BARE = {"0" * count for count, size in SPELLINGS.values() if count == size}
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
    bare = values if spelling in _BARE else spell_matrix(read_matrix(values)[:, _find_digits(spelling)])
    return bare.str.to_lowercase()


def _find_digits(spelling: str) -> list[int]:
    return [place for place, letter in enumerate(spelling) if letter == "0"]


def put_separators(digits: pl.Series, spelling: str) -> pl.Series:
    """The digits as ``spelling`` groups them."""
    if spelling in _BARE:
        return digits
    spelt = np.empty((len(digits), len(spelling)), dtype=np.uint8)
    spelt[:] = np.frombuffer(spelling.encode(), dtype=np.uint8)
    spelt[:, _find_digits(spelling)] = read_matrix(digits)
    return spell_matrix(spelt)


def read_numbers(digits: pl.Series) -> Words:
    """Texts of at most 16 digits as numbers."""
    return digits.str.to_integer(base=16, dtype=pl.UInt64).to_numpy()


def spell_numbers(numbers: Words, count: int) -> pl.Series:
    """Numbers below 16**count as ``count`` digits, in small letters."""
    spelt = _TWO_DIGITS[numbers.astype(">u8").view(np.uint8)].view(np.uint8)
    return spell_matrix(spelt.reshape(-1, _NUMBER_DIGITS)[:, _NUMBER_DIGITS - count :])


_TWO_DIGITS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)
