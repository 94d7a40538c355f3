"""How countries number people: the check digits, the dates within, and the numbers that nobody is given.

Sources: for the United States SSA's rule that areas 000 and 666 are not assigned; for Britain HMRC's National Insurance
Manual, NIM39110, whose list of prefixes that offices used for other numbers does not claim to be whole; for Germany
python-stdnum's de.idnr, by which no tax identification number begins with 0: BZSt's own text was not read. Check digits
are the countries' rules as python-stdnum has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from string import ascii_uppercase
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.check_digits import Numbers, luhn_digits, read_columns, remainder_97, weigh_digits

Country = Literal["us", "gb", "de", "fr", "es", "it", "nl", "se", "dk", "pl", "br", "jp"]
DateOrder = Literal["ymd", "dmy", "ymd_century"]  # the last with a month that tells the century
Mask: TypeAlias = npt.NDArray[np.bool_]

_DATES = 10**6
_DE_PRODUCTS = np.array([2 * (total % 10 or 10) % 11 for total in range(20)], dtype=np.uint8)  # by ISO 7064
_CENTURY_MONTHS = 20  # what Poland adds to a month for each century
NO_CHECK = 10  # Dutch payloads that no digit makes valid


@dataclass(frozen=True, slots=True)
class Reserved:
    """Numbers that nobody has: a beginning, ``digits`` free ones, and an end; ``groups`` as people write them."""

    beginnings: tuple[str, ...]
    digits: int
    ends: tuple[str, ...]
    groups: tuple[int, ...]
    separator: str

    @property
    def size(self) -> int:
        return int(len(self.beginnings) * 10**self.digits * len(self.ends))


@dataclass(frozen=True, slots=True)
class DigitNumber:
    """A number of digits: a payload, and what ``check`` makes of it as the last ``checks`` digits.

    ``date`` is how its first six digits write a birth date. With ``has_century`` two more may stand in front. With
    ``has_gaps`` there are payloads that no digit makes valid.
    """

    length: int
    checks: int = 0
    check: Callable[[pl.Series], Numbers] | None = None
    date: DateOrder | None = None
    has_century: bool = False
    has_gaps: bool = False


def _list_unused_prefixes() -> tuple[str, ...]:
    """No number begins with these letters; FY, OO and TN are left out, since offices made use of them."""
    never_first, never_second = set("DFIQUV"), set("DFIOQUV")
    pairs = (
        first + second
        for first, second in product(ascii_uppercase, repeat=2)
        if first in never_first or second in never_second
    )
    return tuple(sorted(({*pairs, "BG", "GB", "KN", "NK", "NT", "ZZ"}) - {"FY", "OO"}))


def _check_pl(payloads: pl.Series) -> Numbers:
    return np.asarray(-weigh_digits(payloads, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10, dtype=np.int64)


def _check_br(payloads: pl.Series) -> Numbers:
    first = -weigh_digits(payloads, tuple(range(10, 1, -1))) % 11 % 10
    second = -(weigh_digits(payloads, tuple(range(11, 2, -1))) + 2 * first) % 11 % 10
    return np.asarray(10 * first + second, dtype=np.int64)


def _check_nl(payloads: pl.Series) -> Numbers:
    return np.asarray(weigh_digits(payloads, tuple(range(9, 1, -1))) % 11, dtype=np.int64)


def _check_jp(payloads: pl.Series) -> Numbers:
    remainder = weigh_digits(payloads, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return np.where(remainder <= 1, 0, 11 - remainder)


def _check_fr(payloads: pl.Series) -> Numbers:
    return 97 - remainder_97(payloads)


def _check_de(payloads: pl.Series) -> Numbers:
    """ISO 7064 mod 11,10."""
    product_ = np.full(len(payloads), 10, dtype=np.uint8)
    for column in read_columns(payloads):
        product_ = _DE_PRODUCTS[product_ + column]
    return np.asarray((11 - product_.astype(np.int64)) % 10, dtype=np.int64)


RESERVED: Mapping[str, Reserved] = {
    "us": Reserved(("000", "666"), 6, ("",), (3, 2, 4), "-"),
    "gb": Reserved(_list_unused_prefixes(), 6, tuple("ABCD"), (2, 2, 2, 2, 1), " "),
    "de": Reserved(("0",), 9, ("",), (2, 3, 3, 3), " "),  # and a check digit
}
DIGIT_NUMBERS: Mapping[str, DigitNumber] = {
    "us": DigitNumber(9),
    "de": DigitNumber(11, 1, _check_de),
    "fr": DigitNumber(15, 2, _check_fr),
    "nl": DigitNumber(9, 1, _check_nl, has_gaps=True),
    "se": DigitNumber(10, 1, luhn_digits, "ymd", has_century=True),
    "dk": DigitNumber(10, date="dmy"),
    "pl": DigitNumber(11, 1, _check_pl, "ymd_century"),
    "br": DigitNumber(11, 2, _check_br),
    "jp": DigitNumber(12, 1, _check_jp),
}


@dataclass(frozen=True, slots=True)
class DateRanks:
    """All texts of six digits, those that are dates first: ``rank`` gives each its place, ``order`` undoes it."""

    rank: npt.NDArray[np.uint64]
    order: npt.NDArray[np.uint64]
    dates: int


@cache
def rank_dates(order: DateOrder) -> DateRanks:
    texts = np.arange(_DATES)
    first, month, last = texts // 10**4, texts // 100 % 100, texts % 100
    year, day = (last, first) if order == "dmy" else (first, last)
    is_date = _is_date(year, month, day, has_century_months=order == "ymd_century")
    placed = np.argsort(~is_date, kind="stable").astype(np.uint64)
    rank = np.empty(_DATES, dtype=np.uint64)
    rank[placed] = np.arange(_DATES, dtype=np.uint64)
    return DateRanks(rank, placed, int(is_date.sum()))


def _is_date(year: Numbers, month: Numbers, day: Numbers, *, has_century_months: bool) -> Mask:
    """Without a century, year 0 is taken for 2000, a leap year."""
    century = month // _CENTURY_MONTHS if has_century_months else 0
    month = month % _CENTURY_MONTHS if has_century_months else month
    # 20 on a month says 2000 and 80 says 1800: of these only 2000 is a leap year
    is_leap = (year % 4 == 0) & ((year > 0) | (century == 1) | (not has_century_months))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    is_month = (month >= 1) & (month <= len(lengths) - 1)
    last = lengths[np.where(is_month, month, 0)] + (is_leap & (month == 2))  # noqa: PLR2004  February
    return np.asarray(is_month & (day >= 1) & (day <= last), dtype=np.bool_)
