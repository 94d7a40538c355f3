"""Mask one block of COPY text, and count what verification needs to know of it. Pure.

Only masked columns and the columns they are keyed by are decoded; all others pass as the bytes they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  registers the nchash namespace

from dbtool import copytext
from dbtool.catalog.relations import ColumnRef
from dbtool.errors import AnswerIsNo, MaskFailed
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.fates import DocumentRefused
from dbtool.masking.inner_values import take_out
from dbtool.masking.long_values import LongField, find_long_fields, read_pieces, with_fields, without_fields
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
    long = find_long_fields(block)
    if not long:
        return _mask_fields(_Block(masks, block, seed), tallies)
    read = _Block(masks, without_fields(block, long), seed)
    read.show_long_fields(long, block)
    masked, rows = _mask_fields(read, tallies)
    replaced = {column.index for column in masks.columns if not _is_made_by_source(column)}
    return with_fields(masked, [field for field in long if field.column not in replaced], block), rows


def _mask_fields(read: _Block, tallies: Tallies) -> tuple[bytes, int]:
    masks = read.masks
    stand_ins: dict[int, pl.Series] = {}
    for column in masks.columns:
        tally = tallies.setdefault(column.tallied_as, ColumnTally())
        if column.rows is not None:
            rows = column.rows.pick(read.frame)
            merged = stand_ins.setdefault(column.index, read.no_values())
            stand_ins[column.index] = merged.scatter(rows, read.mask_rows(column, rows, tally))
        elif not _is_made_by_source(column):
            stand_ins[column.index] = read.mask(column, tally)
    replaced = [copytext.encode(values).alias(read.frame.columns[at]) for at, values in stand_ins.items()]
    frame = read.frame.select(read.frame.columns[: read.width]) if masks.beside else read.frame
    return copytext.render_block(frame.with_columns(replaced) if replaced else frame), frame.height


def _is_made_by_source(column: ColumnMask) -> bool:
    """The stand-ins came in the places of the originals, and pass as they came."""
    return column.rows is None and column.source_sql is not None


class _Block:
    """The columns of a block as text, each decoded once. ``width`` leaves out what came beside the relation's own."""

    def __init__(self, masks: RelationMasks, block: bytes, seed: int) -> None:
        self.masks = masks
        self._columns = masks.relation.copied_columns
        self._name = masks.relation.ruled_by
        self._seed = seed
        self._decoded: dict[int, pl.Series] = {}
        self.width = len(self._columns)
        self.frame = copytext.parse_block(block, self.width + len(masks.beside), of=str(masks.relation.name))

    def show_long_fields(self, fields: Sequence[LongField], block: bytes) -> None:
        """What was taken out of the block before it was parsed is there again in the columns that are read."""
        read = {at for one in self.masks.columns for at in (one.index, one.place, *one.by)}
        for one in fields:
            if one.column in read:
                values = self._column(one.column).clone()
                self._decoded[one.column] = values.scatter(
                    one.row, copytext.decode_pieces(read_pieces(block, one))
                )

    def no_values(self) -> pl.Series:
        """A row that no branch is for, which there is not, would become NULL."""
        return pl.Series([None], dtype=pl.String).new_from_index(0, self.frame.height)

    def mask(self, column: ColumnMask, tally: ColumnTally) -> pl.Series:
        return self._mask(column, self._column(column.index), self._by(column), tally)

    def mask_rows(self, column: ColumnMask, rows: pl.Series, tally: ColumnTally) -> pl.Series:
        """The same of some rows. What the source made is not compared: its originals are not here."""
        values = self._column(column.index if column.place is None else column.place)[rows]
        if values.is_empty():
            return values
        if column.source_sql is not None:
            return column.bound(values, pl.DataFrame())
        by = self._by(column)
        return self._mask(column, values, by[rows] if by.width else by, tally)

    def _mask(
        self, column: ColumnMask, originals: pl.Series, by: pl.DataFrame, tally: ColumnTally
    ) -> pl.Series:
        try:
            stand_ins = column.bound(originals, by)
        except MaskFailed as error:
            raise MaskFailed(f"{ColumnRef(self._name, column.column)}: {error}") from None
        except DocumentRefused as error:
            raise AnswerIsNo(f"{ColumnRef(self._name, column.column)}: {error}") from None
        if self._columns[column.index].type.base == "bpchar":
            originals = originals.str.strip_chars_end(" ")  # what char(n) pads with is no part of a value
        _count(column, originals, stand_ins, tally, self._seed)
        return stand_ins

    def _by(self, column: ColumnMask) -> pl.DataFrame:
        return pl.DataFrame([self._column(at).alias(self._columns[at].name) for at in column.by])

    def _column(self, index: int) -> pl.Series:
        if index not in self._decoded:
            self._decoded[index] = copytext.decode(self.frame.to_series(index))
        return self._decoded[index]


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
