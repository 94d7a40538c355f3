"""A given and a family name of the locale."""

from __future__ import annotations

import polars as pl

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import PoolOptions, taking
from dbtool.masking.pool_mask import CANONICAL, advise_length
from dbtool.masking.pools import load_pool, pick, shorten, shuffle

_FAMILY_FIRST = frozenset({"hu", "ja", "ko", "vi", "zh"})  # languages


def _load_words(options: PoolOptions, context: MaskContext) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Given and family names; under ``max_length`` each gets half of what the space leaves."""
    locale = options.locale_in(context)
    half = None if options.max_length is None else (options.max_length - 1) // 2
    first = shorten(load_pool("first_name", locale), half, "given names")
    return first, shorten(load_pool("last_name", locale), half, "family names")


def _bind(options: PoolOptions, context: MaskContext) -> BoundMask:
    check_type("full_name", context, PROSE_TYPES)
    first, last = _load_words(options, context)
    longest = max(map(len, first)) + 1 + max(map(len, last))
    check_length("full_name", longest, context, advise_length(context))
    first_names = shuffle(first, context.digest, "first_name")
    last_names = shuffle(last, context.digest, "last_name")
    is_family_first = options.locale_in(context).partition("_")[0] in _FAMILY_FIRST
    order = ["last", "first"] if is_family_first else ["first", "last"]
    key_text = plan_key(context, CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        words = context.digest.uint64s(key_text(values), 2)
        parts = pl.DataFrame({"first": pick(first_names, words[0]), "last": pick(last_names, words[1])})
        return parts.select(pl.concat_str(order, separator=" ")).to_series()

    return per_value(stand_in)


def _count(options: PoolOptions, context: MaskContext) -> int | None:
    first, last = _load_words(options, context)
    return len(first) * len(last)


MASK = Mask(
    name="full_name",
    summary="A given and a family name of the locale, drawn apart: hundreds of thousands of combinations. The family "
    "name comes first where it does in the language.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(PoolOptions, _bind),
    example=Example("full_name: {mask: full_name}", inputs=("Ada Lovelace", "ada lovelace", None)),
    options=PoolOptions,
    capacity=taking(PoolOptions, _count),
    canonical=CANONICAL,
)
