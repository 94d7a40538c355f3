"""An expression of the source's own."""

from __future__ import annotations

import polars as pl
from pydantic import Field, field_validator

from dbtool.masking.mask import (
    ANY_TYPE,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking


class SqlOptions(Options):
    expression: str = Field(
        min_length=1,
        description="SQL over the columns of the row, of the column's type; looked up in pg_catalog alone, so that other "
        "functions and types are written with their schema",
    )
    unique: bool = Field(
        False,
        description="you know that no two rows get one value, as a unique index needs it; where two do, the load fails and "
        "the live database stays as it is",
    )

    @field_validator("expression")
    @classmethod
    def _refuse_nul(cls, expression: str) -> str:
        if "\0" in expression or not expression.strip():
            raise ValueError("write an SQL expression, such as left(city, 1)")
        return expression


def _get_expression(options: Options) -> str:
    if not isinstance(options, SqlOptions):
        raise TypeError(f"expected SqlOptions and got {type(options).__name__}")
    return options.expression


def _bind(_options: SqlOptions, context: MaskContext) -> BoundMask:
    """The source gives the stand-ins; should a value come here all the same, it is blanked."""
    if context.by:
        raise DoesNotFit("an expression reads the row's columns by their names, without `by`", "no `by`")

    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        return (
            pl.Series(values.name, [""], dtype=pl.String)
            .new_from_index(0, len(values))
            .zip_with(values.is_not_null(), values)
        )

    return masked


def _promise(options: SqlOptions, _context: MaskContext) -> Promise:
    uniqueness = Uniqueness.INJECTIVE if options.unique else Uniqueness.LOSSY
    return Promise(uniqueness, Overlap.CHANCE, Space.SAME_FORMAT)


MASK = Mask(
    name="sql",
    summary="What an SQL expression makes of the row, in the source. It is parsed alone before anything is copied, and only "
    "ever run in read-only transactions: over a sample of the rows, and within the COPY. dbtool sees its value only: nobody "
    "but you knows whether it hides the original, and it should depend on nothing but the row, so that it is the same every "
    "night. NULL stays NULL.",
    types=ANY_TYPE,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(SqlOptions, _bind),
    example=Example(
        """postcode: {mask: sql, expression: "left(postcode, 3) || 'XX'"}""", inputs=("KT11 1AA", None)
    ),
    options=SqlOptions,
    promise_under=taking(SqlOptions, _promise),
    expression=_get_expression,
    is_opaque=True,
)
