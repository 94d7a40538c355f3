"""Values brought down to the lower bound of the bucket they fall into: exact for numbers and for dates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import polars as pl

from dbtool.masking.dates import Days, civil_from_days, days_from_civil, map_days
from dbtool.masking.decimal_text import (
    LARGEST,
    Decimals,
    Integers,
    is_number,
    is_short,
    read_decimals,
    render_decimals,
)

Unit = Literal["minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century"]
Change = Callable[[pl.Series], pl.Series]  # NULL in the output for what is no number or date

_FIRST_DAY = -2440588  # 4714-11-24 BC, PostgreSQL's first
_MONDAY = 3  # days from 1970-01-01, a Thursday, back to Monday
_TIME = r"([ T])([0-9]{2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2}){0,2})?"
_DATE = rf"^[0-9]{{4,7}}-[0-9]{{2}}-[0-9]{{2}}(?:{_TIME}{_ZONE})?(?: BC)?$"
_NEW_TIMES = {"minute": "${1}${2}:${3}:00", "hour": "${1}${2}:00:00"}
_MOST_DIGITS = 4000  # Python reads no longer whole numbers


@dataclass(frozen=True, slots=True)
class Bounds:
    """Buckets of one size, or those between edges, which ascend; what is below the lowest edge is brought up to it."""

    size: Decimal | None
    edges: tuple[Decimal, ...] = ()

    @property
    def places(self) -> int:
        """Digits after the point that a bound may have."""
        numbers = self.edges if self.size is None else (self.size,)
        return max(0, *(-int(number.normalize().as_tuple().exponent) for number in numbers))

    def find(self, units: int, places: int) -> int:
        """``units`` and the bound are of the last of ``places`` digits after the point."""
        if self.size is not None:
            return units - units % int(self.size.scaleb(places))
        edges = self._scale_edges(places)
        return edges[max(bisect_right(edges, units) - 1, 0)]

    def find_all(self, units: Integers, places: int) -> Integers:
        """As ``find``. ``units`` and bounds are within ±2**62."""
        if self.size is not None:
            return units - units % int(self.size.scaleb(places))
        edges = np.array(self._scale_edges(places), dtype=np.int64)
        return np.asarray(edges[np.maximum(np.searchsorted(edges, units, side="right") - 1, 0)])

    def find_float(self, numbers: pl.Series) -> pl.Series:
        if self.size is not None:
            bounds = (numbers / float(self.size)).floor() * float(self.size)
            return bounds.round(self.places)
        edges = np.array(self.edges, dtype=np.float64)
        places = np.maximum(np.searchsorted(edges, numbers.to_numpy(), side="right") - 1, 0)
        return pl.Series(edges[places])

    def _scale_edges(self, places: int) -> list[int]:
        return [int(edge.scaleb(places)) for edge in self.edges]

    def measure(self, places: int) -> int:
        """The largest bound or size, in units."""
        return max(int(abs(number).scaleb(places)) for number in (*self.edges, self.size or Decimal()))


def plan_numbers(bounds: Bounds, limit: int | None) -> Change:
    """``limit``: a stand-in is no further from 0, on either side."""

    def change(values: pl.Series) -> pl.Series:
        found = is_number(values) & ~values.str.contains("[eE]")
        short = found & is_short(values)
        outputs = pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
        outputs = outputs.scatter(short.arg_true(), _lower_short(bounds, limit, values.filter(short)))
        long = found & ~short
        lowered = [_lower(bounds, limit, text) for text in values.filter(long).to_list()]
        return outputs.scatter(long.arg_true(), pl.Series(lowered, dtype=pl.String))

    return change


def _lower_short(bounds: Bounds, limit: int | None, values: pl.Series) -> pl.Series:
    """Places by places, which are few: a column's numbers have one scale, or some tens."""
    numbers = read_decimals(values)
    outputs = values.clone()
    for places in np.unique(numbers.places).tolist():
        rows = np.flatnonzero(numbers.places == places)
        scale = max(places, bounds.places)
        units = numbers.units[rows]
        largest = int(np.abs(units).max()) * 10 ** (scale - places)
        if max(largest, bounds.measure(scale)) > LARGEST // 2:
            texts = values.gather(rows).to_list()
            lowered = pl.Series([_lower(bounds, limit, text) for text in texts], dtype=pl.String)
        else:
            new = bounds.find_all(units * 10 ** (scale - places), scale)
            if limit is not None:
                new = np.clip(new, -min(limit, LARGEST), min(limit, LARGEST))
            tails = pl.Series([""]).new_from_index(0, len(rows))
            lowered = render_decimals(Decimals(new, np.full(len(rows), scale), tails), new)
        outputs = outputs.scatter(rows, lowered)
    return outputs


def _lower(bounds: Bounds, limit: int | None, text: str) -> str | None:
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole) + len(fraction) > _MOST_DIGITS:
        return None
    scale = max(len(fraction), bounds.places)
    units = int(whole + fraction) * 10 ** (scale - len(fraction))
    new = bounds.find(-units if text[0] == "-" else units, scale)
    if limit is not None:
        new = max(min(new, limit), -limit)
    spelt = str(abs(new)).zfill(scale + 1)
    cut = len(spelt) - scale
    return ("-" if new < 0 else "") + spelt[:cut] + ("." + spelt[cut:] if scale else "")


def plan_floats(bounds: Bounds) -> Change:
    def change(values: pl.Series) -> pl.Series:
        numbers = values.cast(pl.Float64, strict=False)
        lowered = bounds.find_float(numbers)
        outputs = lowered.cast(pl.String).str.strip_suffix(".0")
        is_lowered = (numbers.is_finite() & lowered.is_finite()).fill_null(value=False)
        return outputs.zip_with(is_lowered, values)

    return change


def plan_dates(unit: Unit) -> Change:
    """Within the time zone that the text is written in. Years before 1 count as 0, -1 …"""
    new_time = _NEW_TIMES.get(unit, "${1}00:00:00")

    def change(values: pl.Series) -> pl.Series:
        outputs = map_days(values, lambda days, _rows: _truncate(days, unit))
        is_date = values.str.contains(_DATE) & outputs.is_not_null()
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
        return outputs.str.replace(_TIME, new_time).zip_with(is_date, nothing)

    return change


def _truncate(days: Days, unit: Unit) -> Days:
    if unit in {"minute", "hour", "day"}:
        return days
    if unit == "week":
        return np.asarray(np.maximum(days - (days + _MONDAY) % 7, _FIRST_DAY), dtype=np.int64)
    year, month, _ = civil_from_days(days)
    first = np.ones_like(month)
    months = {"month": month, "quarter": month - (month - 1) % 3}
    years = {"decade": year - year % 10, "century": year - (year - 1) % 100}
    start = days_from_civil(years.get(unit, year), months.get(unit, first), first)
    return np.asarray(np.maximum(start, _FIRST_DAY), dtype=np.int64)
