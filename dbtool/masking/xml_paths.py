"""Mask inside xml columns, and texts that hold XML, path by path; all else comes out as it was spelt.

A path ends at an element's own text, at an attribute, a comment or a processing instruction. What lies on the way to one stays
as it is; every other text, attribute and element is undecided, and ``unknown`` says what that means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import polars as pl

from dbtool.masking.documents import Documents, Mask, Pieces, Writing
from dbtool.masking.fates import Fate, Unknown
from dbtool.masking.mask import BoundMask
from dbtool.masking.xml_decisions import PieceKind, XmlReader
from dbtool.masking.xml_names import Namespaces, XmlPath, parse_path
from dbtool.masking.xml_outlines import find_shapes
from dbtool.masking.xml_states import PathStates
from dbtool.masking.xml_values import bind_values

# Those that stand for a letter that XML can hold, whatever the digits are; documents with others are read by piece.
_REFERENCE = "&(?:amp|lt|gt|quot|apos|#(?:3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3})|#x[2-9A-Fa-f][0-9A-Fa-f]{1,2});"
# A document that has a shape has no control characters.
_TEXT = rf"[ \t\r\n]*(?:[^<>& \t\r\n]|{_REFERENCE})[^<>&]*(?:{_REFERENCE}[^<>&]*)*"
_VALUES = {quote: f"{quote}[^<&{quote}]*(?:{_REFERENCE}[^<&{quote}]*)*{quote}" for quote in "\"'"}

XmlPaths = Mapping[str, BoundMask | None]


def bind_xml(
    paths: XmlPaths, unknown: Unknown, namespaces: Mapping[str, str]
) -> Callable[[pl.Series], pl.Series]:
    """The function that masks a column of documents. A path's None means that what it leads to is kept.

    It raises UndecidedPath under unknown="error", NotWellFormed and HasDoctype; binding raises DoesNotFit for what is no
    path.
    """
    return _bind(paths, unknown, namespaces).mask_by_shape


def bind_xml_by_piece(
    paths: XmlPaths, unknown: Unknown, namespaces: Mapping[str, str]
) -> Callable[[pl.Series], pl.Series]:
    """The same the slow and obvious way: what the laws hold ``bind_xml`` against."""
    return _bind(paths, unknown, namespaces).mask_by_piece


def _bind(paths: XmlPaths, unknown: Unknown, namespaces: Mapping[str, str]) -> Documents:
    known = Namespaces(namespaces)
    masks: list[Mask] = []
    parsed: list[XmlPath] = []
    for path, mask in paths.items():
        one = parse_path(path, Fate.KEEP if mask is None else len(masks), known)
        parsed.append(one)
        if mask is not None:
            masks.append(bind_values(mask, one.leaf))
    states = PathStates(parsed, known)
    return Documents(Writing(find_shapes, partial(_cut, states, unknown), _spell_patterns, masks, nothing=""))


def _cut(states: PathStates, unknown: Unknown, document: str) -> Pieces:
    return XmlReader(states, unknown).read(document)


def _spell_patterns(pieces: Pieces) -> Iterable[str]:
    for text, kind in zip(pieces.texts, pieces.kinds, strict=True):
        if kind == PieceKind.TEXT:
            yield _TEXT
        elif kind == PieceKind.ATTRIBUTE:
            yield _VALUES[text[0]]
        else:
            yield re.escape(text)
