"""Check digits, vectorised over texts of one length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_CHECK_MODULUS = 97  # ISO 7064 mod 97-10: of IBANs and of French account keys


def _read_characters(texts: pl.Series) -> npt.NDArray[np.int64]:
    """One row per text, one column per character, 0-9 and A-Z as 0 to 35. Texts are ASCII, without NULL."""
    codes = np.frombuffer("".join(texts.to_list()).encode("ascii"), dtype=np.uint8).reshape(len(texts), -1)
    letters = codes.astype(np.int64) - ord("A") + 10
    return np.where(codes <= ord("9"), codes.astype(np.int64) - ord("0"), letters)


def luhn_digits(payloads: pl.Series) -> npt.NDArray[np.int64]:
    """The digit that makes each payload valid when put behind it (ISO/IEC 7812-1, annex B)."""
    digits = _read_characters(payloads)
    digits[:, ::-1][:, ::2] *= 2
    return -(digits // 10 + digits % 10).sum(axis=1) % 10


def remainder_97(texts: pl.Series) -> npt.NDArray[np.int64]:
    """Each text as a number modulo 97, a letter counting as two digits, A = 10 to Z = 35."""
    remainders = np.zeros(len(texts), dtype=np.int64)
    for column in _read_characters(texts).T:
        remainders = (remainders * np.where(column > 9, 100, 10) + column) % _CHECK_MODULUS  # noqa: PLR2004  the largest digit
    return remainders
