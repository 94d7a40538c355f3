"""A value of the project's own list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from pydantic import Field

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking
from dbtool.masking.pool_mask import CANONICAL, plan_pick
from dbtool.masking.pools import shuffle
from dbtool.masking.word_file import WordFile, read_word_file

_FRACTION_BITS = 53  # what a float holds exactly


class DictionaryOptions(Options):
    file: str = Field(
        min_length=1, description="one value per line; the path starts at the rule file's folder"
    )
    weights: bool = Field(
        False, description="each line goes on with a tab and how often its value comes beside the others"
    )


def _load(options: DictionaryOptions, context: MaskContext) -> WordFile:
    return read_word_file(context.folder, options.file, weighted=options.weights)


def _bind(options: DictionaryOptions, context: MaskContext) -> BoundMask:
    check_type("dictionary", context, PROSE_TYPES)
    found = _load(options, context)
    shorter = f"shorter values in {options.file}, or redact"
    check_length("dictionary", max(map(len, found.words)), context, shorter)
    pool = shuffle(tuple(sorted(found.words)), context.digest, "dictionary")
    if found.weights is None:
        return per_value(plan_pick(pool, context))
    weights = dict(zip(found.words, found.weights, strict=True))
    return per_value(_plan_weighted(pool, [weights[word] for word in pool], context))


def _plan_weighted(
    pool: pl.Series, weights: list[float], context: MaskContext
) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, CANONICAL)
    ends = np.cumsum(weights)

    def stand_in(values: pl.Series) -> pl.Series:
        words = context.digest.uint64(key_text(values)).to_numpy() >> np.uint64(64 - _FRACTION_BITS)
        found = np.searchsorted(ends, words * (ends[-1] / 2**_FRACTION_BITS), side="right")
        return pool.gather(np.minimum(found, len(pool) - 1))

    return stand_in


def _count(options: DictionaryOptions, context: MaskContext) -> int | None:
    """Of weighted words as many as would come as often as these: what two values meet by."""
    found = _load(options, context)
    if found.weights is None:
        return len(found.words)
    total = sum(found.weights)
    return max(1, round(1 / sum((weight / total) ** 2 for weight in found.weights)))


MASK = Mask(
    name="dictionary",
    summary="A value of your own list, such as branches or products that nobody minds. A list that has changed shows "
    "in the manifest, since many stand-ins change with it.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(DictionaryOptions, _bind),
    example=Example(
        "branch: {mask: dictionary, file: branches.txt}",
        "varchar(40)",
        ("Ockham Park", "ockham park", "Ashley Combe", None),
        {"branches.txt": "Harbour\nMarket Square\nOld Mill\nStation\n"},
    ),
    options=DictionaryOptions,
    capacity=taking(DictionaryOptions, _count),
    canonical=CANONICAL,
)
