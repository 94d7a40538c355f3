"""What a row's values move together by: the columns of ``by``."""

from __future__ import annotations

import polars as pl

_UNIT_SEPARATOR = "\x1f"


def join_keys(by: pl.DataFrame, values: pl.Series) -> pl.Series:
    """The ``by`` columns together, or the value where they are all NULL."""
    joined = by.select(pl.concat_str(pl.all().fill_null(""), separator=_UNIT_SEPARATOR)).to_series()
    is_known = by.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return joined.zip_with(is_known, values)
