"""Addresses under the domains that RFC 2606 reserves: mail to them reaches nobody."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field, StringConstraints

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
_DIGEST_DIGITS = 16  # 64 bits: of a million addresses two collide with odds of 1 in 37 million

DomainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=200)]


class EmailOptions(LocaleOptions):
    domains: tuple[DomainName, ...] = Field(
        ("example.com", "example.org", "example.net"),
        min_length=1,
        description="where the addresses live; name a real domain only if its mail is yours to receive",
    )
    name: bool = Field(True, description="a given name before the digest; without it addresses are 28 long")


def _bind(options: EmailOptions, context: MaskContext) -> BoundMask:
    check_type("email", context, TEXT_TYPES)
    plain = _DIGEST_DIGITS + 1 + max(map(len, options.domains))
    longest = plain + (SLUG_LETTERS + 1 if options.name else 0)
    shorter = (
        f"`name: false`, which makes at most {plain}"
        if options.name
        else "a shorter name in `domains`, or token"
    )
    check_length("email", longest, context, shorter)
    names = shuffle(load_slugs(options.locale_in(context)), context.digest, "slug")
    domains = shuffle(tuple(sorted(set(options.domains))), context.digest, "domains")
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        digits = context.digest.hex(key_text(values))
        parts = {
            "name": pick(names, read_word(digits, 0)) + ".",
            "unique": digits.str.slice(16, _DIGEST_DIGITS),
            "domain": "@" + pick(domains, read_word(digits, 2)),
        }
        used = list(parts) if options.name else ["unique", "domain"]
        return pl.DataFrame(parts).select(pl.concat_str(used)).to_series()

    return per_value(stand_in)


def _is_reserved(values: pl.Series) -> pl.Series:
    return values.str.contains(
        r"(?i)@(?:[a-z0-9.-]+\.)?(?:example\.(?:com|org|net)|example|test|invalid)\s*$"
    )


MASK = Mask(
    name="email",
    summary="An address that reaches nobody: a given name and 64 bits of digest at a domain RFC 2606 reserves.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.COLLISION_FREE,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(EmailOptions, _bind),
    example=Example("email: {mask: email}", "varchar(120)", ("Ada@Lovelace.org", "ada@lovelace.org", None)),
    options=EmailOptions,
    canonical=_CANONICAL,
    in_space=_is_reserved,
)
