"""Opaque keys: API tokens, session ids, password hashes, file names."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
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
from dbtool.masking.options import taking

_TYPES = TEXT_TYPES | {"bytea"}


class TokenOptions(Options):
    prefix: str = Field("", max_length=40, description="put before the digits, so that its kind can be told")
    length: int = Field(
        32, ge=32, le=64, multiple_of=2, description="hexadecimal digits of digest, 4 bits each"
    )


def _bind(options: TokenOptions, context: MaskContext) -> BoundMask:
    check_type("token", context, _TYPES)
    shorter = "a shorter prefix, `length: 32`, or null"
    check_length("token", len(options.prefix) + options.length, context, shorter)
    prefix = options.prefix
    if context.type.base == "bytea":
        if prefix:
            raise DoesNotFit("bytea takes digits alone and the rule gives a prefix", "no prefix")
        prefix = "\\x"
    key_text = plan_key(context, ())

    def stand_in(values: pl.Series) -> pl.Series:
        return prefix + context.digest.hex(key_text(values)).str.slice(0, options.length)

    return per_value(stand_in)


MASK = Mask(
    name="token",
    summary="At least 128 bits of digest as hexadecimal digits; good for nothing but telling rows apart.",
    types=_TYPES,
    uniqueness=Uniqueness.COLLISION_FREE,
    overlap=Overlap.DISJOINT,
    space=Space.SAME_FORMAT,
    bind=taking(TokenOptions, _bind),
    example=Example("api_key: {mask: token, prefix: 'sk_test_'}", "varchar(64)", ("sk_live_51H", None)),
    options=TokenOptions,
    capacity=taking(TokenOptions, lambda options, _context: int(16**options.length)),
)
