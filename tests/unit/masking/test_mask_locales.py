"""Every locale that is promised works in every mask that has words or numbers of a country; others are refused."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from faker.config import AVAILABLE_LOCALES
from faker.utils.loading import list_module

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pools import load_pool
from dbtool.masking.word_locales import list_locales

MaskValues = Any  # the fixture of conftest.py, which test files cannot import

LOCALES = [
    "en_GB",
    "en_US",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "nl_NL",
    "sv_SE",
    "da_DK",
    "pl_PL",
    "pt_BR",
    "ja_JP",
]
WORDS = ["first_name", "last_name", "full_name", "city", "street", "postcode", "company", "address"]
POSTCODES = {
    "en_GB": r"[A-Z]{1,2}\d[A-Z0-9]? \d[A-Z]{2}",
    "nl_NL": r"\d{4} ?[A-Z]{2}",
    "da_DK": r"\d{4}",
    "pl_PL": r"\d\d-\d{3}",
    "pt_BR": r"\d{5}-?\d{3}",
    "ja_JP": r"\d{3}-\d{4}",
}
LAST_LINES = {"en_GB": r"{}", "en_US": r"\S.* {}", "pt_BR": r"{}", "ja_JP": r"\S+\d+丁目\d+番"}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mask", [*WORDS, "phone", "username", "email"])
def test_a_promised_locale_works_in_every_mask(mask_values: MaskValues, mask: str, locale: str) -> None:
    outputs = mask_values(mask, [f"Someone {row}" for row in range(400)], "text", {"locale": locale})
    assert len(set(outputs)) >= 30
    assert all(output.strip() == output and output.isprintable() for output in outputs)
    assert not any(re.search(r"\{|\}|Street\b", output) for output in outputs if locale[:2] != "en")


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en_US"])
@pytest.mark.parametrize("kind", ["first_name", "last_name", "company", "street", "city"])
def test_a_locales_words_are_its_own(kind: str, locale: str) -> None:
    own, american = set(load_pool(kind, locale)), set(load_pool(kind, "en_US"))
    assert len(own - american) > len(own) * (0.1 if locale == "en_GB" else 0.5)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_address_has_the_order_of_its_country(mask_values: MaskValues, locale: str) -> None:
    values = [f"{row} Somewhere\nTown" for row in range(300)]
    postcode = POSTCODES.get(locale, r"\d{5}")
    last_line = LAST_LINES.get(locale, r"{} \S.*").replace("{}", postcode)
    for output in mask_values("address", values, "text", {"locale": locale, "keep_lines": True}):
        lines = output.split("\n")
        assert len(lines) == (3 if locale in {"en_GB", "pt_BR"} else 2)
        assert re.fullmatch(last_line, lines[-1])
        if locale == "ja_JP":
            assert re.fullmatch(f"〒{postcode}", lines[0])
        elif locale in {"en_GB", "en_US", "fr_FR"}:
            assert re.match(r"\d{1,3} \S", lines[0])
        else:
            assert re.search(r"\S \d{1,3}$", lines[0])


def test_an_address_is_one_however_it_is_broken_into_lines(mask_values: MaskValues) -> None:
    values = ["1 Some Road, Town, AB1 2CD", "1 Some Road\nTown\nAB1 2CD", "1 some road,\r\nTown, AB1 2CD\n"]
    lines = mask_values("address", values, "text", {"keep_lines": True})
    one_line = mask_values("address", values)
    assert len(set(one_line)) == 1
    assert lines[0] == one_line[0]
    assert lines[1] == lines[2] != lines[0]
    assert "\n" not in one_line[1]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_shortened_address_fits_its_column(mask_values: MaskValues, locale: str) -> None:
    values = [f"Somewhere {row}" for row in range(2000)]
    outputs = mask_values("address", values, "varchar(60)", {"locale": locale, "max_length": 60})
    assert max(map(len, outputs)) <= 60


def test_an_address_that_could_be_too_long_is_refused_with_the_option(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit) as refusal:
        mask_values("address", [], "varchar(40)")
    assert "`max_length: 40`" in refusal.value.alternative


def test_the_family_name_comes_first_where_it_does(mask_values: MaskValues) -> None:
    families = set(load_pool("last_name", "ja_JP"))
    outputs = mask_values("full_name", [f"{row}" for row in range(200)], "text", {"locale": "ja_JP"})
    assert {output.split(" ")[0] for output in outputs} <= families


@pytest.mark.parametrize("mask", WORDS)
def test_a_locale_without_words_is_refused_with_those_that_have_some(
    mask_values: MaskValues, mask: str
) -> None:
    package = {"company": "company", "first_name": "person", "last_name": "person", "full_name": "person"}
    known = set(list_module(import_module(f"faker.providers.{package.get(mask, 'address')}")))
    lacking = sorted(
        locale
        for locale in AVAILABLE_LOCALES
        if locale not in known
        and not locale.startswith("en")
        and locale != "fr_QC"  # Faker warns of that one
    )
    assert lacking
    for locale in lacking:
        with pytest.raises(DoesNotFit, match=f"the locale {locale} has no ") as refusal:
            mask_values(mask, ["x"], "text", {"locale": locale})
        assert "`locale:`" in refusal.value.alternative


def test_a_locale_is_refused_with_those_of_its_language(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="the locale fr_BE has no company of its own") as refusal:
        mask_values("company", [], "text", {"locale": "fr_BE"})
    assert refusal.value.alternative == "`locale:` with one of fr_CH, fr_DZ, fr_FR"
    with pytest.raises(DoesNotFit) as refusal:
        mask_values("city", [], "text", {"locale": "tr_TR"})
    assert set(LOCALES) <= set(re.findall(r"\w+_\w+", refusal.value.alternative))


@pytest.mark.parametrize("kind", ["first_name", "last_name", "company", "street", "city", "postcode"])
def test_promised_locales_have_words_of_their_own(kind: str) -> None:
    assert set(LOCALES) - set(list_locales(kind)) <= {"en_GB"}  # whose companies are American ones
