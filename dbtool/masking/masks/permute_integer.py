"""Whole numbers that must stay different: surrogate keys, order numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, model_validator

from dbtool.masking.decimal_permutation import plan_decimals
from dbtool.masking.digit_text import permute_digits_in
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import INTEGER_RANGES, check_type
from dbtool.masking.mask import (
    INTEGER_TYPES,
    TEXT_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking
from dbtool.masking.permutation import Permutation

_TYPES = INTEGER_TYPES | TEXT_TYPES | {"numeric"}  # as text stand the numbers of documents, with int8's range
_INT8_DIGITS = 18  # that 64 bits hold all of
_INTEGER = "^(?:0|-?[1-9][0-9]*)$"

Integers = npt.NDArray[np.int64]


class PermuteIntegerOptions(Options):
    within: Literal["magnitude", "type"] | tuple[int, int] = Field(
        "magnitude",
        description="magnitude: as many digits, the same sign, 0 stays 0; type: the same sign, anything the column's "
        "type holds; [lowest, highest]: within that range, and by magnitude for values outside it",
    )

    @model_validator(mode="after")
    def _check_order(self) -> PermuteIntegerOptions:
        if isinstance(self.within, tuple) and self.within[0] > self.within[1]:
            raise ValueError("the lowest value is above the highest")
        return self


@dataclass(frozen=True, slots=True)
class Segment:
    """Values from ``lowest`` to ``highest``, permuted among themselves."""

    lowest: int
    highest: int


def _cut_by_magnitude() -> list[Segment]:
    """The line from -2**63 to 2**63-1 cut at every power of ten, and where the smaller types end.

    Cutting there for every type makes one number's stand-in the same in an int4 and an int8 column, and
    never larger than the type that held the number.
    """
    powers = [10**exponent for exponent in range(19)]
    starts = sorted([*powers, 2**15, 2**31])
    above = [Segment(low, high - 1) for low, high in pairwise([*starts, 2**63])]
    starts = sorted([*powers, 2**15 + 1, 2**31 + 1])
    below = [Segment(1 - high, -low) for low, high in pairwise([*starts, 2**63 + 1])]
    return [*reversed(below), Segment(0, 0), *above]


def _cut_out(segments: Sequence[Segment], chosen: Segment) -> list[Segment]:
    """``chosen`` as one segment, and what it leaves of the others."""
    before = [Segment(s.lowest, min(s.highest, chosen.lowest - 1)) for s in segments]
    after = [Segment(max(s.lowest, chosen.highest + 1), s.highest) for s in segments]
    kept = [s for s in (*before, *after) if s.lowest <= s.highest]
    return sorted({chosen, *kept}, key=lambda segment: segment.lowest)


def plan_segments(options: PermuteIntegerOptions, base: str) -> list[Segment]:
    segments = _cut_by_magnitude()
    held = INTEGER_RANGES[base]
    if options.within == "type":
        segments = _cut_out(segments, Segment(held[0], -1))
        return _cut_out(segments, Segment(1, held[-1]))
    if isinstance(options.within, tuple):
        lowest, highest = options.within
        if lowest not in held or highest not in held:
            raise DoesNotFit(f"{base} does not hold all of {lowest} to {highest}", "a range within the type")
        return _cut_out(segments, Segment(lowest, highest))
    return segments


class _Permuter:
    """The permutations of all segments, each made when a value first falls into it."""

    def __init__(self, key: bytes, segments: Sequence[Segment]) -> None:
        self._key = key
        self._segments = segments
        self._starts = np.array([segment.lowest for segment in segments], dtype=np.int64)
        self._made: dict[int, Permutation] = {}

    def permute(self, values: Integers) -> Integers:
        places = np.searchsorted(self._starts, values, side="right") - 1
        outputs = values.copy()
        for place in np.unique(places).tolist():
            rows = places == place
            outputs[rows] = self._permute_within(place, values[rows])
        return outputs

    def _permute_within(self, place: int, values: Integers) -> Integers:
        """Differences and sums wrap around 2**64, which is exact for every pair of int64."""
        start = self._starts[place : place + 1].view(np.uint64)
        return (self._get(place)(values.view(np.uint64) - start) + start).view(np.int64)

    def _get(self, place: int) -> Permutation:
        if place not in self._made:
            segment = self._segments[place]
            size = segment.highest - segment.lowest + 1
            self._made[place] = Permutation(self._key, size, tweak=place)
        return self._made[place]


def _bind(options: PermuteIntegerOptions, context: MaskContext) -> BoundMask:
    check_type("permute_integer", context, _TYPES)
    key = context.digest.subkey("permute_integer")
    if context.type.base == "numeric":
        return per_value(_plan_numeric(options, context, key))
    permuter = _Permuter(
        key, plan_segments(options, context.type.base if context.type.base in INTEGER_TYPES else "int8")
    )

    def stand_in(values: pl.Series) -> pl.Series:
        is_integer = values.str.contains(_INTEGER) & values.cast(pl.Int64, strict=False).is_not_null()
        if is_integer.all():
            return _permute(permuter, values)
        rest = permute_digits_in(values.filter(~is_integer), key)
        outputs = values.clone().scatter((~is_integer).arg_true(), rest)
        return outputs.scatter(is_integer.arg_true(), _permute(permuter, values.filter(is_integer)))

    return per_value(stand_in)


def _plan_numeric(
    options: PermuteIntegerOptions, context: MaskContext, key: bytes
) -> Callable[[pl.Series], pl.Series]:
    column = context.type
    if (column.scale or 0) < 0:
        raise DoesNotFit(f"{column.sql} rounds what is not a multiple of 10", "noise, or null")
    if options.within != "magnitude" and (column.scale != 0 or (column.precision or 0) > _INT8_DIGITS):
        raise DoesNotFit(f"{column.sql} is permuted by magnitude only", "no `within`")
    if options.within == "type":
        most = 10 ** (column.precision or 0) - 1
        segments = _cut_out(_cut_out(_cut_by_magnitude(), Segment(-most, -1)), Segment(1, most))
    else:
        segments = plan_segments(options, "int8")
    if isinstance(options.within, tuple) and max(map(abs, options.within)) >= 10 ** (column.precision or 0):
        raise DoesNotFit(f"{column.sql} does not hold all of that range", "a range within the type")
    return plan_decimals(_Permuter(key, segments).permute, key, column.scale)


def _permute(permuter: _Permuter, values: pl.Series) -> pl.Series:
    return pl.Series(permuter.permute(values.cast(pl.Int64).to_numpy()), dtype=pl.Int64).cast(pl.String)


def _promise(_options: PermuteIntegerOptions, context: MaskContext) -> Promise:
    """In a text what is no plain number has its digits permuted, and may meet a plain one there."""
    is_integer = context.type.base in INTEGER_TYPES | {"numeric"}
    uniqueness = Uniqueness.INJECTIVE if is_integer else Uniqueness.LOSSY
    return Promise(uniqueness, Overlap.CHANCE, Space.SAME_FORMAT)


MASK = Mask(
    name="permute_integer",
    summary="Another whole number with as many digits and the same sign; no two numbers ever share one. 0 stays 0. "
    "A numeric is permuted with its decimals, by its digits. In text (a document's numbers) what is no plain number has its digits permuted.",
    types=_TYPES,
    uniqueness=Uniqueness.INJECTIVE,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(PermuteIntegerOptions, _bind),
    example=Example("id: {mask: permute_integer}", "int8", ("1", "42", "1000001", None)),
    options=PermuteIntegerOptions,
    promise_under=taking(PermuteIntegerOptions, _promise),
)
