"""Free text whose words are gone and whose shape remains."""

from __future__ import annotations

import unicodedata

import polars as pl

from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.translate import CharacterTable, translate

_TYPES = TEXT_TYPES | {"bytea"}


def _blank(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Lu", "Lt"}:
        return "X"
    if category[0] in "LM" or category in {
        "Co",
        "Cn",
    }:  # private and unassigned ones may be letters to somebody
        return "x"
    return "0" if category[0] == "N" else letter


_BLANKS = CharacterTable(_blank)


def blank_out(values: pl.Series) -> pl.Series:
    """Letters → x or X, digits → 0; as many characters as before. No text is NULL."""
    return translate(values, _BLANKS)


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("redact", context, _TYPES)
    return per_value(_blank_bytes if context.type.base == "bytea" else blank_out)


def _blank_bytes(values: pl.Series) -> pl.Series:
    """As many zeros, spelt as PostgreSQL does: a backslash, an x and hexadecimal digits."""
    return values.str.replace_all("[0-9a-f]", "0")


MASK = Mask(
    name="redact",
    summary="Letters become x or X, digits 0; length, punctuation and white space stay. Nothing can be read. "
    "Bytes become as many zeros.",
    types=_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("notes: {mask: redact}", inputs=("Call Ada on 020 7946 0958!", None)),
)
