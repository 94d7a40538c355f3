"""Payment card numbers that no network will charge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from dbtool.masking.byte_text import spell_digits
from dbtool.masking.canonical import canonicalise, plan_key
from dbtool.masking.check_digits import luhn_digits
from dbtool.masking.digit_text import map_digits, permute_run
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking

_CANONICAL = ("digits",)
# issuer numbers of the test cards that payment providers publish, and how long a number of the network is
_TEST_ISSUERS: Mapping[str, tuple[str, int]] = {
    "visa": ("424242", 16),
    "mastercard": ("555555", 16),
    "discover": ("601111", 16),
    "amex": ("378282", 15),
}


class CardOptions(Options):
    brand: Literal["visa", "mastercard", "discover", "amex"] = Field("visa", description="whose test numbers")
    space: Literal["reserved", "same_format"] = Field(
        "reserved",
        description="reserved: test numbers; same_format: digits permuted, so unique numbers stay unique, valid "
        "ones stay valid and separators stay, but some may be somebody's",
    )


def _bind(options: CardOptions, context: MaskContext) -> BoundMask:
    check_type("card", context, TEXT_TYPES)
    if options.space == "same_format":
        return per_value(_plan_same_format(context))
    check_length("card", _TEST_ISSUERS[options.brand][1], context, "`space: same_format`, or redact")
    return per_value(_plan_test_numbers(options, context))


def _plan_test_numbers(options: CardOptions, context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, _CANONICAL)
    issuer, length = _TEST_ISSUERS[options.brand]
    free = length - 1 - len(issuer)

    def stand_in(values: pl.Series) -> pl.Series:
        words = context.digest.uint64(key_text(values))
        payloads: pl.Series = issuer + spell_digits((words % 10**free).to_numpy(), free)
        return payloads + _spell_check(luhn_digits(payloads))

    return stand_in


def _plan_same_format(context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    key = context.digest.subkey("card")

    def change(digits: pl.Series) -> pl.Series:
        """Permute all but the check digit, and leave that as far from the right one as it was."""
        if len(digits[0]) == 1:
            return permute_run(digits, key)
        old = digits.str.head(-1)
        new = permute_run(old, key)
        written = digits.str.tail(1).cast(pl.Int64).to_numpy()
        return new + _spell_check((luhn_digits(new) + written - luhn_digits(old)) % 10)

    return lambda values: map_digits(values, change)


def _spell_check(digits: npt.NDArray[np.int64]) -> pl.Series:
    return spell_digits(digits.astype(np.uint64), 1)


def _count(options: CardOptions, _context: MaskContext) -> int | None:
    issuer, length = _TEST_ISSUERS[options.brand]
    return None if options.space == "same_format" else int(10 ** (length - 1 - len(issuer)))


def _promise(options: CardOptions, _context: MaskContext) -> Promise:
    if options.space == "same_format":
        return Promise(Uniqueness.INJECTIVE, Overlap.CHANCE, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED)


def _is_reserved(values: pl.Series) -> pl.Series:
    issuers = "|".join(issuer for issuer, _ in _TEST_ISSUERS.values())
    return canonicalise(values, _CANONICAL).str.contains(rf"^(?:{issuers})[0-9]{{9,10}}$")


MASK = Mask(
    name="card",
    summary="A test card's number: a published test issuer, digits of digest and a valid check digit.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(CardOptions, _bind),
    example=Example("card_no: {mask: card}", "varchar(19)", ("4111 1111 1111 1111", None)),
    options=CardOptions,
    capacity=taking(CardOptions, _count),
    canonical=_CANONICAL,
    in_space=_is_reserved,
    promise_under=taking(CardOptions, _promise),
)
