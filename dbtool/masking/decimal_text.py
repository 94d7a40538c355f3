"""Decimal numbers as PostgreSQL prints them ↔ whole numbers of their last digit: 12.50 is 1250, with two places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.catalog.relations import ColumnType
from dbtool.masking.fit import INTEGER_RANGES

_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?$"
LARGEST = 2**63 - 1

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decimals:
    """Numbers within ±(2**63 - 1) units. ``tails`` are the exponents of documents' numbers, which stay as written."""

    units: Integers
    places: Integers
    tails: pl.Series

    @property
    def scales(self) -> Integers:
        """Places with the exponents counted in: units · 10**-scale is the number."""
        exponents = self.tails.str.slice(1).cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        return np.asarray(self.places - exponents, dtype=np.int64)


def is_number(values: pl.Series) -> pl.Series:
    return values.str.contains(_NUMBER)


def is_short(values: pl.Series) -> pl.Series:
    """Do the digits make a number of at most 2**63 - 1? Of texts that are numbers."""
    units = _bare(values).cast(pl.Int64, strict=False)
    return (units != -LARGEST - 1).fill_null(value=False)


def _bare(values: pl.Series) -> pl.Series:
    return values.str.replace("[eE].*", "").str.replace(".", "", literal=True)


def read_decimals(values: pl.Series) -> Decimals:
    """``values`` are numbers, and short."""
    tails = values.str.extract("([eE].*)").fill_null("")
    mantissas = values.str.replace("[eE].*", "") if (tails != "").any() else values
    points = mantissas.str.find(".", literal=True).cast(pl.Int64)
    places = (mantissas.str.len_chars().cast(pl.Int64) - points - 1).fill_null(0)
    units = mantissas.str.replace(".", "", literal=True).cast(pl.Int64)
    return Decimals(units.to_numpy(), places.to_numpy(), tails)


def render_decimals(decimals: Decimals, units: Integers) -> pl.Series:
    """The given units with the places and exponents that the numbers had."""
    texts = pl.Series("digits", units).cast(pl.String)
    if not decimals.places.any():
        return texts + decimals.tails
    frame = pl.DataFrame(
        {"minus": units < 0, "digits": np.abs(units), "places": decimals.places, "tail": decimals.tails}
    )
    digits = pl.col("digits").cast(pl.String).str.zfill(pl.col("places") + 1)
    whole = pl.col("digits").str.len_chars().cast(pl.Int64) - pl.col("places")
    pieces = [
        pl.when("minus").then(pl.lit("-")).otherwise(pl.lit("")),
        pl.col("digits").str.slice(0, whole),
        pl.when(pl.col("places") > 0).then(pl.lit(".")).otherwise(pl.lit("")),
        pl.col("digits").str.slice(whole),
        pl.col("tail"),
    ]
    return frame.with_columns(digits).select(pl.concat_str(pieces)).to_series()


def get_limit(column: ColumnType) -> int | None:
    """The most units that a column holds on either side of 0; None: there is no limit, or it is no column of numbers."""
    if column.base in INTEGER_RANGES:
        return INTEGER_RANGES[column.base][-1]
    if column.base == "numeric" and column.precision is not None:
        return int((10**column.precision - 1) * 10 ** max(-(column.scale or 0), 0))
    return LARGEST if column.base == "money" else None
