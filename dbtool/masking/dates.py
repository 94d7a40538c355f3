"""Dates and timestamps in PostgreSQL's ISO spelling ↔ days since 1970-01-01, for every date PostgreSQL has.

``2024-02-29``, ``2024-02-29 10:00:00.5+01``, ``0044-03-15 BC``, ``12024-01-01``; the time of day and its
zone are carried along as text. ``infinity`` and ``-infinity`` are no days.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

# Behind the day stands a time and its zone, or nothing: whatever else a text goes on with would be let through as it is.
_TIME = r"(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:[+-][0-9]{2}(?::?[0-9]{2}){0,2}|Z|UTC|GMT))?)?"
_SIMPLE = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_TIME}$"  # years 1 to 9999, which Polars reads and prints itself
)
_ANY = rf"^([0-9]{{4,7}})-([0-9]{{2}})-([0-9]{{2}})({_TIME})( BC)?$"
_FIRST_SIMPLE_DAY = -719162  # 0001-01-01
_LAST_SIMPLE_DAY = 2932896  # 9999-12-31
_UNIX_DAY = 719468  # days from 0000-03-01, the start of the arithmetic below
_EPOCH_BC = 1  # 1 BC is the year 0 of arithmetic

Days = npt.NDArray[np.int64]


def days_from_civil(year: Days, month: Days, day: Days) -> Days:
    """Days since 1970-01-01 in the proleptic Gregorian calendar; years before 1 count on as 0, -1 …

    The year is taken to begin in March, so that its leap day is the last (H. Hinnant, "chrono-Compatible
    Low-Level Date Algorithms").
    """
    shifted = year - (month <= 2)  # noqa: PLR2004  January and February belong to the year before
    era, of_era = np.divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: Days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _UNIX_DAY
    return days


def civil_from_days(days: Days) -> tuple[Days, Days, Days]:
    """The inverse of ``days_from_civil``: year, month and day."""
    era, of_era = np.divmod(days + _UNIX_DAY, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    march_month = (5 * of_year + 2) // 153
    day = of_year - (153 * march_month + 2) // 5 + 1
    month = (march_month + 2) % 12 + 1
    return years + era * 400 + (month <= 2), month, day  # noqa: PLR2004  as above


def map_days(values: pl.Series, change: Callable[[Days, pl.Series], Days]) -> pl.Series:
    """Replace the day in each text; ``change`` gets the days and which rows they come from.

    What holds no day is NULL in the output.
    """
    days = read_days(values)
    rows = days.is_not_null()
    found = values.filter(rows)
    changed = change(days.filter(rows).to_numpy(), rows)
    output = pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
    return output.scatter(rows.arg_true(), _render(changed, _read_tail(found)))


def read_days(values: pl.Series) -> pl.Series:
    """Days since 1970-01-01 as Int64; NULL for what is no date, infinities among it."""
    simple = values.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    is_simple = values.str.contains(_SIMPLE).fill_null(value=False)
    days = simple.to_physical().cast(pl.Int64)
    if is_simple.all():
        return days
    others = values.filter(~is_simple)
    return days.scatter((~is_simple).arg_true(), _read_any(others))


def _read_any(values: pl.Series) -> pl.Series:
    """A day counts only if it comes out as it went in: 2023-02-30 does not."""
    parts = values.str.extract_groups(_ANY).struct.unnest()
    year, month, day = (parts.to_series(part).cast(pl.Int64).fill_null(0).to_numpy() for part in range(3))
    is_bc = parts.to_series(4).is_not_null().to_numpy()
    year = np.where(is_bc, _EPOCH_BC - year, year)
    days = days_from_civil(year, month, day)
    back = civil_from_days(days)
    is_date = (
        (back[0] == year)
        & (back[1] == month)
        & (back[2] == day)
        & parts.to_series(0).is_not_null().to_numpy()
    )
    return pl.Series(days).zip_with(
        pl.Series(is_date), pl.Series([None], dtype=pl.Int64).new_from_index(0, len(days))
    )


def _read_tail(values: pl.Series) -> pl.Series:
    return values.str.replace(r"^[0-9]+-[0-9]{2}-[0-9]{2}", "").str.replace(" BC$", "")


def _render(days: Days, tails: pl.Series) -> pl.Series:
    if len(days) == 0 or (days.min() >= _FIRST_SIMPLE_DAY and days.max() <= _LAST_SIMPLE_DAY):
        return pl.Series(days.astype(np.int32)).cast(pl.Date).dt.to_string("%Y-%m-%d") + tails
    year, month, day = (pl.Series(part) for part in civil_from_days(days))
    is_bc = year < _EPOCH_BC
    shown = (_EPOCH_BC - year).zip_with(is_bc, year).cast(pl.String).str.zfill(4)
    parts = [shown, *(part.cast(pl.String).str.zfill(2) for part in (month, day))]
    text = pl.DataFrame(parts, schema=["year", "month", "day"]).select(pl.concat_str(pl.all(), separator="-"))
    era = (
        pl.Series([" BC"])
        .new_from_index(0, len(is_bc))
        .zip_with(is_bc, pl.Series([""]).new_from_index(0, len(is_bc)))
    )
    return text.to_series() + tails + era
