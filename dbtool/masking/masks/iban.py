"""Account numbers that are well formed and belong to no bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from dbtool.digest import read_word
from dbtool.masking.byte_text import spell_digits
from dbtool.masking.canonical import plan_key
from dbtool.masking.check_digits import remainder_97
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

_CANONICAL = ("trim", "casefold")
_UNIQUE_BITS = 64


@dataclass(frozen=True, slots=True)
class Account:
    """A country's account number (SWIFT, "IBAN Registry"): a bank that does not exist, and what is free.

    ``free`` counts decimal digits; ``free_hex`` hexadecimal ones, where the country allows letters.
    """

    bank: str
    free: int = 0
    free_hex: int = 0
    has_french_key: bool = False

    @property
    def length(self) -> int:
        return 4 + len(self.bank) + self.free + self.free_hex + (2 if self.has_french_key else 0)

    @property
    def size(self) -> int:
        return int(10**self.free * 16**self.free_hex)


# ZZZZ begins no bank's BIC; German bank codes begin with 1 to 8; 99999 is given to no Austrian, Swiss or French bank
_ACCOUNTS: Mapping[str, Account] = {
    "GB": Account("ZZZZ", 14),
    "IE": Account("ZZZZ", 14),
    "NL": Account("ZZZZ", 10),
    "DE": Account("99999999", 10),
    "AT": Account("99999", 11),
    "CH": Account("99999", 0, 12),
    "FR": Account("99999", 16, has_french_key=True),
    "MT": Account("ZZZZ", 5, 18),
}
_COUNTRIES = {
    "en_GB": "GB",
    "en_IE": "IE",
    "nl_NL": "NL",
    "de_AT": "AT",
    "de_CH": "CH",
    "fr_CH": "CH",
    "fr_FR": "FR",
}


class IbanOptions(LocaleOptions):
    country: Literal["GB", "IE", "NL", "DE", "AT", "CH", "FR", "MT"] | None = Field(
        None,
        description="default: the locale's, or DE; MT alone has room for 64 bits, so unique ones stay unique",
    )

    def account_in(self, context: MaskContext) -> tuple[str, Account]:
        country = self.country or _COUNTRIES.get(self.locale_in(context), "DE")
        return country, _ACCOUNTS[country]


def _bind(options: IbanOptions, context: MaskContext) -> BoundMask:
    check_type("iban", context, TEXT_TYPES)
    country, account = options.account_in(context)
    check_length("iban", account.length, context, "`country: NL`, which makes 18, or redact")
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        digits = context.digest.hex(key_text(values).str.replace_all(r"\s", ""))
        return _number_accounts(country, account, digits)

    return per_value(stand_in)


def _number_accounts(country: str, account: Account, digits: pl.Series) -> pl.Series:
    parts = {
        "bank": pl.select(pl.repeat(account.bank, len(digits))).to_series(),
        "hexadecimal": digits.str.slice(16, account.free_hex).str.to_uppercase(),
    }
    if account.free:
        decimal = (read_word(digits, 0) % 10**account.free).to_numpy()
        parts["decimal"] = spell_digits(decimal, account.free)
    used = [part for part in ("bank", "decimal", "hexadecimal") if part in parts]
    number = pl.DataFrame(parts).select(pl.concat_str(used)).to_series()
    if account.has_french_key:
        number = number + _spell(97 - remainder_97(number + "00"))
    return country + _spell(98 - remainder_97(number + country + "00")) + number


def _spell(check: npt.NDArray[np.int64]) -> pl.Series:
    return spell_digits(check.astype(np.uint64), 2)


def _count(options: IbanOptions, context: MaskContext) -> int | None:
    return options.account_in(context)[1].size


def _promise(options: IbanOptions, context: MaskContext) -> Promise:
    is_wide = options.account_in(context)[1].size >= 2**_UNIQUE_BITS
    return Promise(
        Uniqueness.COLLISION_FREE if is_wide else Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED
    )


def _is_reserved(values: pl.Series) -> pl.Series:
    banks = "|".join(f"{country}[0-9]{{2}}{account.bank}" for country, account in _ACCOUNTS.items())
    return values.str.replace_all(r"\s", "").str.contains(f"(?i)^(?:{banks})[0-9A-Z]+$")


MASK = Mask(
    name="iban",
    summary="An account number with valid check digits at a bank that no registry knows.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(IbanOptions, _bind),
    example=Example("iban: {mask: iban, country: GB}", "varchar(34)", ("GB82 WEST 1234 5698 7654 32", None)),
    options=IbanOptions,
    capacity=taking(IbanOptions, _count),
    canonical=_CANONICAL,
    in_space=_is_reserved,
    promise_under=taking(IbanOptions, _promise),
)
