"""Scalars' tokens ↔ the texts that masks read and write, as columns."""

from __future__ import annotations

import polars as pl

from dbtool.masking.json_text import NUMBER, read_string, spell_string
from dbtool.masking.mask import BoundMask

_NO_COLUMNS = pl.DataFrame()


def mask_scalars(spelt: pl.Series, mask: BoundMask) -> pl.Series:
    """Mask string and number tokens. A number's stand-in is a number if it can be; a string's never is."""
    is_string = spelt.str.starts_with('"')
    outputs = mask(_read(spelt), _NO_COLUMNS)
    return _spell(outputs, is_string).alias(spelt.name)


def _read(spelt: pl.Series) -> pl.Series:
    """Numbers as their own text; strings without quotes and escapes."""
    bare = spelt.str.strip_prefix('"').str.strip_suffix('"')
    escaped = spelt.str.contains("\\", literal=True)
    if not escaped.any():
        return bare
    read = [read_string(token) for token in spelt.filter(escaped).to_list()]
    return bare.scatter(escaped.arg_true(), pl.Series(read, dtype=pl.String))


def _spell(outputs: pl.Series, is_string: pl.Series) -> pl.Series:
    texts = outputs.fill_null("null").alias("text")
    quoted = texts.to_frame().select(pl.concat_str(pl.lit('"'), "text", pl.lit('"'))).to_series()
    odd = texts.str.contains(r'["\\\x00-\x1f]')
    if odd.any():
        quoted = quoted.scatter(odd.arg_true(), pl.Series([spell_string(text) for text in texts.filter(odd)]))
    if is_string.all():
        return quoted.zip_with(outputs.is_not_null(), texts) if outputs.has_nulls() else quoted
    is_bare = outputs.is_null() | (~is_string & texts.str.contains(f"^(?:{NUMBER})$"))
    return texts.zip_with(is_bare, quoted)
