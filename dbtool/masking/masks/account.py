"""Account numbers as banks write them within a country, and the codes of the banks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl
from pydantic import Field

from dbtool.masking.canonical import plan_key
from dbtool.masking.check_digits import Numbers, aba_digits
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.format_text import permute_format_in
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import LocaleOptions, taking

_CANONICAL = ("digits",)
_SEPARATORS = r"[\s./-]"


@dataclass(frozen=True, slots=True)
class BankCode:
    """Codes of no bank: a 9, as many more digits as ``free``, and a check digit where the country has one."""

    free: int
    check: Callable[[pl.Series], Numbers] | None = None

    @property
    def length(self) -> int:
        return 1 + self.free + (self.check is not None)


# American numbers begin with 00 to 12, 21 to 32, 61 to 72 or 80, German ones with an area from 1 to 8. So the common lists
# have it: neither the American Bankers Association nor the Bundesbank is known to promise that a 9 stays free.
_BANK_CODES: Mapping[str, BankCode] = {"us": BankCode(7, aba_digits), "de": BankCode(7)}
_KNOWN = ", ".join(sorted(_BANK_CODES))


class AccountOptions(LocaleOptions):
    part: Literal["account", "bank"] = Field(
        "account", description="an account's number, or the bank's: sort code, routing number, Bankleitzahl"
    )
    country: Literal["us", "de"] | None = Field(None, description="whose bank codes; default: the locale's")
    space: Literal["reserved", "same_format"] | None = Field(
        None,
        description="reserved: codes of no bank, for us and de a 9 in front, with which no code begins as far as known; "
        "same_format: digits and letters permuted, so unique "
        "ones stay unique, but some may be somebody's; default: reserved for `part: bank` where it is known",
    )

    def find_bank_code(self, context: MaskContext) -> BankCode | None:
        """None where stand-ins are permuted."""
        country = self.country or self.locale_in(context).rpartition("_")[2].lower()
        is_permuted = self.part == "account" or self.space == "same_format"
        return None if is_permuted else _BANK_CODES.get(country)


def _bind(options: AccountOptions, context: MaskContext) -> BoundMask:
    check_type("account", context, TEXT_TYPES)
    code = options.find_bank_code(context)
    if code is not None:
        check_length("account", code.length, context, "`space: same_format`, or redact")
        return per_value(_plan_reserved(code, context))
    if options.space == "reserved":
        raise DoesNotFit(
            "nobody's account is known by its number alone"
            if options.part == "account"
            else "no codes are known there that belong to no bank",
            f"`space: same_format`, iban, or `part: bank` with `country:` {_KNOWN}",
        )
    key = context.digest.subkey("account")
    return per_value(lambda values: permute_format_in(values, key))


def _plan_reserved(code: BankCode, context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        words = context.digest.uint64(key_text(values))
        payloads: pl.Series = "9" + (words % 10**code.free).cast(pl.String).str.zfill(code.free)
        return payloads if code.check is None else payloads + pl.Series(code.check(payloads)).cast(pl.String)

    return stand_in


def _count(options: AccountOptions, context: MaskContext) -> int | None:
    code = options.find_bank_code(context)
    return None if code is None else int(10**code.free)


def _promise(options: AccountOptions, context: MaskContext) -> Promise:
    if options.find_bank_code(context) is None:
        return Promise(Uniqueness.INJECTIVE, Overlap.CHANCE, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED)


def _is_reserved(values: pl.Series) -> pl.Series:
    return values.str.replace_all(_SEPARATORS, "").str.contains("^9[0-9]{7,8}$")


MASK = Mask(
    name="account",
    summary="An account's number permuted within its format: digits and letters become others, separators stay. Of "
    "banks, codes that no bank has, where such are known. Account and bank need not agree; for that there is iban.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.INJECTIVE,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(AccountOptions, _bind),
    example=Example("account_no: {mask: account}", "varchar(20)", ("3192 6819", "31926819", None)),
    options=AccountOptions,
    capacity=taking(AccountOptions, _count),
    canonical=(),
    in_space=_is_reserved,
    promise_under=taking(AccountOptions, _promise),
)
