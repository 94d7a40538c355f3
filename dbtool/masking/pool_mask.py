"""The masks that replace a value by a word of a pool, up to what they are called."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type, get_room
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
from dbtool.masking.pools import load_pool, pick, shorten, shuffle

CANONICAL = ("trim", "nfc", "casefold", "nfc")


def advise_length(context: MaskContext) -> str:
    return f"`max_length: {get_room(context)}` in every use of the domain, or redact"


def make_pool_mask(name: str, summary: str, example: Example, what: str) -> Mask:
    """A mask that picks from the pool of its own name; ``what`` names its words in messages."""

    def words_of(options: PoolOptions, context: MaskContext) -> tuple[str, ...]:
        return shorten(load_pool(name, options.locale_in(context)), options.max_length, what)

    def bind(options: PoolOptions, context: MaskContext) -> BoundMask:
        check_type(name, context, PROSE_TYPES)
        words = words_of(options, context)
        check_length(name, max(map(len, words)), context, advise_length(context))
        return per_value(plan_pick(shuffle(words, context.digest, name), context))

    def count(options: PoolOptions, context: MaskContext) -> int | None:
        return len(words_of(options, context))

    return Mask(
        name=name,
        summary=summary,
        types=PROSE_TYPES,
        uniqueness=Uniqueness.LOSSY,
        overlap=Overlap.CHANCE,
        space=Space.SAME_FORMAT,
        bind=taking(PoolOptions, bind),
        example=example,
        options=PoolOptions,
        capacity=taking(PoolOptions, count),
        canonical=CANONICAL,
    )


def plan_pick(pool: pl.Series, context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    """Each value's own entry of the pool."""
    key_text = plan_key(context, CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        return pick(pool, context.digest.uint64(key_text(values)))

    return stand_in
