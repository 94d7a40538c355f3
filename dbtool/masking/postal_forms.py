"""How a country writes an address: the order of house and street, and of town and postcode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dbtool.masking.pools import is_number_first

HOUSES = pl.Series([str(number) for number in range(1, 200)])
HOUSE_DIGITS = 3
_FIELD = re.compile(r"\{(\w+)\}")

_STREETS: Mapping[str, str] = {"JP": "{street}{house}番", "PL": "ul. {street} {house}"}
_NUMBER_FIRST, _NUMBER_LAST = "{house} {street}", "{street} {house}"


@dataclass(frozen=True, slots=True)
class PostalForm:
    """The lines below one another; ``separator`` stands between them where an address is one line."""

    lines: tuple[str, ...]
    separator: str = ", "

    @property
    def letters(self) -> int:
        """Characters beside those of the fields, on one line."""
        return count_letters(*self.lines) + len(self.separator) * (len(self.lines) - 1)

    def with_street(self, street_form: str) -> PostalForm:
        """Templates of house and street in the place of street_line."""
        lines = tuple(line.replace("{street_line}", street_form) for line in self.lines)
        return PostalForm(lines, self.separator)


_TOWN_LAST = ("{postcode} {city}",)
_TOWN_FIRST = ("{city} {postcode}",)
_APART = ("{city}", "{postcode}")
_ENDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("AU", "CA", "IN", "NZ", "PH", "US"), _TOWN_FIRST),
    **dict.fromkeys(("BR", "GB", "IE"), _APART),
}


def _get_territory(locale: str) -> str:
    return locale.rpartition("_")[2]


def get_street_form(locale: str) -> str:
    """A template of house and street."""
    usual = _NUMBER_FIRST if is_number_first(locale) else _NUMBER_LAST
    return _STREETS.get(_get_territory(locale), usual)


def get_postal_form(locale: str) -> PostalForm:
    """Templates of street_line, postcode and city; the town stands behind the postcode where we know no better."""
    territory = _get_territory(locale)
    if territory == "JP":
        return PostalForm(("〒{postcode}", "{city}{street_line}"), " ")
    return PostalForm(("{street_line}", *_ENDS.get(territory, _TOWN_LAST)))


def count_letters(*templates: str) -> int:
    return sum(len(_FIELD.sub("", template)) for template in templates)


def fill(template: str) -> pl.Expr:
    """The template over columns named like its fields."""
    pieces = _FIELD.split(template)
    return pl.concat_str(
        [pl.col(piece) if place % 2 else pl.lit(piece) for place, piece in enumerate(pieces) if piece]
    )
