"""What the masks of dates share: what a row is keyed by, and what happens to a text that is no date."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dbtool.masking.dates import Days, map_days
from dbtool.masking.distinct import per_value
from dbtool.masking.mask import DATE_TYPES, TEXT_TYPES, BoundMask, MaskContext
from dbtool.masking.masks.redact import blank_out
from dbtool.masking.row_key import join_keys

DATE_MASK_TYPES = DATE_TYPES | TEXT_TYPES
_INFINITE = ("infinity", "-infinity")

# PostgreSQL's first day (4714-11-24 BC) and last (5874897-12-31; timestamps end on 294276-12-31),
# each a week inside, since a zone may move a timestamp over the edge
FIRST_DAY = -2440588 + 7
_LAST_DAYS = {"date": 2145042905 - 7}
_LAST_TIMESTAMP_DAY = 106762939 - 7

ChangeDays = Callable[[Days, pl.Series], Days]  # (days, one 64-bit word of digest per day) → days


def get_last_day(context: MaskContext) -> int:
    return _LAST_DAYS.get(context.type.base, _LAST_TIMESTAMP_DAY)


def plan_dates(context: MaskContext, change: ChangeDays) -> BoundMask:
    """Bind a change of days, keyed by the ``by`` columns together, or by the value where they are all NULL."""

    def mask_keyed(values: pl.Series, keys: pl.Series) -> pl.Series:
        def change_found(days: Days, rows: pl.Series) -> Days:
            return change(days, context.digest.uint64(keys.filter(rows)))

        return finish_dates(values, map_days(values, change_found))

    if not context.by:
        return per_value(lambda values: mask_keyed(values, values))
    return lambda values, by: mask_keyed(values, join_keys(by.select(context.by), values))


def finish_dates(values: pl.Series, outputs: pl.Series) -> pl.Series:
    """Infinities stay, since nobody is in them; a text that is no date is blanked out, never let through."""
    rest = (outputs.is_null() & values.is_not_null()).arg_true()
    if not len(rest):
        return outputs
    left = values.gather(rest)
    return outputs.scatter(rest, blank_out(left).zip_with(~left.is_in(_INFINITE), left))
