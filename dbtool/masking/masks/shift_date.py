"""Dates moved by some days, one shift for all dates of a person."""

from __future__ import annotations

import numpy as np
import polars as pl
from pydantic import Field

from dbtool.masking.date_mask import DATE_MASK_TYPES, FIRST_DAY, get_last_day, plan_dates
from dbtool.masking.dates import Days
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


class ShiftDateOptions(Options):
    days: int = Field(30, ge=1, le=36500, description="move by one to so many days, forward or back")


def _bind(options: ShiftDateOptions, context: MaskContext) -> BoundMask:
    check_type("shift_date", context, DATE_MASK_TYPES)
    last_day = get_last_day(context)

    def change(days: Days, words: pl.Series) -> Days:
        steps = (words % (2 * options.days)).cast(pl.Int64).to_numpy() - options.days
        steps += steps >= 0  # never by none
        moved = days + steps
        inwards = np.where(moved > last_day, -1, 1)
        is_outside = (moved < FIRST_DAY) | (moved > last_day)
        return np.asarray(np.where(is_outside, days + inwards * np.abs(steps), moved), dtype=np.int64)

    return plan_dates(context, change)


MASK = Mask(
    name="shift_date",
    summary="Another day within some days of the real one, never the same. With `by`, all dates of a row that "
    "share it move alike, so their order and distance stay. The time of day and infinity stay; what is no date "
    "is redacted.",
    types=DATE_MASK_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(ShiftDateOptions, _bind),
    example=Example(
        "[starts_on, ends_on]: {mask: shift_date, by: id, days: 30}", "date", ("2024-02-29", "infinity", None)
    ),
    options=ShiftDateOptions,
    keeps_order=True,
)
