"""A house number and a street in the manner of the locale."""

from __future__ import annotations

import polars as pl

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type
from dbtool.masking.mask import BoundMask, Example, Mask, MaskContext, Overlap, Space, Uniqueness
from dbtool.masking.options import PoolOptions, taking
from dbtool.masking.pool_mask import CANONICAL, advise_length
from dbtool.masking.pools import load_pool, pick, shorten, shuffle
from dbtool.masking.postal_forms import HOUSE_DIGITS, HOUSES, count_letters, fill, get_street_form


def _count_rest(options: PoolOptions, context: MaskContext) -> int:
    """Characters beside the street's name."""
    return count_letters(get_street_form(options.locale_in(context))) + HOUSE_DIGITS


def _load_streets(options: PoolOptions, context: MaskContext) -> tuple[str, ...]:
    rest = _count_rest(options, context)
    longest = None if options.max_length is None else options.max_length - rest
    return shorten(load_pool("street", options.locale_in(context)), longest, "streets")


def _bind(options: PoolOptions, context: MaskContext) -> BoundMask:
    check_type("street", context, PROSE_TYPES)
    words = _load_streets(options, context)
    longest = max(map(len, words)) + _count_rest(options, context)
    check_length("street", longest, context, advise_length(context))
    streets = shuffle(words, context.digest, "street")
    spelling = fill(get_street_form(options.locale_in(context)))
    key_text = plan_key(context, CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        word, other = context.digest.uint64s(key_text(values), 2)
        parts = pl.DataFrame({"street": pick(streets, word), "house": pick(HOUSES, other)})
        return parts.select(spelling).to_series()

    return per_value(stand_in)


def _count(options: PoolOptions, context: MaskContext) -> int | None:
    return len(_load_streets(options, context)) * len(HOUSES)


MASK = Mask(
    name="street",
    summary="A house number and an invented street, in the order of the locale.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(PoolOptions, _bind),
    example=Example("street: {mask: street, locale: de_DE}", inputs=("12 St James's Square", None)),
    options=PoolOptions,
    capacity=taking(PoolOptions, _count),
    canonical=CANONICAL,
)
