"""Digits, letters and numbers made of digest, a part of a text at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import polars as pl

from dbtool.digest import Digest, read_word
from dbtool.masking.pools import pick
from dbtool.masking.template_text import ALPHABETS

_PER_WORD = {
    "digits": 12,
    "letters": 9,
    "hex": 16,
}  # of 64 bits: what is left over makes a draw uneven by 1 in a million
_TRIPLE = 3  # letters looked up at once
_WORDS_PER_DIGEST = 4


class Draws:
    """64 bits of digest after another, and each no more than once."""

    def __init__(self, digest: Digest, keys: pl.Series) -> None:
        self._digest, self._keys = digest, keys
        self._hex: list[pl.Series] = []
        self._used = 0

    def _next(self) -> tuple[pl.Series, int]:
        number, index = divmod(self._used, _WORDS_PER_DIGEST)
        if number == len(self._hex):
            keys = self._keys + f"\0{number}" if number else self._keys  # no text of PostgreSQL's holds NUL
            self._hex.append(self._digest.hex(keys))
        self._used += 1
        return self._hex[number], index

    def word(self) -> pl.Series:
        return read_word(*self._next())

    def number(self, first: int, last: int) -> pl.Series:
        return (self.word() % (last - first + 1) + first).cast(pl.String)

    def characters(self, kind: str, length: int) -> Iterator[pl.Series]:
        """Pieces that follow each other."""
        for start in range(0, length, _PER_WORD[kind]):
            yield from self._spell(kind, min(_PER_WORD[kind], length - start))

    def _spell(self, kind: str, length: int) -> Iterator[pl.Series]:
        if kind == "hex":
            digits, index = self._next()
            yield digits.str.slice(16 * index, length)
        elif kind == "digits":
            yield (self.word() % 10**length).cast(pl.String).str.zfill(length)
        else:
            yield from _spell_letters(self.word(), length)


@lru_cache(maxsize=_TRIPLE)
def _letter_groups(length: int) -> pl.Series:
    return pl.Series(["".join(letters) for letters in product(ALPHABETS["letters"], repeat=length)])


def _spell_letters(words: pl.Series, length: int) -> Iterator[pl.Series]:
    while length:
        groups = _letter_groups(min(length, _TRIPLE))
        yield pick(groups, words)
        words = words // len(groups)
        length -= min(length, _TRIPLE)
