"""Mask one block of COPY text, and count what verification needs to know of it. Pure.

Only masked columns and the columns they are keyed by are decoded; all others pass as the bytes they came in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  registers the nchash namespace

from dbtool import copytext
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.inner_values import take_out
from dbtool.masking.mask import Overlap
from dbtool.masking.survivors import Hashes, distinct_hashes

_SAMPLE_LIMIT = 50_000
_NO_NUMBER = r"[^-\p{Nd}]"


@dataclass
class DistinctSample:
    """A sample of distinct values by their hash, bounded: the share kept halves whenever it grows too large.

    The same value is in or out wherever it is met, so counts of distinct values need no set of them all.
    """

    shift: int = 0
    hashes: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64), repr=False)

    def add(self, hashes: Hashes) -> None:
        mask = np.uint64((1 << self.shift) - 1)
        self.hashes = distinct_hashes(self.hashes, hashes[hashes & mask == 0])
        while len(self.hashes) > _SAMPLE_LIMIT:
            self.shift += 1
            self.hashes = self.hashes[self.hashes & np.uint64((1 << self.shift) - 1) == 0]

    def merge(self, other: DistinctSample) -> None:
        self.shift = max(self.shift, other.shift)
        self.hashes = self.hashes[self.hashes & np.uint64((1 << self.shift) - 1) == 0]
        self.add(other.hashes)

    @property
    def estimate(self) -> int:
        return len(self.hashes) << self.shift


@dataclass
class ColumnTally:
    """Of an array its elements are counted as rows. ``fixed`` counts rows whose original equals its own stand-in; ``reserved`` rows whose original already lay
    in the mask's reserved space and is nobody's. The samples are for masks whose overlap is by chance.
    """

    rows: int = 0
    nulls: int = 0
    fixed: int = 0
    reserved: int = 0
    distinct: DistinctSample = field(default_factory=DistinctSample)
    distinct_fixed: DistinctSample = field(default_factory=DistinctSample)

    def merge(self, other: ColumnTally) -> None:
        self.rows += other.rows
        self.nulls += other.nulls
        self.fixed += other.fixed
        self.reserved += other.reserved
        self.distinct.merge(other.distinct)
        self.distinct_fixed.merge(other.distinct_fixed)


Tallies = dict[str, ColumnTally]


def merge_tallies(into: Tallies, other: Tallies) -> None:
    for name, tally in other.items():
        into.setdefault(name, ColumnTally()).merge(tally)


def mask_block(masks: RelationMasks, block: bytes, tallies: Tallies, seed: int) -> tuple[bytes, int]:
    """COPY text in → the same rows with every masked column replaced, and how many rows they are.

    :raises ServerFailed: the block is not whole rows of the relation's columns in UTF-8.
    """
    names = [column.name for column in masks.relation.copied_columns]
    frame = copytext.parse_block(block, len(names), of=str(masks.relation.name))
    decoded: dict[int, pl.Series] = {}

    def decoded_column(index: int) -> pl.Series:
        if index not in decoded:
            decoded[index] = copytext.decode(frame.to_series(index))
        return decoded[index]

    replaced: list[pl.Series] = []
    for column in masks.columns:
        name = frame.columns[column.index]
        tally = tallies.setdefault(column.column, ColumnTally())
        if column.source_sql is not None:
            continue  # the source's SELECT gave the stand-in already
        originals = decoded_column(column.index)
        by = pl.DataFrame([decoded_column(index).alias(names[index]) for index in column.by])
        stand_ins = column.bound(originals, by)
        if masks.relation.copied_columns[column.index].type.base == "bpchar":
            originals = originals.str.strip_chars_end(" ")  # what char(n) pads with is no part of a value
        _count(column, originals, stand_ins, tally, seed)
        replaced.append(copytext.encode(stand_ins).alias(name))
    return copytext.render_block(frame.with_columns(replaced) if replaced else frame), frame.height


def _count(
    column: ColumnMask, originals: pl.Series, stand_ins: pl.Series, tally: ColumnTally, seed: int
) -> None:
    originals, stand_ins = take_out(column.layers, originals), take_out(column.layers, stand_ins)
    tally.rows += len(originals)
    tally.nulls += originals.null_count()
    if column.overlap is Overlap.NOT_READ or column.mask is None:
        return  # a document is judged by its parts, when what landed is searched
    same = originals.filter((originals == stand_ins) & (originals != "")).rename("v")
    if column.overlap is Overlap.CHANCE:
        tally.fixed += len(same)
        tally.distinct.add(_hashes(_permuted(originals) if column.permutes else originals, seed))
        tally.distinct_fixed.add(_hashes(_permuted(same) if column.permutes else same, seed))
        return
    if len(same) and column.mask.in_space is not None:
        reserved = int(column.mask.in_space(same).sum())
        tally.reserved += reserved
        tally.fixed += len(same) - reserved
    else:
        tally.fixed += len(same)


def _permuted(values: pl.Series) -> pl.Series:
    """The number in each value, which is all that a permutation changes: A-7 and B-7 are fixed together or not."""
    numbers = values.str.replace_all(_NO_NUMBER, "")
    return numbers.filter(numbers != "")


def _hashes(values: pl.Series, seed: int) -> Hashes:
    frame = values.drop_nulls().to_frame("v").select(pl.col("v").nchash.xxh3_64(seed=seed))  # type: ignore[attr-defined]
    return frame.to_series().to_numpy().astype(np.uint64, copy=False)
