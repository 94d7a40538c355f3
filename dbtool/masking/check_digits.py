"""Check digits, vectorised over texts of one length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_LARGEST_DIGIT = 9
_CHECK_MODULUS = 97  # ISO 7064 mod 97-10: of IBANs and of French account keys


_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # the sum of the digits of twice each digit

Numbers = npt.NDArray[np.int64]


def read_columns(texts: pl.Series) -> npt.NDArray[np.uint8]:
    """One row per position, 0-9 and A-Z as 0 to 35. Texts are ASCII of one length, without NULL."""
    codes = np.frombuffer("".join(texts.to_list()).encode("ascii"), dtype=np.uint8).reshape(len(texts), -1).T
    return np.where(codes <= ord("9"), codes - ord("0"), codes - (ord("A") - 10)).astype(np.uint8)


def luhn_digits(payloads: pl.Series) -> Numbers:
    """The digit that makes each payload valid when put behind it (ISO/IEC 7812-1, annex B)."""
    columns = read_columns(payloads)[::-1]
    total = np.zeros(len(payloads), dtype=np.int64)
    for position, column in enumerate(columns):
        total += column if position % 2 else _DOUBLED[column]
    return np.asarray(-total % 10, dtype=np.int64)


def remainder_97(texts: pl.Series) -> Numbers:
    """Each text as a number modulo 97, a letter counting as two digits, A = 10 to Z = 35."""
    remainders = np.zeros(len(texts), dtype=np.int64)
    for column in read_columns(texts):
        remainders = (remainders * np.where(column > _LARGEST_DIGIT, 100, 10) + column) % _CHECK_MODULUS
    return remainders


def aba_digits(payloads: pl.Series) -> Numbers:
    """The ninth digit of American routing numbers: 3, 7 and 1 times the digits make a multiple of ten."""
    weights = np.array([3, 7, 1, 3, 7, 1, 3, 7])
    return np.asarray(-(weights @ read_columns(payloads).astype(np.int64)) % 10, dtype=np.int64)
