"""Codes of letters and digits whose format must stay: licence plates, order codes, references."""

from __future__ import annotations

import polars as pl

from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_type
from dbtool.masking.format_text import find_alphabet, find_bits, permute_format_in
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

_BIT_TYPES = frozenset({"bit", "varbit"})
_TYPES = TEXT_TYPES | _BIT_TYPES


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("permute_format", context, _TYPES)
    key = context.digest.subkey("permute_format")
    alphabet = find_bits if context.type.base in _BIT_TYPES else find_alphabet

    def stand_in(values: pl.Series) -> pl.Series:
        return permute_format_in(values, key, alphabet)

    return per_value(stand_in)


MASK = Mask(
    name="permute_format",
    summary="Letters become other letters of the same script and case, digits other digits; no two values ever share "
    "a stand-in. All else stays: a value without letters and digits is kept as it is. Bits become other bits.",
    types=_TYPES,
    uniqueness=Uniqueness.INJECTIVE,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("plate: {mask: permute_format}", "varchar(12)", ("HX-Ab 1042", "HX-Ab 1043", None)),
)
