"""No value at all."""

from __future__ import annotations

import polars as pl

from dbtool.masking.mask import (
    ANY_TYPE,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)


def _bind(_options: Options, _context: MaskContext) -> BoundMask:
    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))

    return masked


MASK = Mask(
    name="null",
    summary="NULL for every row, whatever the type. The original never leaves the source.",
    types=ANY_TYPE,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.NOT_READ,
    space=Space.RESERVED,
    bind=_bind,
    example=Example("reset_token: {mask: 'null'}", inputs=("5f1c9e", None)),
    capacity=lambda _options, _context: 1,
    source_sql=lambda _options, _context: "NULL",
    makes_null=True,
)
