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

_SEPARATOR = "\0"  # PostgreSQL has no text with it, so one pass over the joined values keeps them apart


class _Blanks(dict[int, str]):
    """What str.translate asks for each code point, decided once by its Unicode category."""

    def __missing__(self, code_point: int) -> str:
        letter = chr(code_point)
        category = unicodedata.category(letter)
        if category in {"Lu", "Lt"}:
            blank = "X"
        elif category[0] in "LM" or category in {"Co", "Cn"}:
            blank = "x"
        else:
            blank = "0" if category[0] == "N" else letter
        return self.setdefault(code_point, blank)


_BLANKS = _Blanks()


def blank_out(values: pl.Series) -> pl.Series:
    """Letters → x or X, digits → 0; as many characters as before, NULL stays NULL.

    One translation of all values joined is 8 times as fast as three regular expressions over each.
    """
    texts = values.fill_null("").to_list()
    blanked = _SEPARATOR.join(texts).translate(_BLANKS).split(_SEPARATOR) if texts else []
    if len(blanked) != len(texts):  # json can spell \u0000
        blanked = [text.translate(_BLANKS) for text in texts]
    return pl.Series(values.name, blanked, dtype=pl.String).zip_with(values.is_not_null(), values)


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("redact", context, TEXT_TYPES)
    return per_value(blank_out)


MASK = Mask(
    name="redact",
    summary="Letters become x or X, digits 0; length, punctuation and white space stay. Nothing can be read.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("notes: {mask: redact}", inputs=("Call Ada on 020 7946 0958!", None)),
)
