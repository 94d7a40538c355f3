"""Keyed permutations of 0 … size-1, vectorised: what makes a mask injective whatever the fill.

Small domains get a shuffled table. Larger ones a generalised Feistel network over a·b ≥ size (Black and
Rogaway, "Ciphers with Arbitrary Finite Domains", 2002) whose round function is AES; what falls beyond the
domain is sent through again until it lands inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dbtool.digest import make_block_cipher

Words: TypeAlias = npt.NDArray[np.uint64]
Word: TypeAlias = int | np.uint64 | Words  # one for all, or each its own

_ROUNDS = 10  # five per half, as NIST SP 800-38G has for FF1
_TABLE_SIZE = 1 << 16  # measured: a table of this size takes 4 ms to make
_CHUNK = 1 << 15  # blocks of AES at a time, so that a round stays within the cache
_BLOCK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Network:
    """A Feistel network over pairs (left < a, right < b); ``tweak`` < 2**56 sets apart networks of one key.

    ``a`` and ``b`` are at most 2**62. Each of the three is one for all pairs, or an array with each pair's own.
    """

    key: bytes = field(repr=False)
    a: Word
    b: Word
    tweak: Word

    def permute(self, left: Words, right: Words) -> tuple[Words, Words]:
        draw = _RoundFunction(self.key, min(len(left), _CHUNK))
        left, right = left.copy(), right.copy()
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            sides = [(left[part], _cut(self.a, part)), (right[part], _cut(self.b, part))]
            tweak = _cut(self.tweak, part) << np.uint64(8)
            for turn in range(_ROUNDS):
                (moved, modulus), (fixed, _) = sides[turn % 2], sides[1 - turn % 2]
                moved += _reduce(draw(fixed, tweak | np.uint64(turn)), modulus)
                np.minimum(moved, moved - modulus, out=moved)  # a difference below 0 wraps around
        return left, right


def _cut(numbers: Word, part: slice) -> np.uint64 | Words:
    return numbers[part] if isinstance(numbers, np.ndarray) else np.uint64(numbers)


def _reduce(words: Words, modulus: np.uint64 | Words) -> Words:
    """``words`` modulo ``modulus``. Measured: numpy divides by one number five times as fast as it takes remainders."""
    if isinstance(modulus, np.ndarray):
        return np.asarray(words % modulus, dtype=np.uint64)
    return np.asarray(words - words // modulus * modulus, dtype=np.uint64)


class _RoundFunction:
    """The first 64 bits of AES(word, second) for each word; at most ``size`` words at once. The result is used up
    before the next call.
    """

    def __init__(self, key: bytes, size: int) -> None:
        self._encryptor = make_block_cipher(key)
        self._blocks = np.empty((size, 2), dtype="<u8")
        self._output = np.empty((size + 1, 2), dtype="<u8")  # update_into asks for a block of slack

    def __call__(self, words: Words, second: np.uint64 | Words) -> Words:
        count = len(words)
        blocks, output = self._blocks[:count], self._output[: count + 1]
        blocks[:, 0] = words
        blocks[:, 1] = second
        self._encryptor.update_into(blocks.data.cast("B"), output.data.cast("B"))
        return output[:-1, 0].astype(np.uint64)


def _make_table(key: bytes, size: int, tweak: int) -> Words:
    """A random order of 0 … size-1: the ranks of as many AES outputs."""
    draws = _RoundFunction(key, size)(np.arange(size, dtype=np.uint64), np.uint64(tweak << 8 | 0xFF))
    return np.argsort(draws, kind="stable").astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Permutation:
    """A bijection of 0 … size-1 onto itself, 1 ≤ size ≤ 2**64. Calls are safe from several threads."""

    key: bytes = field(repr=False)
    size: int
    tweak: int
    _table: Words | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = _make_table(self.key, self.size, self.tweak) if self.size <= _TABLE_SIZE else None
        object.__setattr__(self, "_table", table)

    def __call__(self, values: Words) -> Words:
        """``values`` are all below ``size``."""
        if self._table is not None:
            return self._table[values]
        outputs = self._pass(values)
        outside = self._find_outside(outputs)
        while len(outside):
            again = self._pass(outputs[outside])
            outputs[outside] = again
            outside = outside[self._find_outside(again)]
        return outputs

    def _pass(self, values: Words) -> Words:
        """The sides' product exceeds the size by less than a, so that hardly a value is sent through twice."""
        a = math.isqrt(self.size - 1) + 1
        b = -(-self.size // a)
        tops = values // np.uint64(b)
        network = Network(self.key, a, b, self.tweak)
        left, right = network.permute(tops, values - tops * np.uint64(b))
        return left * np.uint64(b) + right

    def _find_outside(self, outputs: Words) -> npt.NDArray[np.intp]:
        return np.flatnonzero(outputs > np.uint64(self.size - 1))
