"""Which rows a percentage or a limit takes: those whose key has the smallest keyed hash.

The hash depends on the project's key, the table and the row's key alone: the same rows every night, as long as they
are there; 5 % of them are among 10 %, and nobody without the project's key can tell who is in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dbtool.catalog.relations import RelationName
from dbtool.digest import Digest, ProjectKey
from dbtool.subset.row_set import NO_ROWS, RowIds, Rows

Places = NDArray[np.uint64]  # where each key's hash puts its row among all, from 0 to 2**64 - 1

NO_PLACES: Places = np.empty(0, np.uint64)

_ALL = 1 << 64


def seed_digest(key: ProjectKey, table: RelationName) -> Digest:
    return key.digest_for(f"subset {table}")


def find_places(digest: Digest, keys: pl.DataFrame) -> Places:
    """``keys`` has a String column for each column of the key, as PostgreSQL prints it, and no NULLs."""
    texts = keys.to_series() if keys.width == 1 else _join(keys)
    return digest.uint64(texts).to_numpy()


def find_places_of_numbers(digest: Digest, keys: NDArray[np.int64]) -> Places:
    """The same of whole numbers, whatever their type is: by AES, in a quarter of the time. Their texts have other places."""
    return digest.uint64_of_numbers(keys)


def _join(keys: pl.DataFrame) -> pl.Series:
    """Each text behind its length, so that ('a', 'bc') is not ('ab', 'c')."""
    parts = [part for name in keys.columns for part in _measured(name)]
    return keys.select(pl.concat_str(parts).alias("key")).to_series()


def _measured(name: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    return pl.col(name).str.len_bytes().cast(pl.String), pl.lit(":"), pl.col(name)


def are_within(places: Places, percent: float) -> NDArray[np.bool_]:
    """Which rows are among so many percent of all; of 100, every one."""
    end = int(percent / 100 * _ALL)
    return np.ones(len(places), np.bool_) if end >= _ALL else places < np.uint64(end)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Row for row: its place, the number of its leaf, its id."""

    places: Places
    leaf: NDArray[np.int32]
    ids: RowIds


@dataclass(slots=True)
class Fewest:
    """The ``limit`` rows in the first places, of however many come by, from whichever leaves. Holds twice as many and a
    batch at most.
    """

    limit: int
    _leaves: list[RelationName] = field(default_factory=list)
    _held: list[_Batch] = field(default_factory=list)

    def add(self, leaf: RelationName, places: Places, ids: RowIds) -> None:
        """``places[i]`` is that of row ``ids[i]`` of the leaf."""
        if leaf not in self._leaves:
            self._leaves.append(leaf)
        number = np.full(len(ids), self._leaves.index(leaf), np.int32)
        self._held.append(_Batch(places, number, ids))
        if sum(len(batch.ids) for batch in self._held) > 2 * self.limit + len(ids):
            self._held = [self._first()]

    def rows(self) -> Rows:
        """The chosen rows by leaf, ascending."""
        first = self._first()
        chosen = {leaf: np.sort(first.ids[first.leaf == number]) for number, leaf in enumerate(self._leaves)}
        return {leaf: ids for leaf, ids in chosen.items() if len(ids)}

    def _first(self) -> _Batch:
        """Of rows in one place, which no two keys are in but by a chance of 2**-64, any."""
        every = _Batch(
            np.concatenate([NO_PLACES, *(batch.places for batch in self._held)]),
            np.concatenate([np.empty(0, np.int32), *(batch.leaf for batch in self._held)]),
            np.concatenate([NO_ROWS, *(batch.ids for batch in self._held)]),
        )
        first = np.lexsort((every.ids, every.places))[: self.limit]
        return _Batch(every.places[first], every.leaf[first], every.ids[first])
