"""Mask inside json and jsonb columns, path by path; all else comes out as it was spelt.

A rule's path ends at scalars. What lies on the way to one, objects and arrays, is kept as it is; every other
member is undecided, and ``unknown`` says what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from dbtool.masking.documents import Documents, Pieces, Writing
from dbtool.masking.fates import Fate, UndecidedPath, Unknown
from dbtool.masking.json_decisions import Node, decide, parse_paths
from dbtool.masking.json_outlines import find_shapes
from dbtool.masking.json_scalars import mask_scalars
from dbtool.masking.json_shapes import spell_patterns
from dbtool.masking.json_text import find_tokens
from dbtool.masking.mask import BoundMask

__all__ = ["UndecidedPath", "Unknown", "bind_json", "bind_json_by_token"]

_NOTHING = "null"  # what is left of a document whose root is dropped


def bind_json(paths: Mapping[str, BoundMask | None], unknown: Unknown) -> Callable[[pl.Series], pl.Series]:
    """The function that masks a column of documents. A path's None means that its scalars are kept.

    It raises UndecidedPath under unknown="error"; binding raises DoesNotFit for what is no path.
    """
    return _bind(paths, unknown).mask_by_shape


def bind_json_by_token(
    paths: Mapping[str, BoundMask | None], unknown: Unknown
) -> Callable[[pl.Series], pl.Series]:
    """The same the slow and obvious way: what the laws hold ``bind_json`` against."""
    return _bind(paths, unknown).mask_by_piece


def _bind(paths: Mapping[str, BoundMask | None], unknown: Unknown) -> Documents:
    masks = [partial(mask_scalars, mask=mask) for mask in paths.values() if mask is not None]
    numbers = iter(range(len(masks)))
    root = parse_paths((path, Fate.KEEP if mask is None else next(numbers)) for path, mask in paths.items())
    return Documents(
        Writing(find_shapes, partial(_cut, root=root, unknown=unknown), spell_patterns, masks, _NOTHING)
    )


def _cut(document: str, root: Node, unknown: Unknown) -> Pieces:
    """A text that is no JSON, which json and jsonb columns do not hold, is nothing that a rule decides."""
    tokens = find_tokens(document)
    if tokens is None:
        if unknown == "error":
            raise UndecidedPath("$")
        return Pieces((), ())
    return Pieces(tokens, decide(tokens, root, unknown))
