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
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

Words: TypeAlias = npt.NDArray[np.uint64]

_ROUNDS = 10  # five per half, as NIST SP 800-38G has for FF1
_TABLE_SIZE = 1 << 16  # measured: a table of this size takes 4 ms to make
_CHUNK = 1 << 15  # blocks of AES at a time, so that a round stays within the cache
_BLOCK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Network:
    """A Feistel network over pairs (left < a, right < b); ``tweak`` < 2**56 sets apart networks of one key.

    ``a`` and ``b`` are at most 2**62.
    """

    key: bytes = field(repr=False)
    a: int
    b: int
    tweak: int

    def permute(self, left: Words, right: Words) -> tuple[Words, Words]:
        encryptor = _make_encryptor(self.key)
        left, right = left.copy(), right.copy()
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            for turn in range(_ROUNDS):
                moved, fixed, modulus = (left, right, self.a) if turn % 2 == 0 else (right, left, self.b)
                moved[part] = self._turn(encryptor, turn, moved[part], fixed[part], modulus)
        return left, right

    def _turn(self, encryptor: CipherContext, turn: int, moved: Words, fixed: Words, modulus: int) -> Words:
        added = moved + _encrypt(encryptor, fixed, self.tweak << 8 | turn) % np.uint64(modulus)
        return added % np.uint64(modulus)


@dataclass(frozen=True, slots=True)
class Moduli:
    """A network of its own for each pair: left < a, right < b, all at most 2**62; ``tweaks`` < 2**56."""

    a: Words
    b: Words
    tweaks: Words

    def permute(self, key: bytes, left: Words, right: Words) -> tuple[Words, Words]:
        encryptor = _make_encryptor(key)
        left, right = left.copy(), right.copy()
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            sides = [(left[part], self.a[part]), (right[part], self.b[part])]
            for turn in range(_ROUNDS):
                (moved, modulus), (fixed, _) = sides[turn % 2], sides[1 - turn % 2]
                second = self.tweaks[part] << np.uint64(8) | np.uint64(turn)
                moved[:] = (moved + _encrypt(encryptor, fixed, second) % modulus) % modulus
        return left, right


def _make_encryptor(key: bytes) -> CipherContext:
    """ECB is the bare block cipher: each block is a separate question to the round function."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  see the docstring


def _encrypt(encryptor: CipherContext, words: Words, second: int | Words) -> Words:
    """The first 64 bits of AES(word, second) for each word."""
    blocks = np.empty((len(words), 2), dtype="<u8")
    blocks[:, 0] = words
    blocks[:, 1] = second
    output = np.empty((len(words) + 1, 2), dtype="<u8")  # update_into asks for a block of slack
    encryptor.update_into(blocks.data.cast("B"), output.data.cast("B"))
    return output[:-1, 0].astype(np.uint64)


def _make_table(key: bytes, size: int, tweak: int) -> Words:
    """A random order of 0 … size-1: the ranks of as many AES outputs."""
    draws = _encrypt(_make_encryptor(key), np.arange(size, dtype=np.uint64), tweak << 8 | 0xFF)
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
        network = self._network()
        b = np.uint64(network.b)
        left, right = network.permute(values // b, values % b)
        return left * b + right

    def _network(self) -> Network:
        """Sides whose product exceeds the size by less than a, so that hardly a value is sent through twice."""
        a = math.isqrt(self.size - 1) + 1
        return Network(self.key, a, -(-self.size // a), self.tweak)

    def _find_outside(self, outputs: Words) -> npt.NDArray[np.intp]:
        return np.flatnonzero(outputs > np.uint64(self.size - 1))
