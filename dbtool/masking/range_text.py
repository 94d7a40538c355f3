"""Ranges and multiranges of dates and times as PostgreSQL prints them: ``[2024-01-01,)``, ``{[a,b),[c,d)}``; bounds
↔ text. Pure.

``empty``, a bound that is not there and the kinds of brackets are no values, and stay. A bound is quoted where it
holds a blank (range_out); no date or timestamp holds a quote.
"""

from __future__ import annotations

import polars as pl

from dbtool.masking.text_parts import TextParts, cut

_PART = r'^empty$|[{}\[\](),]+|"[^"]*"|[^{}\[\](),"]+'
_NO_BOUND = r"^(?:empty$|[{}\[\](),])"


def cut_ranges(ranges: pl.Series) -> TextParts:
    return cut(ranges, _PART, _NO_BOUND)


def read_bounds(spelt: pl.Series) -> pl.Series:
    return spelt.str.strip_chars('"')


def spell_bounds(texts: pl.Series) -> pl.Series:
    has_blank = texts.str.contains(" ", literal=True)
    return ('"' + texts + '"').zip_with(has_blank, texts)
