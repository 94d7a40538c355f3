"""One value for every row."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from dbtool.catalog.relations import TypeKind
from dbtool.masking.fit import INTEGER_RANGES, check_length
from dbtool.masking.mask import (
    ANY_TYPE,
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


class ConstantOptions(Options):
    value: str | bool | int | float = Field(description="what every row gets, as PostgreSQL would read it")

    @property
    def text(self) -> str:
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def _check_value(text: str, context: MaskContext) -> None:
    column = context.type
    check_length("constant", len(text), context, "a shorter value")
    if column.kind is TypeKind.ENUM and not column.is_array and text not in column.labels:
        raise DoesNotFit(f"the value is no label of {column.sql}", f"one of {', '.join(column.labels)}")
    if column.base in INTEGER_RANGES and not column.is_array and not _is_within(text, column.base):
        raise DoesNotFit(f"the value is no number that {column.sql} holds", "a whole number within its range")


def _is_within(text: str, base: str) -> bool:
    try:
        return int(text) in INTEGER_RANGES[base]
    except ValueError:
        return False


def _bind(options: ConstantOptions, context: MaskContext) -> BoundMask:
    _check_value(options.text, context)

    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        same = pl.Series(values.name, [options.text], dtype=pl.String).new_from_index(0, len(values))
        return same.zip_with(values.is_not_null(), values)

    return masked


MASK = Mask(
    name="constant",
    summary="One value for every row that has one; NULL stays NULL.",
    types=ANY_TYPE,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.NOT_READ,
    space=Space.RESERVED,
    bind=taking(ConstantOptions, _bind),
    example=Example("password_hash: {mask: constant, value: '!'}", inputs=("$2b$12$abc", None)),
    options=ConstantOptions,
    capacity=lambda _options, _context: 1,
)
