"""Numbers and dates made coarse: ages by tens, amounts by brackets, dates by months."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import polars as pl
from pydantic import Field, model_validator

from dbtool.masking.buckets import Bounds, Change, Unit, plan_dates, plan_floats, plan_numbers
from dbtool.masking.decimal_text import get_limit
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_type, get_room
from dbtool.masking.mask import (
    DATE_TYPES,
    INTEGER_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.masks.redact import blank_out
from dbtool.masking.number_noise import FLOAT_TYPES, NUMBER_TYPES
from dbtool.masking.options import taking

_TYPES = NUMBER_TYPES | DATE_TYPES
_NOT_FINITE = ("NaN", "Infinity", "-Infinity", "infinity", "-infinity")
_TIME_UNITS = frozenset({"minute", "hour", "day"})


class BucketOptions(Options):
    size: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="numbers: down to a multiple of it, as 37 to 30 with 10"
    )
    edges: tuple[float, ...] | None = Field(
        None,
        min_length=1,
        description="numbers: down to the nearest of these, which ascend; what is below all of them, up to the first",
    )
    unit: Unit | None = Field(None, description="dates and times: to the beginning of their unit")

    @model_validator(mode="after")
    def _check_choice(self) -> BucketOptions:
        if sum(choice is not None for choice in (self.size, self.edges, self.unit)) != 1:
            raise ValueError("give one of size, edges and unit")
        if any(low >= high for low, high in pairwise(self.edges or ())):
            raise ValueError("the edges do not ascend")
        return self

    @property
    def bounds(self) -> Bounds:
        size = None if self.size is None else Decimal(repr(self.size))
        return Bounds(size, tuple(Decimal(repr(edge)) for edge in self.edges or ()))


def _bind(options: BucketOptions, context: MaskContext) -> BoundMask:
    check_type("bucket", context, _TYPES)
    change = _plan_dates(options.unit, context) if options.unit else _plan_numbers(options.bounds, context)
    is_money = context.type.base == "money"

    def stand_in(values: pl.Series) -> pl.Series:
        outputs = change(values.str.replace_all(r"[$,]", "") if is_money else values)
        return _finish(values, outputs.str.replace("^(-?)", "${1}$$") if is_money else outputs)

    return per_value(stand_in)


def _plan_dates(unit: Unit, context: MaskContext) -> Change:
    base = context.type.base
    if base in NUMBER_TYPES - {"text", "varchar", "bpchar", "citext", "name"}:
        raise DoesNotFit(f"unit is for dates and the column is {context.type.sql}", "`size` or `edges`")
    if base == "date" and unit in _TIME_UNITS:
        raise DoesNotFit(f"a date has no {unit} within it to be cut off", "`unit: week`, or a longer one")
    return plan_dates(unit)


def _plan_numbers(bounds: Bounds, context: MaskContext) -> Change:
    column = context.type
    if column.base in DATE_TYPES:
        raise DoesNotFit(f"size and edges are for numbers and the column is {column.sql}", "`unit`")
    if get_room(context) is not None:
        raise DoesNotFit(
            f"a bound may be longer than the number and {column.sql} is limited",
            "a numeric column, or redact",
        )
    if column.base in FLOAT_TYPES:
        return plan_floats(bounds)
    places = {"money": 2, "numeric": column.scale}.get(
        column.base, 0 if column.base in INTEGER_TYPES else None
    )
    if places is not None and bounds.places > max(places, 0):
        raise DoesNotFit(
            f"the bounds have {bounds.places} decimals and {column.sql} has {places}", "bounds with fewer"
        )
    return plan_numbers(bounds, get_limit(column))


def _finish(values: pl.Series, outputs: pl.Series) -> pl.Series:
    """Infinities stay; a text that is neither a number nor a date is blanked out, never let through."""
    rest = outputs.is_null().arg_true()
    if not len(rest):
        return outputs
    left = values.gather(rest)
    return outputs.scatter(rest, blank_out(left).zip_with(~left.is_in(_NOT_FINITE), left))


MASK = Mask(
    name="bucket",
    summary="The lower bound of the bucket that the value falls into, so that groups stay and single values are lost. "
    "It takes no key: a value that is a bound already stays. A text that is no number or date is redacted.",
    types=_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(BucketOptions, _bind),
    example=Example("age: {mask: bucket, size: 10}", "int4", ("37", "40", "-3", None)),
    options=BucketOptions,
    keeps_some=True,
)
