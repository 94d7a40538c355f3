r"""Arrays as PostgreSQL prints them: ``{a,"b c",NULL}``, ``{{1,2},{3,4}}``, ``[0:1]={a,b}``; elements ↔ text. Pure.

An element is quoted where it is empty, spells null, or holds a brace, a comma, a quote, a backslash or a blank
(array_out). Types with another separator (box) are not read here.
"""

from __future__ import annotations

import polars as pl

from dbtool.masking.text_parts import TextParts, cut

# Bounds and the braces after them; braces and commas; a quoted element; a bare one.
_PART = r'(?s)^\[[0-9:+\-\[\]]+\]=\{+|[{},]+|"(?:[^"\\]|\\.)*"|[^{},"\\]+'
_NO_ELEMENT = r'^(?:[{},]|\[[^"{]*\{)'
_NEEDS_QUOTES = r'^$|^(?i:null)$|[{},"\\ \t\n\r\x0B\x0C]'


def cut_arrays(arrays: pl.Series) -> TextParts:
    return cut(arrays, _PART, _NO_ELEMENT)


def read_elements(spelt: pl.Series) -> pl.Series:
    """The texts that are spelt so; NULL for a bare NULL."""
    frame = spelt.to_frame("e").select(
        pl.when(pl.col("e").str.starts_with('"'))
        .then(pl.col("e").str.slice(1, pl.col("e").str.len_chars() - 2).str.replace_all(r"(?s)\\(.)", "$1"))
        .when(pl.col("e") != "NULL")
        .then(pl.col("e"))
    )
    return frame.to_series()


def spell_elements(texts: pl.Series) -> pl.Series:
    text = pl.col("e")
    quoted = pl.concat_str(pl.lit('"'), text.str.replace_all(r'(["\\])', r"\${1}"), pl.lit('"'))
    frame = texts.to_frame("e").select(
        pl.when(text.is_null())
        .then(pl.lit("NULL"))
        .when(text.str.contains(_NEEDS_QUOTES))
        .then(quoted)
        .otherwise(text)
    )
    return frame.to_series()
