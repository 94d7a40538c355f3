"""National numbers: reserved ones are nobody's, permuted ones stay valid by the rules of an independent library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Overlap, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.masking.national_numbers import rank_dates

MaskValues = Any  # the fixture of conftest.py, which test files cannot import

VALIDATORS = {
    "de": "stdnum.iso7064.mod_11_10",  # de.idnr asks for a pattern of repeated digits, too
    "fr": "stdnum.fr.nir",
    "es": "stdnum.es.dni",
    "nl": "stdnum.nl.bsn",
    "se": "stdnum.se.personnummer",
    "pl": "stdnum.pl.pesel",
    "br": "stdnum.br.cpf",
    "jp": "stdnum.jp.in_",
}
VALID = {
    "de": ["36574261809", "36 574 261 809"],
    "fr": ["295109912611193", "2 95 10 99 126 111 93"],
    "es": ["54362315K", "54362315-K"],
    "nl": ["111222333", "1112.22.333"],
    "se": ["880320-0016", "811228-9841", "8803200016", "19880320-0016"],
    "pl": ["44051401359", "83010411457"],
    "br": ["390.533.447-05", "39053344705"],
    "jp": ["621498320257", "6214 9832 0257"],
}


def is_valid(country: str) -> Callable[[str | None], bool]:
    found: Callable[[str | None], bool] = import_module(VALIDATORS[country]).is_valid
    return lambda value: found(
        None if value is None else value.replace(" ", "") if country == "de" else value
    )


def options_of(country: str) -> dict[str, str]:
    return {"country": country, "space": "same_format"}


def promise_of(options: dict[str, str]) -> tuple[Uniqueness, Overlap]:
    mask = MASKS["national_id"]
    context = MaskContext(ColumnType("text", "text"), ProjectKey(b"k" * 32).digest_for("d"), "pl_PL")
    promise = mask.promise(mask.options.model_validate(options), context)
    return promise.uniqueness, promise.overlap


@pytest.mark.parametrize("country", sorted(VALID))
def test_a_valid_number_stays_valid(mask_values: MaskValues, country: str) -> None:
    check = is_valid(country)
    assert all(map(check, VALID[country]))
    outputs = mask_values("national_id", VALID[country], "text", options_of(country))
    assert not set(outputs) & set(VALID[country])
    again = outputs
    for _ in range(30):
        assert all(map(check, again))
        again = mask_values("national_id", again, "text", options_of(country))
    punctuation = [[letter for letter in value if not letter.isalnum()] for value in VALID[country]]
    assert [[letter for letter in value if not letter.isalnum()] for value in outputs] == punctuation


@pytest.mark.parametrize("country", sorted({*VALID, "it", "us", "gb", "dk"}))
@pytest.mark.parametrize(
    "form", ["{:09}", "{:010}", "{:011}", "{:012}", "2951099{:08}", "{:08}Z", "X{:07}L", "{:04}A"]
)
def test_no_two_numbers_ever_meet(mask_values: MaskValues, country: str, form: str) -> None:
    numbers = [form.format(number * 37) for number in range(2500)]
    outputs = mask_values("national_id", numbers, "text", options_of(country))
    assert len(set(outputs)) == len(set(numbers))
    assert {len(output) for output in outputs} == {len(number) for number in numbers}


@pytest.mark.parametrize("form", ["1234567{}", "1234567{}L", "A123456{}B"])
def test_a_spanish_number_of_any_letters_keeps_to_its_own(mask_values: MaskValues, form: str) -> None:
    numbers = [
        form.format(digit)[:-1] + letter for digit in range(10) for letter in "TRWAGMYFPDXBNJZSQVHLCKEIOU"
    ]
    outputs = mask_values("national_id", numbers, "text", options_of("es"))
    assert len(set(outputs)) == len(set(numbers))


def test_a_foreigners_spanish_number_stays_valid(mask_values: MaskValues) -> None:
    check = import_module("stdnum.es.nie").is_valid
    assert check("X2482300W")
    outputs = mask_values("national_id", ["X2482300W", "Y2482300P"], "text", options_of("es"))
    assert [check(output) for output in outputs] == [check("X2482300W"), check("Y2482300P")]


def test_an_italian_codes_last_letter_is_right(mask_values: MaskValues) -> None:
    module = import_module("stdnum.it.codicefiscale")
    (output,) = mask_values("national_id", ["RCCMNL83S18D969H"], "text", options_of("it"))
    assert module.calc_check_digit(output[:-1]) == output[-1]
    assert output[:6] != "RCCMNL"


def test_a_danish_birth_date_stays_a_date(mask_values: MaskValues) -> None:
    values = [f"{1 + row % 28:02}{1 + row % 12:02}{row % 100:02}-{row % 10000:04}" for row in range(1000)]
    for output in mask_values("national_id", values, "text", options_of("dk")):
        assert datetime.strptime(output[:6], "%d%m%y").replace(tzinfo=UTC)


def test_the_values_themselves_are_left_alone(mask_values: MaskValues) -> None:
    """A series that is scattered into changes in place, and repeated values are looked up by what they were."""
    once = mask_values("national_id", ["7", "A"], "text", options_of("br"))
    assert mask_values("national_id", ["7", "A"] * 3000, "text", options_of("br")) == once * 3000


def test_a_wrong_number_stays_wrong(mask_values: MaskValues) -> None:
    outputs = mask_values("national_id", ["39053344706", "390.533.447-99"], "text", options_of("br"))
    assert not any(map(is_valid("br"), outputs))


def test_letters_of_names_do_not_stay(mask_values: MaskValues) -> None:
    for country in ("it", "gb", "fr", "br"):
        (output,) = mask_values("national_id", ["LVLDAA15T50Z114X no."], "text", options_of(country))
        assert "LVLDAA" not in output


def test_all_dates_of_each_order_come_first() -> None:
    ranks = rank_dates("ymd_century")
    assert ranks.dates == 365 * 500 + 24 * 4 + 25  # 2000 is a leap year, 1800, 1900, 2100 and 2200 are none
    assert ranks.rank[202229] < ranks.dates
    assert ranks.rank[229] >= ranks.dates
    assert ranks.rank[2229] < ranks.dates
    assert rank_dates("dmy").dates == 365 * 100 + 25


@pytest.mark.parametrize(
    ("country", "form"),
    [
        ("us", r"(000|666)-\d{2}-\d{4}"),
        ("gb", r"[A-Z]{2} \d\d \d\d \d\d [A-D]"),
        ("de", r"0\d \d{3} \d{3} \d{3}"),
    ],
)
def test_a_reserved_number_is_grouped_where_the_value_is(
    mask_values: MaskValues, country: str, form: str
) -> None:
    values = [f"{row:04}-1 {row}" for row in range(2000)]
    outputs = pl.Series(mask_values("national_id", values, "text", {"country": country}))
    assert outputs.str.contains(f"^{form}$").all()
    plain = mask_values(
        "national_id", ["0000-10", "0000 1.0", "0000/1/0", "000010"], "char(11)", {"country": country}
    )
    bare = [output.replace("-", "").replace(" ", "") for output in plain]
    assert len(set(bare)) == 1
    assert plain[-1] == bare[0]


@pytest.mark.parametrize(
    ("country", "length"), [("us", 9), ("us", 10), ("gb", 9), ("gb", 12), ("de", 11), ("de", 13)]
)
def test_a_narrow_column_gets_reserved_numbers_without_groups(
    mask_values: MaskValues, country: str, length: int
) -> None:
    outputs = mask_values("national_id", ["1-2 3"], f"varchar({length})", {"country": country})
    assert [len(output) for output in outputs] == [11 if country == "de" else 9]
    with pytest.raises(DoesNotFit):
        mask_values("national_id", [], "varchar(8)", {"country": country})


def test_nobody_has_a_reserved_number(mask_values: MaskValues) -> None:
    values = [f"{row}" for row in range(1000)]
    assert not any(
        map(
            import_module("stdnum.us.ssn").is_valid,
            mask_values("national_id", values, "text", {"country": "us"}),
        )
    )
    german = mask_values("national_id", values, "text", {"country": "de"})
    assert all(map(import_module(VALIDATORS["de"]).is_valid, german))
    assert not any(map(import_module("stdnum.de.idnr").is_valid, german))
    for prefix in {output[:2] for output in mask_values("national_id", values, "text", {"country": "gb"})}:
        assert (
            prefix[0] in "DFIQUV" or prefix[1] in "DFIOQUV" or prefix in {"BG", "GB", "KN", "NK", "NT", "ZZ"}
        )
    in_space = MASKS["national_id"].in_space
    assert in_space is not None
    assert not in_space(
        pl.Series(
            ["536-90-4399", "AB123456C", "36574261809", "000-12-34567", "TN123456A", "FY123456A", "OO123456A"]
        )
    ).any()


def test_what_is_promised_follows_the_country() -> None:
    assert promise_of({"country": "us"}) == (Uniqueness.LOSSY, Overlap.DISJOINT)
    assert promise_of({"country": "us", "space": "same_format"}) == (Uniqueness.INJECTIVE, Overlap.CHANCE)
    assert promise_of({}) == (Uniqueness.INJECTIVE, Overlap.CHANCE)
    assert promise_of({"locale": "en_GB"}) == (Uniqueness.LOSSY, Overlap.DISJOINT)


def test_a_country_without_reserved_numbers_is_refused_with_those_that_have(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="no numbers are known that pl gives to nobody") as refusal:
        mask_values("national_id", [], "text", {"country": "pl", "space": "reserved"})
    assert refusal.value.alternative == "`space: same_format`, or `country:` de, gb, us"
