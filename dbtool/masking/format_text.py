"""Permute the letters and digits inside texts, each within its own alphabet, and leave all else in its place.

A text's letters and digits are the digits of one number whose places have bases of their own: AB-12 is a number
below 26·26·10·10. That number is permuted, so no part of a stand-in tells of the same part of the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view

from dbtool.masking.byte_text import Counts, Marks, count_marks, read_bytes, read_lengths, spell_bytes
from dbtool.masking.permutation import Network, Permutation, Words

_PIECE = 16  # letters that are permuted together: two halves of at most 128**8 = 2**56
_ROW_OF_UNICODE = 7  # bits: alphabets lie within 128 code points, which UTF-8 spells in as many bytes
_WIDTH = 1 << _ROW_OF_UNICODE
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo"})
_ENCODING = "utf-32-le"

Codes: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]  # of characters, or of bytes where all are ASCII
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
    letters = map(chr, range(start, start + _WIDTH))
    return "".join(letter for letter in letters if unicodedata.category(letter) == category)


def find_bits(letter: str) -> str:
    return "01" if letter in "01" else letter


def permute_format_in(values: pl.Series, key: bytes, alphabet: Alphabet = find_alphabet) -> pl.Series:
    """Permute each text among all texts of its format; injective. No text is NULL."""
    lengths = values.str.len_chars()
    is_foreign = lengths != values.str.len_bytes()
    if not is_foreign.any():
        codes = _permute_codes(read_bytes(values), read_lengths(values), key, alphabet)
        return spell_bytes(codes.astype(np.uint8), read_lengths(values)).alias(values.name)
    outputs = values.clone()
    if not is_foreign.all():
        plain = permute_format_in(values.filter(~is_foreign), key, alphabet)
        outputs = outputs.scatter((~is_foreign).arg_true(), plain)
    foreign = _permute_foreign(values.filter(is_foreign), lengths.filter(is_foreign), key, alphabet)
    return outputs.scatter(is_foreign.arg_true(), foreign)


def _permute_foreign(values: pl.Series, lengths: pl.Series, key: bytes, alphabet: Alphabet) -> pl.Series:
    """One by one in the end: a character is four bytes while it is changed, and one to four before and after."""
    codes = np.frombuffer("".join(values.to_list()).encode(_ENCODING), dtype="<u4")
    changed = _permute_codes(codes, lengths.to_numpy().astype(np.int64), key, alphabet)
    joined = changed.tobytes().decode(_ENCODING)
    ends = lengths.cum_sum().to_list()
    outputs = [joined[end - length : end] for end, length in zip(ends, lengths.to_list(), strict=True)]
    return pl.Series(outputs, dtype=pl.String)


def _permute_codes(codes: Codes, lengths: Counts, key: bytes, alphabet: Alphabet) -> Codes:
    """``codes`` are the characters of all texts, end to end."""
    alphabets = _Alphabets.of(codes, alphabet)
    is_active = alphabets.is_active[codes]
    changed = codes.copy()
    counts = count_marks(is_active, lengths)
    changed[is_active] = _permute_letters(codes[is_active], counts, alphabets, key)
    return changed


@dataclass(frozen=True, slots=True)
class _Alphabets:
    """By code: its alphabet and its place in it; by alphabet: its size, and its letters in ``_WIDTH`` places."""

    alphabets: npt.NDArray[np.uint16]
    numbers: npt.NDArray[np.uint8]
    sizes: Words
    letters: Codes
    is_active: Marks

    @classmethod
    def of(cls, codes: Codes, alphabet: Alphabet) -> _Alphabets:
        used = np.flatnonzero(np.bincount(codes, minlength=1)).tolist()
        found: dict[str, int] = {}
        alphabets = np.zeros(int(used[-1]) + 1 if used else 1, dtype=np.uint16)
        numbers = np.zeros(len(alphabets), dtype=np.uint8)
        for code in used:
            letters = alphabet(chr(code))
            if len(letters) > 1:
                alphabets[code] = found.setdefault(letters, len(found) + 1)
                numbers[code] = letters.index(chr(code))
        sizes = np.array([1, *map(len, found)], dtype=np.uint64)
        padded = "".join(letters.ljust(_WIDTH) for letters in (" ", *found))
        spelt = np.frombuffer(padded.encode(_ENCODING), dtype="<u4").astype(codes.dtype)
        return cls(alphabets, numbers, sizes, spelt, alphabets > 0)


def _permute_letters(codes: Codes, counts: Counts, alphabets: _Alphabets, key: bytes) -> Codes:
    """``counts`` says how many of the letters each text has."""
    changed = codes.copy()
    sizes, turns = _cut_pieces(counts)
    starts = np.cumsum(sizes) - sizes
    for size in np.flatnonzero(np.bincount(sizes, minlength=1)).tolist():
        rows = np.flatnonzero(sizes == size)
        pieces = sliding_window_view(codes, size)[starts[rows]]
        into = sliding_window_view(changed, size, writeable=True)
        into[starts[rows]] = _permute_pieces(pieces, turns[rows], alphabets, key)
    return changed


def _cut_pieces(counts: Counts) -> tuple[Counts, Counts]:
    """Letters per piece and the piece's turn in its text: more than 16 letters are cut into pieces of about one size."""
    cuts = -(-counts // _PIECE)
    turns = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    counts, cuts = np.repeat(counts, cuts), np.repeat(cuts, cuts)
    return (turns + 1) * counts // cuts - turns * counts // cuts, turns


def _permute_pieces(pieces: Codes, turns: Counts, alphabets: _Alphabets, key: bytes) -> Codes:
    """Pieces of one size, one to a row, each cut into halves of about one size."""
    size = pieces.shape[1]
    places = [_Place.of(column, alphabets) for column in np.ascontiguousarray(pieces.T)]
    left_places, right_places = places[: size // 2], places[size // 2 :]
    (left, a), (right, b) = _read(left_places, len(pieces)), _read(right_places, len(pieces))
    tweaks = size | turns.astype(np.uint64) << np.uint64(8)
    tweak = int(tweaks[0]) if (turns == turns[0]).all() else tweaks
    left, right = Network(key, a, b, tweak).permute(left, right)
    if size == 1:
        _permute_single(right, b, key)
    columns = [*_write(left, left_places, alphabets.letters), *_write(right, right_places, alphabets.letters)]
    return np.stack(columns).T


@dataclass(frozen=True, slots=True)
class _Place:
    """One letter of every piece: its alphabet, which may be one for all, and its place therein."""

    alphabet: int | npt.NDArray[np.uint16]
    numbers: npt.NDArray[np.uint8]
    sizes: Words

    @classmethod
    def of(cls, column: Codes, known: _Alphabets) -> _Place:
        found, numbers = known.alphabets[column], known.numbers[column]
        is_one = bool((found == found[0]).all())
        return cls(int(found[0]) if is_one else found, numbers, known.sizes)

    @property
    def radix(self) -> np.uint64 | Words:
        return self.sizes[self.alphabet]

    def spell(self, numbers: Words, letters: Codes) -> Codes:
        start = np.multiply(self.alphabet, _WIDTH, dtype=np.int64)
        return np.asarray(letters[start + numbers.view(np.int64)])


def _read(places: Sequence[_Place], count: int) -> tuple[Words, np.uint64 | Words]:
    """The numbers that the letters make, and how many different ones they could."""
    numbers = np.zeros(count, dtype=np.uint64)
    size: np.uint64 | Words = np.uint64(1)
    for place in places:
        radix = place.radix
        numbers = numbers * radix + place.numbers
        size = size * radix
    return numbers, size


def _write(numbers: Words, places: Sequence[_Place], letters: Codes) -> list[Codes]:
    columns = []
    for place in reversed(places):
        radix = place.radix
        rest = numbers // radix
        columns.append(place.spell(numbers - rest * radix, letters))
        numbers = rest
    return columns[::-1]


_make_permutation = lru_cache(maxsize=64)(Permutation)


def _permute_single(right: Words, bases: np.uint64 | Words, key: bytes) -> None:
    """A network with one empty side would move every letter by the same distance."""
    for base in np.unique(bases).tolist():
        rows = np.broadcast_to(bases == base, right.shape)
        right[rows] = _make_permutation(key, base, 1)(right[rows])
