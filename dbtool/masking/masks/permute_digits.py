"""Numbers with a format: customer numbers, invoice numbers, licence plates."""

from __future__ import annotations

import polars as pl

from dbtool.masking.digit_text import permute_digits_in
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("permute_digits", context, TEXT_TYPES)
    key = context.digest.subkey("permute_digits")

    def stand_in(values: pl.Series) -> pl.Series:
        return permute_digits_in(values, key)

    return per_value(stand_in)


MASK = Mask(
    name="permute_digits",
    summary="The digits become others, as many; no two values ever share a stand-in. All else stays: a value "
    "without digits is kept as it is.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.INJECTIVE,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("customer_no: {mask: permute_digits}", "varchar(12)", ("AB-00123", "AB-00124", None)),
)
