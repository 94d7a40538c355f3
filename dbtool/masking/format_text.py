"""Permute the letters and digits inside texts, each within its own alphabet, and leave all else in its place.

A text's letters and digits are the digits of one number whose places have bases of their own: AB-12 is a number
below 26·26·10·10. That number is permuted, so no part of a stand-in tells of the same part of the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.permutation import Moduli, Permutation, Words

_PIECE = 16  # letters that are permuted together: two halves of at most 128**8 = 2**56
_ROW_OF_UNICODE = 7  # bits: alphabets lie within 128 code points, which UTF-8 spells in as many bytes
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo"})
_ENCODING = "utf-32-le"

Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]
Alphabet = Callable[[str], str]


@lru_cache(maxsize=4096)
def find_alphabet(letter: str) -> str:
    """What may stand for a letter or digit: its script's ten digits, or the letters of its case among its neighbours
    in Unicode; the letter alone where it is neither.
    """
    category = unicodedata.category(letter)
    if category == "Nd":
        zero = ord(letter) - unicodedata.decimal(letter)
        return "".join(map(chr, range(zero, zero + 10)))
    return _list_letters(ord(letter) >> _ROW_OF_UNICODE, category) if category in _LETTERS else letter


@lru_cache(maxsize=1024)
def _list_letters(row: int, category: str) -> str:
    start = row << _ROW_OF_UNICODE
    letters = map(chr, range(start, start + (1 << _ROW_OF_UNICODE)))
    return "".join(letter for letter in letters if unicodedata.category(letter) == category)


def find_bits(letter: str) -> str:
    return "01" if letter in "01" else letter


def permute_format_in(values: pl.Series, key: bytes, alphabet: Alphabet = find_alphabet) -> pl.Series:
    """Permute each text among all texts of its format; injective. No text is NULL."""
    texts = values.to_list()
    codes: Codes = np.frombuffer("".join(texts).encode(_ENCODING), dtype="<u4").copy()
    lengths = values.str.len_chars().to_numpy().astype(np.intp)
    letters = _Letters.of(codes, alphabet)
    active = np.flatnonzero(letters.bases > 1)
    if len(active):
        counts = np.bincount(np.repeat(np.arange(len(texts)), lengths)[active], minlength=len(texts))
        changed = _permute(_lay_out(counts), letters.numbers[active], letters.bases[active], key)
        codes[active] = letters.spell(active, changed)
    joined = codes.tobytes().decode(_ENCODING)
    ends = np.cumsum(lengths).tolist()
    outputs = [joined[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]
    return pl.Series(values.name, outputs, dtype=pl.String)


@dataclass(frozen=True, slots=True)
class _Letters:
    """Each character's place in its alphabet, how many letters that has, and where it begins among ``all_letters``."""

    numbers: Words
    bases: Words
    starts: Places
    all_letters: Codes

    @classmethod
    def of(cls, codes: Codes, alphabet: Alphabet) -> _Letters:
        is_used = np.zeros(int(codes.max(initial=0)) + 1, dtype=bool)
        is_used[codes] = True
        numbers, bases = np.zeros(len(is_used), dtype=np.uint64), np.ones(len(is_used), dtype=np.uint64)
        starts = np.zeros(len(is_used), dtype=np.intp)
        begins: dict[str, int] = {}
        size = 0
        for code in np.flatnonzero(is_used).tolist():
            found = alphabet(chr(code))
            if found not in begins:
                begins[found] = size
                size += len(found)
            numbers[code], bases[code], starts[code] = found.index(chr(code)), len(found), begins[found]
        all_letters = np.frombuffer("".join(begins).encode(_ENCODING), dtype="<u4")
        return cls(numbers[codes], bases[codes], starts[codes], all_letters)

    def spell(self, active: Places, numbers: Words) -> Codes:
        return self.all_letters[self.starts[active] + numbers.astype(np.intp)]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which piece each letter is in, and at which of its places, of which ``half`` are on the left. ``sizes`` are
    letters per piece, ``turns`` the pieces' order within their text.
    """

    half: int
    pieces: Places
    places: Places
    sizes: Places
    turns: Places


def _lay_out(counts: Places) -> _Layout:
    """Texts of more than 16 letters are cut into pieces of about one size, each into halves of about one size."""
    cuts = -(-counts // _PIECE)
    turns = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    counts, cuts = np.repeat(counts, cuts), np.repeat(cuts, cuts)
    sizes = (turns + 1) * counts // cuts - turns * counts // cuts
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    left = np.repeat(sizes // 2, sizes)
    half = (int(sizes.max()) + 1) // 2
    places = np.where(within < left, within, half + within - left)
    return _Layout(half, np.repeat(np.arange(len(sizes)), sizes), places, sizes, turns)


def _permute(layout: _Layout, numbers: Words, bases: Words, key: bytes) -> Words:
    shape = (2 * layout.half, len(layout.sizes))
    digits, radices = np.zeros(shape, dtype=np.uint64), np.ones(shape, dtype=np.uint64)
    digits[layout.places, layout.pieces], radices[layout.places, layout.pieces] = numbers, bases
    left, a = _read(digits[: layout.half], radices[: layout.half])
    right, b = _read(digits[layout.half :], radices[layout.half :])
    tweaks = layout.sizes.astype(np.uint64) | layout.turns.astype(np.uint64) << np.uint64(8)
    left, right = Moduli(a, b, tweaks).permute(key, left, right)
    _permute_single(right, b, layout.sizes == 1, key)
    _write(left, digits[: layout.half], radices[: layout.half])
    _write(right, digits[layout.half :], radices[layout.half :])
    return np.asarray(digits[layout.places, layout.pieces], dtype=np.uint64)


_make_permutation = lru_cache(maxsize=64)(Permutation)


def _permute_single(right: Words, bases: Words, is_single: npt.NDArray[np.bool_], key: bytes) -> None:
    """A network with one empty side would move every letter by the same distance."""
    for base in np.unique(bases[is_single]).tolist():
        rows = is_single & (bases == base)
        right[rows] = _make_permutation(key, base, 1)(right[rows])


def _read(digits: Words, radices: Words) -> tuple[Words, Words]:
    """The numbers that the digits make, and how many different ones they could."""
    numbers, sizes = digits[0], radices[0]
    for digit, radix in zip(digits[1:], radices[1:], strict=True):
        numbers = numbers * radix + digit
        sizes = sizes * radix
    return numbers, sizes


def _write(numbers: Words, digits: Words, radices: Words) -> None:
    for place in reversed(range(len(digits))):
        numbers, digits[place] = np.divmod(numbers, radices[place])
