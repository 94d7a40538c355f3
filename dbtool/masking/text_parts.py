"""Texts that hold several values, such as ``{a,"b c",NULL}``: cut into parts, and put together again. Pure.

Cutting loses nothing: the parts of a text, joined, are the text. So what is no value comes out as it was spelt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class TextParts:
    """The parts of all texts, one after another. ``rows`` says per part whose it is; NULL has none."""

    texts: pl.Series
    rows: pl.Series
    parts: pl.Series
    is_value: pl.Series

    @property
    def spelt(self) -> pl.Series:
        """The values among the parts, as they are spelt there."""
        return self.parts.filter(self.is_value)

    @property
    def owners(self) -> pl.Series:
        """Per value, the row of the text that holds it."""
        return self.rows.filter(self.is_value)

    def join(self, spelt: pl.Series) -> pl.Series:
        """The texts with these in the values' places."""
        parts = self.parts.clone().scatter(self.is_value.arg_true(), spelt)
        return join_parts(self.texts, self.rows, parts)


# texts → the parts of each
Cut = Callable[[pl.Series], TextParts]


def cut(texts: pl.Series, pattern: str, no_value: str) -> TextParts:
    """``pattern`` finds the parts of a text, ``no_value`` tells which of them stay as they are."""
    frame = pl.DataFrame(
        {"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "part": texts.str.extract_all(pattern)}
    ).explode("part")
    frame = frame.filter(pl.col("part").is_not_null())
    parts = frame.get_column("part")
    return TextParts(texts, frame.get_column("row"), parts, ~parts.str.contains(no_value))


def join_parts(texts: pl.Series, rows: pl.Series, parts: pl.Series, separator: str = "") -> pl.Series:
    """``texts`` with each row that has parts made of them."""
    frame = pl.DataFrame({"row": rows, "part": parts})
    joined = frame.group_by("row", maintain_order=True).agg("part")
    texts_of_rows = joined.get_column("part").list.join(separator)
    if len(joined) == len(texts):
        return texts_of_rows.alias(texts.name)
    return texts.clone().scatter(joined.get_column("row"), texts_of_rows)
