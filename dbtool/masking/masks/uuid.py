"""Identifiers in the form of a random UUID."""

from __future__ import annotations

import polars as pl

from dbtool.digest import read_word
from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
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
from dbtool.masking.pools import pick

_TYPES = TEXT_TYPES | {"uuid"}
_CANONICAL = ("trim", "casefold")
_LENGTH = 36
_VARIANTS = pl.Series(["8", "9", "a", "b"])  # the two bits that RFC 9562 fixes, and two that are free


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("uuid", context, _TYPES)
    check_length("uuid", _LENGTH, context, "token, which makes 32")
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        digits = context.digest.hex(key_text(values))
        parts = {
            "time_low": digits.str.slice(0, 8),
            "time_mid": digits.str.slice(8, 4),
            "version": "4" + digits.str.slice(12, 3),
            "variant": pick(_VARIANTS, read_word(digits, 3)) + digits.str.slice(15, 3),
            "node": digits.str.slice(18, 12),
        }
        return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="-")).to_series()

    return per_value(stand_in)


MASK = Mask(
    name="uuid",
    summary="An identifier in the form of a random UUID (version 4), made of 122 bits of digest.",
    types=_TYPES,
    uniqueness=Uniqueness.COLLISION_FREE,
    overlap=Overlap.DISJOINT,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("id: {mask: uuid}", "uuid", ("9f2c1a34-7d55-4c0e-8a61-2b3c4d5e6f70", None)),
    capacity=lambda _options, _context: 2**122,
    canonical=_CANONICAL,
)
