"""Telephone numbers that ring nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from dbtool.masking.canonical import canonicalise, plan_key
from dbtool.masking.digit_text import permute_digits_in
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.phone_numbers import RESERVED, NumberRange, get_reserved

_CANONICAL = ("digits",)
_KEPT_DIGITS = 3


class PhoneOptions(LocaleOptions):
    space: Literal["reserved", "same_format"] = Field(
        "reserved",
        description="reserved: numbers set aside for stories, a few thousand per country; same_format: the digits "
        "after the third are permuted, so unique numbers stay unique, but some may be somebody's",
    )
    style: Literal["international", "national"] = Field(
        "international", description="+442079460123 or 020 7946 0123, for reserved numbers"
    )


def _bind(options: PhoneOptions, context: MaskContext) -> BoundMask:
    check_type("phone", context, TEXT_TYPES)
    if options.space == "same_format":
        return per_value(_plan_same_format(context))
    ranges = get_reserved(options.locale_in(context))
    prefixes = [found.national if options.style == "national" else found.international for found in ranges]
    longest = max(len(prefix) + found.free for prefix, found in zip(prefixes, ranges, strict=True))
    check_length("phone", longest, context, "`space: same_format`, or redact")
    return per_value(_plan_reserved(prefixes, ranges, context))


def _plan_same_format(context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    key = context.digest.subkey("phone")
    return lambda values: permute_digits_in(values, key, _KEPT_DIGITS)


def _plan_reserved(
    prefixes: list[str], ranges: tuple[NumberRange, ...], context: MaskContext
) -> Callable[[pl.Series], pl.Series]:
    """All ranges laid end to end, and a place among them by digest."""
    key_text = plan_key(context, _CANONICAL)
    ends = np.cumsum([found.size for found in ranges])
    texts = pl.Series(prefixes)
    sizes = pl.Series([found.size for found in ranges], dtype=pl.UInt64)
    free = ranges[0].free

    def stand_in(values: pl.Series) -> pl.Series:
        word = context.digest.uint64(key_text(values))
        place = pl.Series(np.searchsorted(ends, (word % int(ends[-1])).to_numpy(), side="right"))
        number = ((word // int(ends[-1])) % sizes.gather(place)).cast(pl.String).str.zfill(free)
        return texts.gather(place) + number

    return stand_in


def _count(options: PhoneOptions, context: MaskContext) -> int | None:
    if options.space == "same_format":
        return None
    return sum(found.size for found in get_reserved(options.locale_in(context)))


def _promise(options: PhoneOptions, _context: MaskContext) -> Promise:
    if options.space == "same_format":
        return Promise(Uniqueness.INJECTIVE, Overlap.CHANCE, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED)


@cache
def _compile_reserved() -> str:
    """A pattern of every reserved number's digits, with its country's or without trunk zero."""
    ranges = [found for country in RESERVED.values() for found in country]
    prefixes = {
        (spelling, found.free) for found in ranges for spelling in (found.national, found.international)
    }
    digits = {(re.sub(r"[^0-9]", "", spelling).lstrip("0"), free) for spelling, free in prefixes}
    return "^(?:" + "|".join(f"{prefix}[0-9]{{{free}}}" for prefix, free in sorted(digits)) + ")$"


def _is_reserved(values: pl.Series) -> pl.Series:
    return canonicalise(values, _CANONICAL).str.contains(_compile_reserved())


MASK = Mask(
    name="phone",
    summary="A number of the locale's country that is set aside for stories and rings nowhere. Known are those of "
    "Australia, Britain, France, Germany and North America, whose numbers serve every other locale.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(PhoneOptions, _bind),
    example=Example("phone: {mask: phone, locale: en_GB}", "varchar(20)", ("+44 20 7123 4567", None)),
    options=PhoneOptions,
    capacity=taking(PhoneOptions, _count),
    canonical=_CANONICAL,
    in_space=_is_reserved,
    promise_under=taking(PhoneOptions, _promise),
)
