"""The shape of each XML document: its text without what its texts and attributes say. Names and blanks stay.

Shapes only group: what stands where is read of one document of the shape, and each other one has to match the pattern that
comes of it. Documents with comments, CDATA sections or instructions have none, nor has any beside one with a letter that XML
cannot hold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.byte_text import Bytes, Counts, Marks

_END = "\x02"  # of a document: no XML can hold it
_TEXT = 1
_EQUALS, _EXCLAMATION, _QUESTION = b"=!?"
_BLANK, _LETTER, _QUOTE, _BOUND, _STRAY = 0, 1, 2, 4, 8  # what a byte can be
_NONCHARACTERS = np.frombuffer("\ufffe\uffff".encode(), dtype=np.uint8).reshape(2, 3)

_AT_ONCE = (
    10_000  # documents; measured: where a cache holds what is made of them, it takes two thirds of the time
)

Places = npt.NDArray[np.intp]


def _sort_bytes() -> Bytes:
    kinds = np.full(256, _LETTER, dtype=np.uint8)
    kinds[:0x20] = _STRAY
    for letters, kind in ((b" \t\r\n", _BLANK), (b"\"'", _QUOTE), (b"<>\x02", _BOUND)):
        kinds[list(letters)] = kind
    return kinds


_KINDS = _sort_bytes()


def find_shapes(documents: pl.Series) -> pl.Series:
    """NULL for NULL, for what has no shape, and for all beside one that is no XML."""
    rows = documents.is_not_null()
    if not rows.all():
        return documents.clone().scatter(rows.arg_true(), find_shapes(documents.filter(rows)))
    if len(documents) > _AT_ONCE:
        parts = range(0, len(documents), _AT_ONCE)
        return pl.concat([_find_shapes(documents.slice(at, _AT_ONCE)) for at in parts])
    return documents if documents.is_empty() else _find_shapes(documents)


def _find_shapes(documents: pl.Series) -> pl.Series:
    text = np.frombuffer(f"{_END}{documents.str.join(_END).item()}{_END}".encode(), dtype=np.uint8)
    kinds = _KINDS.take(text)
    if (kinds == _STRAY).any() or _has_noncharacters(text):
        return documents.clear(len(documents))
    marks = np.flatnonzero(kinds >= _QUOTE)
    outlines = _outline(text, kinds, marks).tobytes().decode(errors="replace")[1:].removesuffix(_END)
    shapes = pl.Series(documents.name, [outlines]).str.split(_END).explode()
    if len(shapes) != len(documents):
        return documents.clear(len(documents))
    if _has_asides(text, marks):
        has_none = documents.str.contains("<!", literal=True) | documents.str.slice(1).str.contains(
            "<?", literal=True
        )
        return shapes.set(has_none, None)
    return shapes


def _has_noncharacters(text: Bytes) -> bool:
    places = np.flatnonzero(text == _NONCHARACTERS[0, 0])
    found = np.stack([text[places], text[places + 1], text[places + 2]], axis=1)
    return bool((found[:, np.newaxis] == _NONCHARACTERS).all(axis=2).any())


def _has_asides(text: Bytes, marks: Places) -> bool:
    """Has any of them a comment, a CDATA section, or an instruction?"""
    following = text[np.minimum(marks + 1, len(text) - 1)]
    is_aside = (following == _EXCLAMATION) | (following == _QUESTION)
    return bool(is_aside.any())


def _outline(text: Bytes, kinds: Bytes, marks: Places) -> Bytes:
    """A text that says something is one byte, an attribute's value none.

    All between two marks, which are bounds of tags and quotes, has one fate: so has each mark.
    """
    is_bound = kinds[marks] == _BOUND
    bounds = marks[is_bound]
    is_tag = text[bounds] == ord("<")
    says = ~is_tag & (np.bitwise_or.reduceat(kinds & (_LETTER | _QUOTE), bounds) > 0)
    last_bound = np.cumsum(is_bound) - 1
    is_told = says[last_bound]
    is_value = _find_values(text, marks, ~is_bound & is_tag[last_bound])
    before = np.concatenate([[False], is_value[:-1]])
    kept = np.empty((len(marks), 2), dtype=np.bool_)
    kept[:, 0] = is_bound | ~(is_told | (before & is_value))
    kept[:, 1] = ~(is_told | is_value)
    lengths = np.ones_like(kept, dtype=np.int64)
    lengths[:, 1] = np.diff(marks, append=len(text)) - 1
    is_kept = np.repeat(kept.ravel(), lengths.ravel())
    begins = bounds[says] + 1
    is_kept[begins] = True
    outline = text.copy()
    outline[begins] = _TEXT
    found: Bytes = outline[is_kept]
    return found


def _find_values(text: Bytes, marks: Places, is_quote: Marks) -> Marks:
    """Per mark, does it begin or go on with an attribute's value?"""
    depth: Counts = np.zeros(len(marks) + 1, dtype=np.int64)
    for quote in b"\"'":
        quotes = np.flatnonzero(is_quote & (text[marks] == quote))
        is_open = text[marks[quotes] - 1] == _EQUALS
        closes = quotes[1:][is_open[:-1]]
        np.add.at(depth, quotes[:-1][is_open[:-1]], 1)
        np.add.at(depth, closes, -1)
    is_value: Marks = np.cumsum(depth[:-1]) > 0
    return is_value
