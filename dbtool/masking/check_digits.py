"""Check digits, vectorised over texts of one length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.byte_text import Bytes, read_matrix

_LARGEST_DIGIT = 9
_CHECK_MODULUS = 97  # ISO 7064 mod 97-10: of IBANs and of French account keys
_COLUMNS_AT_ONCE = 8  # 97 times 100**8 is below 2**63

_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.uint8)  # the digits of twice each digit, summed

Numbers = npt.NDArray[np.int64]


def read_columns(texts: pl.Series) -> Bytes:
    """One row per position, 0-9 and A-Z as 0 to 35. Texts are ASCII of one length, without NULL."""
    codes = np.ascontiguousarray(read_matrix(texts).T)
    return codes - np.uint8(ord("0")) - (codes > ord("9")) * np.uint8(ord("A") - ord("9") - 1)


def weigh_digits(texts: pl.Series, weights: Sequence[int]) -> Numbers:
    """The sum of each text's digits, each times its weight. At most 30 digits, no weight above 200."""
    total = np.zeros(len(texts), dtype=np.uint16)
    for column, weight in zip(read_columns(texts), weights, strict=True):
        total += column * np.uint16(weight)
    return total.astype(np.int64)


def luhn_digits(payloads: pl.Series) -> Numbers:
    """The digit that makes each payload valid when put behind it (ISO/IEC 7812-1, annex B)."""
    total = np.zeros(len(payloads), dtype=np.uint64)
    for position, column in enumerate(read_columns(payloads)[::-1]):
        total += column if position % 2 else _DOUBLED[column]
    return np.asarray(-total.astype(np.int64) % 10, dtype=np.int64)


def remainder_97(texts: pl.Series) -> Numbers:
    """Each text as a number modulo 97, a letter counting as two digits, A = 10 to Z = 35."""
    remainders = np.zeros(len(texts), dtype=np.int64)
    for position, column in enumerate(read_columns(texts), 1):
        is_letter = column > _LARGEST_DIGIT
        remainders *= np.where(is_letter, 100, 10) if is_letter.any() else 10
        remainders += column
        if position % _COLUMNS_AT_ONCE == 0:
            remainders %= _CHECK_MODULUS
    return remainders % _CHECK_MODULUS


def aba_digits(payloads: pl.Series) -> Numbers:
    """The ninth digit of American routing numbers: 3, 7 and 1 times the digits make a multiple of ten."""
    return np.asarray(-weigh_digits(payloads, (3, 7, 1, 3, 7, 1, 3, 7)) % 10, dtype=np.int64)
