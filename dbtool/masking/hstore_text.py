r"""hstore as PostgreSQL prints it, ``"a"=>"1", "b"=>NULL``: masked key by key, all else as it was spelt. Pure.

Keys and values are always quoted, but for a bare NULL; a quote and a backslash have a backslash before them
(hstore_out). Pairs stand in an order of the keys, which stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from dbtool.masking.fates import UndecidedPath, Unknown
from dbtool.masking.json_decisions import spell_key
from dbtool.masking.mask import BoundMask
from dbtool.masking.text_parts import join_parts

ANY_KEY = "*"
_STRING = r'"(?:[^"\\]|\\.)*"'
_PAIR = rf"(?s){_STRING}=>(?:NULL|{_STRING})"
_KEY_AND_VALUE = rf"(?s)^({_STRING})=>(.*)$"

# key → its mask, None where it is kept
KeyMasks = Mapping[str, BoundMask | None]


def bind_hstore(keys: KeyMasks, unknown: Unknown) -> Callable[[pl.Series], pl.Series]:
    """The function that masks a column of hstores. It raises UndecidedPath under unknown="error"."""

    def masked(values: pl.Series) -> pl.Series:
        pairs = _cut(values)
        if pairs.is_empty():
            return values
        decided = [_mask_pairs(part, keys, unknown) for part in pairs.partition_by("key")]
        kept = pl.concat(decided).sort("number")
        emptied = values.clone().scatter(pairs.get_column("row").unique(), "")
        spelt = kept.select(pl.concat_str("key", pl.lit("=>"), "value")).to_series()
        return join_parts(emptied, kept.get_column("row"), spelt, ", ")

    return masked


def _cut(values: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"row": pl.int_range(len(values), dtype=pl.UInt32, eager=True), "pair": values.str.extract_all(_PAIR)}
    )
    pairs = frame.explode("pair").filter(pl.col("pair").is_not_null()).with_row_index("number")
    halves = pl.col("pair").str.extract_groups(_KEY_AND_VALUE).struct
    return pairs.select("number", "row", halves.field("1").alias("key"), halves.field("2").alias("value"))


def _mask_pairs(pairs: pl.DataFrame, keys: KeyMasks, unknown: Unknown) -> pl.DataFrame:
    """``pairs`` have one key. NULL stays NULL."""
    key = _read(pairs.get_column("key").head(1)).item()
    decided = key if key in keys else ANY_KEY
    if decided not in keys:
        if unknown == "error":
            raise UndecidedPath(f"key {spell_key(key).removeprefix('.')}")
        return pairs.clear() if unknown == "drop" else pairs
    mask = keys[decided]
    if mask is None:
        return pairs
    spelt = pairs.get_column("value")
    texts = _read(spelt.set(spelt == "NULL", None))
    return pairs.with_columns(_spell(mask(texts, pl.DataFrame())).alias("value"))


def _read(spelt: pl.Series) -> pl.Series:
    return spelt.str.slice(1, spelt.str.len_chars() - 2).str.replace_all(r"(?s)\\(.)", "$1")


def _spell(texts: pl.Series) -> pl.Series:
    return ('"' + texts.str.replace_all(r'(["\\])', r"\${1}") + '"').fill_null("NULL")
