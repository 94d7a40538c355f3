"""Replace every character of every text of a column by another, in one pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from dbtool.masking.byte_text import read_lengths, spell_bytes
from dbtool.masking.long_values import LONG_BYTES

_SEPARATOR = "\0"  # PostgreSQL has no text with it, so one pass over the joined values keeps them apart


class CharacterTable(dict[int, str]):
    """What str.translate asks for each code point; ``decide`` is asked once for each that occurs."""

    def __init__(self, decide: Callable[[str], str]) -> None:
        super().__init__({ord(_SEPARATOR): _SEPARATOR})
        self._decide = decide

    def __missing__(self, code_point: int) -> str:
        return self.setdefault(code_point, self._decide(chr(code_point)))


def translate(values: pl.Series, table: CharacterTable) -> pl.Series:
    """Each text with each character replaced by one other; no text is NULL.

    Measured: all values joined take an eighth of what three regular expressions over each take, and where all is
    ASCII, a quarter of that if they are cut by their lengths.
    """
    if (values.str.len_bytes() > LONG_BYTES).any():
        return pl.Series(values.name, [_translate_in_pieces(text, table) for text in values], dtype=pl.String)
    joined = str(values.str.join().item()) if len(values) else ""
    if joined.isascii() and _SEPARATOR not in joined:
        translated = joined.translate(table)
        if translated.isascii():
            flat = np.frombuffer(translated.encode(), dtype=np.uint8)
            return spell_bytes(flat, read_lengths(values)).alias(values.name)
    return _translate_apart(values, table)


def _translate_in_pieces(text: str, table: CharacterTable) -> str:
    """A long text at once would be there several times over."""
    cuts = range(0, len(text), LONG_BYTES)
    return "".join(text[at : at + LONG_BYTES].replace(_SEPARATOR, " ").translate(table) for at in cuts)


def _translate_apart(values: pl.Series, table: CharacterTable) -> pl.Series:
    texts = values.to_list()
    translated = _SEPARATOR.join(texts).translate(table).split(_SEPARATOR) if texts else []
    if len(translated) != len(texts):  # a document can spell \u0000
        translated = [text.replace(_SEPARATOR, " ").translate(table) for text in texts]
    return pl.Series(values.name, translated, dtype=pl.String)
