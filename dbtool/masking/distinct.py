"""Masks that read one value at a time, run once per distinct value where values repeat."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dbtool.masking.mask import BoundMask

_SAMPLE = 2000
_REPEATING = 0.5  # measured: at half as many distinct values as rows the join costs what the hashing saves


def _is_repeating(values: pl.Series) -> bool:
    if len(values) < _SAMPLE:
        return False
    sample = values.gather_every(len(values) // _SAMPLE)
    return sample.n_unique() < len(sample) * _REPEATING


def _join_distinct(stand_in: Callable[[pl.Series], pl.Series], values: pl.Series) -> pl.Series:
    distinct = values.unique().drop_nulls()
    table = pl.DataFrame({"value": distinct, "stand_in": stand_in(distinct)})
    rows = values.alias("value").to_frame()
    return rows.join(table, on="value", how="left", maintain_order="left").get_column("stand_in")


def per_value(stand_in: Callable[[pl.Series], pl.Series]) -> BoundMask:
    """Bind a function that depends on each value alone. NULL stays NULL, and '' stays '': nobody is in it."""

    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        outputs = _join_distinct(stand_in, values) if _is_repeating(values) else stand_in(values)
        is_read = (values != "").fill_null(value=False)
        return outputs.zip_with(is_read, values).alias(values.name)

    return masked
