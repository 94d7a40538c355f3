"""The shape of each XML document: its text without what its texts and attributes say. Names and blanks stay.

Shapes only group: what stands where is read of one document of the shape, and each other one has to match the pattern that
comes of it. Documents with comments, CDATA sections or instructions have none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.byte_text import Bytes, Marks, mark

_END = "\x02"  # of a document: no XML can hold it
_TEXT = 1
_LESS, _GREATER, _EQUALS = b"<>="
_QUOTES = b"\"'"
_IS_BLANK = mark(b" \t\r\n")
_IS_BOUND = mark(b"<>\x02")


def find_shapes(documents: pl.Series) -> pl.Series:
    """NULL for NULL, for what has no shape, and for all where one is no XML."""
    has_shape = documents.is_not_null() & ~documents.str.contains(r"(?s)<!|.<\?").fill_null(value=False)
    if not has_shape.all():
        outputs = documents.clear(len(documents))
        rows = has_shape.arg_true()
        return outputs.scatter(rows, find_shapes(documents.gather(rows))) if len(rows) else outputs
    if documents.is_empty():
        return documents
    text = np.frombuffer(f"{_END}{documents.str.join(_END).item()}{_END}".encode(), dtype=np.uint8)
    outlines = _outline(text).tobytes().decode(errors="replace")[1:].removesuffix(_END)
    shapes = pl.Series(documents.name, [outlines]).str.split(_END).explode()
    return shapes if len(shapes) == len(documents) else documents.clear(len(documents))


def _outline(text: Bytes) -> Bytes:
    """A text that says something is one byte, an attribute's value none."""
    bounds = np.flatnonzero(_IS_BOUND.take(text))
    lengths = np.diff(bounds, append=len(text))
    is_tag = text[bounds] == _LESS
    says = np.add.reduceat(~(_IS_BLANK | _IS_BOUND).take(text), bounds, dtype=np.int64) > 0
    begins = bounds[~is_tag & says] + 1
    in_tag = np.repeat(is_tag, lengths)
    is_kept = ~(np.repeat(~is_tag & says, lengths) | _find_values(text, in_tag))
    is_kept[bounds] = True
    is_kept[begins] = True
    outline = text.copy()
    outline[begins] = _TEXT
    kept: Bytes = outline[is_kept]
    return kept


def _find_values(text: Bytes, in_tag: Marks) -> Marks:
    """Per byte, is it between the quotes of an attribute?"""
    depth = np.zeros(len(text) + 1, dtype=np.int32)
    for quote in _QUOTES:
        quotes = np.flatnonzero((text == quote) & in_tag)
        opens = quotes[text[quotes - 1] == _EQUALS]
        closes = _find_next(quotes, opens)
        np.add.at(depth, opens[: len(closes)] + 1, 1)
        np.add.at(depth, closes, -1)
    marks: Marks = np.cumsum(depth[:-1]) > 0
    return marks


def _find_next(quotes: npt.NDArray[np.intp], opens: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The quote behind each; the last may have none."""
    places = np.searchsorted(quotes, opens, side="right")
    return quotes[places[places < len(quotes)]]
