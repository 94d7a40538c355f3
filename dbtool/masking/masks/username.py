"""Names to sign in with."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from dbtool.digest import read_word
from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.pools import SLUG_LETTERS, load_slugs, pick, shuffle

_CANONICAL = ("trim", "casefold", "nfc")
_DIGEST_DIGITS = 16


class UsernameOptions(LocaleOptions):
    name: bool = Field(
        True, description="a given name before the digest; without it names are u and 16 digits"
    )


def _bind(options: UsernameOptions, context: MaskContext) -> BoundMask:
    check_type("username", context, TEXT_TYPES)
    longest = _DIGEST_DIGITS + 1 + (SLUG_LETTERS if options.name else 0)
    check_length("username", longest, context, "`name: false`, which makes 17" if options.name else "redact")
    names = shuffle(load_slugs(options.locale_in(context)), context.digest, "slug")
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        digits = context.digest.hex(key_text(values))
        unique = digits.str.slice(16, _DIGEST_DIGITS)
        return pick(names, read_word(digits, 0)) + "_" + unique if options.name else "u" + unique

    return per_value(stand_in)


MASK = Mask(
    name="username",
    summary="A given name in small ASCII letters and 64 bits of digest.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.COLLISION_FREE,
    overlap=Overlap.DISJOINT,
    space=Space.SAME_FORMAT,
    bind=taking(UsernameOptions, _bind),
    example=Example("login: {mask: username}", "varchar(40)", ("ada.lovelace", "Ada.Lovelace", None)),
    options=UsernameOptions,
    canonical=_CANONICAL,
)
