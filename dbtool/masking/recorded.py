"""The originals that disjoint masks replaced, to be searched for in what landed. Pure.

Where rows of one column take different decisions, an original of one row may rightly stand in another: kept there, or met
by a mask that stays within the format. So such a column's originals are known apart from all others: they are searched
for in every other column without exception, and in their own except for what its other rows hold.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import numpy as np
import polars as pl

from dbtool.catalog.relations import ColumnRef
from dbtool.masking.survivors import (
    Hashes,
    Originals,
    common_hashes,
    distinct_hashes,
    hash_originals,
    hash_tokens,
    hash_whole,
)

_FEW_BYTES = 1 << 16
_GATHERED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class Branch:
    """The rows of a column for which its condition ``holds``, or all others. ``column`` is as the rules name it."""

    column: ColumnRef
    holds: bool


class Recorder(Protocol):
    """Told what masks see, from whichever thread masks. ``branch`` None: all rows of the column take one decision."""

    def record_originals(self, values: pl.Series, branch: Branch | None) -> None: ...

    def record_others(self, values: pl.Series, branch: Branch) -> None:
        """What the rows of the column that are not of the branch hold in the end."""


@dataclass
class Recorded:
    """Bounded like ``Originals``: those of all branches share one set, and what is beside them another. With ``suspects``,
    sorted and distinct, only what is among them is recorded.
    """

    seed: int
    everywhere: Originals = field(default_factory=Originals)
    _apart: Originals = field(default_factory=Originals)
    _others: Originals = field(default_factory=Originals)
    suspects: Hashes | None = field(default=None, repr=False)
    _branches: set[Branch] = field(default_factory=set)
    _listens: bool = True
    _gathered: list[pl.Series] = field(default_factory=list, repr=False)
    _gathered_bytes: int = 0
    _hashing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def not_listening(self) -> Iterator[None]:
        """While masks are tried, by one thread: what they see is not copied."""
        self._listens = False
        try:
            yield
        finally:
            self._listens = True

    def record_originals(self, values: pl.Series, branch: Branch | None = None) -> None:
        if not self._listens:
            return
        if branch is None:
            if len(gathered := self._gather(values)):
                self.everywhere.add(self._suspected(hash_originals(gathered, self.seed)))
            return
        hashes = self._suspected(hash_originals(values, self.seed))
        with self._lock:
            self._branches.add(branch)
        self._apart.add(hashes ^ _salt(branch))

    def _gather(self, values: pl.Series) -> pl.Series:
        """Few values wait for others, so that they are hashed together: it is the calls that cost. Returns what waits no more."""
        values = values.drop_nulls()
        size = int(values.estimated_size())
        if values.is_empty() or size > _FEW_BYTES:
            return values
        # A filtered series may hold the whole block that it is of.
        copied = pl.Series("v", values.to_list(), dtype=pl.String)
        with self._lock:
            self._gathered.append(copied)
            self._gathered_bytes += size
            is_enough = self._gathered_bytes > _GATHERED_BYTES
        return self._take_gathered() if is_enough else values.clear()

    def _take_gathered(self) -> pl.Series:
        with self._lock:
            taken, self._gathered[:] = self._gathered[:], []
            self._gathered_bytes = 0
        return pl.concat(taken) if taken else pl.Series("v", [], dtype=pl.String)

    def _hash_gathered(self) -> None:
        """Nobody looks for originals while another hashes the last of them."""
        with self._hashing:
            if self._gathered:
                self.everywhere.add(self._suspected(hash_originals(self._take_gathered(), self.seed)))

    def record_others(self, values: pl.Series, branch: Branch) -> None:
        """Hashed as what landed is: by its whole and by its parts."""
        if not self._listens:
            return
        values = values.unique()
        hashes = np.concatenate([hash_whole(values, self.seed), hash_tokens(values, self.seed)])
        self._others.add(self._suspected(distinct_hashes(hashes)) ^ _salt(branch))

    def _suspected(self, hashes: Hashes) -> Hashes:
        return hashes if self.suspects is None else common_hashes(hashes, self.suspects)

    def settle(self) -> bool:
        """Call it when the last were added. Whether every hit is an original for certain."""
        self._hash_gathered()
        settled = [one.settle() for one in (self.everywhere, self._apart, self._others)]
        return all(settled)

    @property
    def exact(self) -> bool:
        self._hash_gathered()
        return self.everywhere.exact and self._apart.exact and self._others.exact

    @property
    def count(self) -> int:
        self._hash_gathered()
        return self.everywhere.count + self._apart.count

    @property
    def divided(self) -> tuple[ColumnRef, ...]:
        """The columns whose originals are known apart."""
        return tuple(sorted({branch.column for branch in self._branches}))

    def found_in(self, hashes: Hashes, column: ColumnRef | None = None) -> Hashes:
        """Those of ``hashes``, which stand in ``column``, that are originals' and should not stand there."""
        self._hash_gathered()
        return distinct_hashes(self.everywhere.found_in(hashes), *self._found_apart(hashes, column))

    def _found_apart(self, hashes: Hashes, column: ColumnRef | None) -> Iterator[Hashes]:
        for branch in sorted(self._branches):
            salt = _salt(branch)
            found = self._apart.found_in(hashes ^ salt)
            # What only seems to stand in other rows would hide what survived: a second pass knows.
            if branch.column == column and len(found) and self._others.exact:
                found = np.setdiff1d(found, self._others.found_in(found), assume_unique=True)
            yield found ^ salt


def record_suspects(suspects: Hashes, seed: int) -> Recorded:
    """For a second pass: whatever is found in it is an original there for certain. ``suspects`` are sorted and distinct."""
    everywhere, apart, others = (Originals(limit=sys.maxsize) for _ in range(3))
    return Recorded(seed, everywhere, apart, others, suspects)


def _salt(branch: Branch) -> np.uint64:
    """Tells one branch's hashes from another's, and from those of any other column."""
    digest = blake2b(f"{branch.column}\0{branch.holds}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "big"))
