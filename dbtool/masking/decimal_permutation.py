"""Permute decimal numbers of any size among those of their sign, count of digits and scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.digit_text import permute_run

_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"
_DIRECT = 10**18  # below it 64 bits are enough, and numbers have the stand-ins that they have as integers

_SIGNS = pl.Series(["", "-"])

Integers = npt.NDArray[np.int64]
Change = Callable[[pl.Series], pl.Series]


def plan_decimals(permute: Callable[[Integers], Integers], key: bytes, scale: int | None) -> Change:
    """``scale`` None: each number has its own, and its fraction is permuted apart from the rest of it, so that 1.5
    and 1.50 remain one number. NaN and infinities stay.
    """

    def change(values: pl.Series) -> pl.Series:
        rows = values.str.contains(_NUMBER)
        found = values.filter(rows)
        new = _permute_scaled(permute, key, scale, found) if scale else _permute_parts(permute, key, found)
        return new if rows.all() else values.clone().scatter(rows.arg_true(), new)

    return change


def _permute_scaled(
    permute: Callable[[Integers], Integers], key: bytes, scale: int, values: pl.Series
) -> pl.Series:
    """All have as many decimals: they are permuted as whole numbers of the last one."""
    new = _permute_whole(permute, key, values.str.replace(".", "", literal=True))
    digits = new.str.strip_prefix("-").str.zfill(scale + 1)
    parts = {"sign": _read_signs(new), "whole": digits.str.head(-scale), "fraction": digits.str.tail(scale)}
    return pl.DataFrame(parts).select(pl.concat_str("sign", "whole", pl.lit("."), "fraction")).to_series()


def _read_signs(numbers: pl.Series) -> pl.Series:
    return _SIGNS.gather(numbers.str.starts_with("-").cast(pl.UInt32))


def _permute_parts(permute: Callable[[Integers], Integers], key: bytes, values: pl.Series) -> pl.Series:
    """Zeros at the end of a fraction stay, so it is the digits before them that are permuted."""
    whole, fraction = values.str.splitn(".", 2).struct.unnest().get_columns()
    is_zero = whole == "-0"
    new = _permute_whole(permute, key, whole).zip_with(~is_zero, whole)
    if fraction.null_count() == len(fraction):
        return new
    bare = fraction.str.strip_chars_end("0")
    rows = (bare != "").fill_null(value=False).arg_true()
    changed = bare.clone().scatter(rows, _permute_fractions(bare.gather(rows), key))
    frame = pl.DataFrame({"whole": new, "changed": changed, "fraction": fraction, "bare": bare})
    zeros = pl.col("fraction").str.slice(pl.col("bare").str.len_chars())
    spelt = pl.concat_str("whole", pl.lit("."), "changed", zeros)
    return frame.select(pl.coalesce(spelt, "whole")).to_series()


def _permute_whole(permute: Callable[[Integers], Integers], key: bytes, values: pl.Series) -> pl.Series:
    """Whole numbers; those of 19 digits or more among those of as many."""
    units = values.cast(pl.Int64, strict=False)
    short = (units.is_not_null() & (units > -_DIRECT) & (units < _DIRECT)).fill_null(value=False)
    new = pl.Series(permute(units.filter(short).to_numpy())).cast(pl.String)
    if short.all():
        return new
    long = values.filter(~short)
    signs = _read_signs(long)
    digits = long.str.strip_prefix("-").str.strip_chars_start("0")
    moved = _by_length(digits, lambda run: _permute_until(run, key, lambda text: ~text.str.starts_with("0")))
    outputs = values.clone().scatter(short.arg_true(), new)
    return outputs.scatter((~short).arg_true(), signs + moved)


def _permute_fractions(fractions: pl.Series, key: bytes) -> pl.Series:
    """None ends with 0, before or after."""
    return _by_length(fractions, lambda run: _permute_until(run, key, lambda text: ~text.str.ends_with("0")))


def _by_length(texts: pl.Series, change: Change) -> pl.Series:
    lengths = texts.str.len_chars()
    outputs = texts.clone()
    for length in lengths.unique().to_list():
        rows = (lengths == length).arg_true()
        outputs = outputs.scatter(rows, change(texts.gather(rows)))
    return outputs


def _permute_until(run: pl.Series, key: bytes, is_inside: Change) -> pl.Series:
    """Runs of one length go through the permutation again until they land where all of them come from."""
    outputs = permute_run(run, key)
    outside = (~is_inside(outputs)).arg_true()
    while len(outside):
        again = permute_run(outputs.gather(outside), key)
        outputs = outputs.scatter(outside, again)
        outside = outside.filter(~is_inside(again))
    return outputs
