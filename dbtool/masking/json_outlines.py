"""The shape of each document: its text without what its strings and numbers say. Keys stay.

Documents of one shape are alike in all that a rule's paths ask for. A text that is no JSON has some shape, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.byte_text import Bytes, Marks, mark

_END = "\x02"  # of a document: no JSON has it unescaped, nor what stands for a number
_NUMBER = 1
_QUOTE, _BACKSLASH, _COLON = b'"\\:'
_IN_KEY, _IN_STRING = 1, 2

Places = npt.NDArray[np.intp]
_IS_BLANK = mark(b" \t\n\r")
_IS_OF_NUMBER = mark(b"0123456789+-.eE")  # true and false have an e, which is then a number like any other


def find_shapes(documents: pl.Series) -> pl.Series:
    """NULL for NULL, and for all where one is no JSON. Measured: regular expressions take four times as long."""
    rows = documents.is_not_null()
    if not rows.all():
        return documents.clone().scatter(rows.arg_true(), find_shapes(documents.filter(rows)))
    if documents.is_empty():
        return documents
    text = np.frombuffer(f"{documents.str.join(_END).item()}{_END}".encode(), dtype=np.uint8)
    outlines = _outline(text).tobytes().decode().removesuffix(_END)
    shapes = pl.Series(documents.name, [outlines]).str.split(_END).explode()
    return shapes if len(shapes) == len(documents) else documents.clear(len(documents))


def _outline(text: Bytes) -> Bytes:
    regions = _find_regions(text)
    is_number = _IS_OF_NUMBER[text] & (regions == 0)
    follows = is_number.copy()
    follows[1:] &= is_number[:-1]
    follows[0] = False
    is_kept = (regions < _IN_STRING) & ~follows
    outline: Bytes = text[is_kept]
    outline[is_number[is_kept]] = _NUMBER
    return outline


def _find_regions(text: Bytes) -> npt.NDArray[np.int8]:
    """Per byte whether it is within a key, within another string, or in neither. Quotes of strings are in neither."""
    quotes = np.flatnonzero(_is_quote(text))
    first, last = quotes[0::2][: len(quotes) // 2], quotes[1::2]
    is_key = text[_skip_blanks(text, last + 1)] == _COLON
    steps = np.zeros(len(text), dtype=np.int8)
    kind = np.where(is_key, np.int8(_IN_KEY), np.int8(_IN_STRING))
    steps[first + 1] = kind
    steps[last] -= kind
    return np.cumsum(steps, dtype=np.int8)


def _is_quote(text: Bytes) -> Marks:
    """Is it one that begins or ends a string? Of a run of backslashes every other one escapes what follows."""
    is_quote: Marks = text == _QUOTE
    backslashes = np.flatnonzero(text == _BACKSLASH)
    if len(backslashes):
        begins = np.diff(backslashes, prepend=-2) > 1
        turns = np.arange(len(backslashes))
        turns -= np.maximum.accumulate(np.where(begins, turns, 0))
        is_quote[backslashes[turns % 2 == 0] + 1] = False
    return is_quote


def _skip_blanks(text: Bytes, places: Places) -> Places:
    """The place of the next byte that is no blank; the last byte is none."""
    places = np.minimum(places, len(text) - 1)
    while (is_blank := _IS_BLANK[text[places]]).any():
        places = places + is_blank
    return places
