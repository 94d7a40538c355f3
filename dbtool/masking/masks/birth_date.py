"""Dates of birth that leave the year, and so the age, about as it was."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from dbtool.masking.date_mask import DATE_MASK_TYPES, FIRST_DAY, get_last_day, plan_dates
from dbtool.masking.dates import Days, civil_from_days, days_from_civil
from dbtool.masking.fit import check_type
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking


class BirthDateOptions(Options):
    years: int = Field(0, ge=0, le=20, description="also move the year, by up to so many, forward or back")


def _bind(options: BirthDateOptions, context: MaskContext) -> BoundMask:
    check_type("birth_date", context, DATE_MASK_TYPES)
    last_day = get_last_day(context)

    def change(days: Days, words: pl.Series) -> Days:
        year = civil_from_days(days)[0]
        start = _start_of(year)
        spread = (words // 400 % (2 * options.years + 1)).cast(pl.Int64).to_numpy() - options.years
        new_start = _start_of(year + spread)
        length = _start_of(year + spread + 1) - new_start
        step = 1 + (words % 364).cast(pl.Int64).to_numpy()  # 1 to 364: around the year, never back to the day
        moved = new_start + (days - start + step) % length
        is_outside = (moved < FIRST_DAY) | (moved > last_day)
        inwards = np.where(days > 0, -1, 1)
        return np.asarray(np.where(is_outside, days + inwards * (1 + step % 7), moved), dtype=np.int64)

    return plan_dates(context, change)


def _start_of(year: Days) -> Days:
    one = np.ones_like(year)
    return days_from_civil(year, one, one)


MASK = Mask(
    name="birth_date",
    summary="Another day of the same year, so ages stay right within a year and years of birth keep their "
    "frequencies. A date in the present year may come out later than today.",
    types=DATE_MASK_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(BirthDateOptions, _bind),
    example=Example("born_on: {mask: birth_date}", "date", ("1815-12-10", None)),
    options=BirthDateOptions,
)
