"""Buckets: bounds are exact and within the type, of numbers of any size and of every date."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.masks import MASKS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


@pytest.mark.parametrize(
    ("column", "spelt", "size"),
    [
        ("int2", "{}", 10),
        ("int8", "{}", 7),
        ("numeric", "{}.37", 0.25),
        ("numeric(12,4)", "{}.1234", 0.5),
        ("numeric(60,30)", "{}." + "123456789" * 3 + "123", 5),
        ("float8", "{}.5", 2.5),
        ("text", "{}.5", 3),
    ],
)
def test_a_number_goes_down_to_a_multiple_of_the_size(
    mask_values: MaskValues, column: str, spelt: str, size: float
) -> None:
    values = [spelt.format(number) for number in range(-2000, 2000, 3)]
    outputs = mask_values("bucket", values, column, {"size": size})
    for value, output in zip(map(Decimal, values), map(Decimal, outputs), strict=True):
        assert output % Decimal(str(size)) == 0
        assert 0 <= value - output < Decimal(str(size))
    if column.startswith("numeric"):
        assert {len(out.partition(".")[2]) for out in outputs} == {len(spelt) - 3}


def test_a_number_goes_down_to_an_edge_and_up_to_the_first(mask_values: MaskValues) -> None:
    values = ["-5", "17", "18", "24", "25", "64", "65", "999"]
    expected = ["18", "18", "18", "18", "25", "25", "65", "65"]
    options = {"edges": [18, 25, 65]}
    for column in ("int4", "numeric(4,0)", "float8", "text"):
        assert mask_values("bucket", values, column, options) == expected
    long = mask_values("bucket", ["1" * 30, "-" + "1" * 30], "numeric", options)
    assert long == ["65", "18"]
    assert mask_values("bucket", ["0.75", "3.00"], "numeric(4,2)", {"edges": [0.5, 2.25]}) == ["0.50", "2.25"]


@pytest.mark.parametrize(
    ("column", "value", "bound"),
    [
        ("int2", "-32768", "-32767"),
        ("int4", "-2147483648", "-2147483647"),
        ("int8", "-9223372036854775808", "-9223372036854775807"),
        ("int8", "9223372036854775807", "9223372036854775000"),
        ("numeric(4,2)", "-99.99", "-99.99"),
        ("numeric(30,0)", "-" + "9" * 30, "-" + "9" * 30),
        ("numeric(30,0)", "9" * 30, "9" * 27 + "000"),
        ("money", "-$92,233,720,368,547,758.08", "-$92233720368547758.07"),
    ],
)
def test_a_bound_stays_within_the_type(mask_values: MaskValues, column: str, value: str, bound: str) -> None:
    assert mask_values("bucket", [value], column, {"size": 1000}) == [bound]


def test_amounts_of_money_have_bounds(mask_values: MaskValues) -> None:
    assert mask_values("bucket", ["$1,234.56", "-$0.05", "$0.00"], "money", {"size": 2.5}) == [
        "$1232.50",
        "-$2.50",
        "$0.00",
    ]


@pytest.mark.parametrize(
    ("unit", "beginning"),
    [
        ("week", lambda day: day - timedelta(day.weekday())),
        ("month", lambda day: day.replace(day=1)),
        ("quarter", lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)),
        ("year", lambda day: day.replace(month=1, day=1)),
        ("decade", lambda day: day.replace(year=day.year // 10 * 10, month=1, day=1)),
        ("century", lambda day: day.replace(year=(day.year - 1) // 100 * 100 + 1, month=1, day=1)),
    ],
)
def test_a_date_goes_back_to_the_beginning_of_its_unit(
    mask_values: MaskValues, unit: str, beginning: Any
) -> None:
    days = [date(1582, 1, 1) + timedelta(step) for step in range(0, 200_000, 97)]
    outputs = mask_values("bucket", [str(day) for day in days], "date", {"unit": unit})
    assert outputs == [str(beginning(day)) for day in days]
    moments = mask_values(
        "bucket", [f"{day} 23:59:59.5+00" for day in days[:50]], "timestamptz", {"unit": unit}
    )
    assert moments == [f"{beginning(day)} 00:00:00+00" for day in days[:50]]


def test_the_time_of_day_is_cut_and_its_zone_is_not(mask_values: MaskValues) -> None:
    value = "2024-02-29 23:59:58.123456+05:30"
    times = {"minute": "23:59:00", "hour": "23:00:00", "day": "00:00:00"}
    for unit, time in times.items():
        outputs = mask_values("bucket", [value, "0044-03-15 12:34:56 BC"], "timestamptz", {"unit": unit})
        assert outputs[0] == f"2024-02-29 {time}+05:30"
        assert outputs[1].startswith("0044-03-15 ")
        assert outputs[1].endswith(" BC")


def test_the_first_date_of_all_has_a_beginning(mask_values: MaskValues) -> None:
    for unit in ("week", "month", "century"):
        assert mask_values("bucket", ["4714-11-24 BC"], "date", {"unit": unit}) == ["4714-11-24 BC"]


def test_what_has_no_size_stays_and_what_is_no_number_is_redacted(mask_values: MaskValues) -> None:
    kept = ["NaN", "Infinity", "-Infinity", None, ""]
    assert mask_values("bucket", kept, "numeric", {"size": 10}) == kept
    assert mask_values("bucket", kept, "float8", {"size": 10}) == kept
    assert mask_values("bucket", ["infinity", "-infinity"], "timestamp", {"unit": "year"}) == [
        "infinity",
        "-infinity",
    ]
    odd = ["Ada 37", "0042", "1e5", "7" * 5000]
    assert mask_values("bucket", odd, "text", {"size": 10}) == ["Xxx 00", "0000", "0x0", "0" * 5000]
    odd = ["2024-02-29 Ada", "2024-02-30", "soon"]
    assert mask_values("bucket", odd, "text", {"unit": "month"}) == ["0000-00-00 Xxx", "0000-00-00", "xxxx"]


def test_a_float_too_large_for_its_bucket_is_its_own_bound(mask_values: MaskValues) -> None:
    assert mask_values("bucket", ["1e+308"], "float8", {"size": 0.001}) == ["1e+308"]


@pytest.mark.parametrize(
    ("column", "options", "message"),
    [
        ("int4", {"size": 0.5}, "1 decimals and int4 has 0"),
        ("numeric(6,1)", {"edges": [0.25, 1]}, "2 decimals"),
        ("date", {"size": 10}, "size and edges are for numbers"),
        ("int4", {"unit": "month"}, "unit is for dates"),
        ("date", {"unit": "hour"}, "no hour within it"),
        ("varchar(5)", {"size": 10}, "is limited"),
    ],
)
def test_bounds_that_the_column_cannot_hold_are_refused(
    mask_values: MaskValues, column: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoesNotFit, match=message) as refusal:
        mask_values("bucket", ["1"], column, options)
    assert refusal.value.alternative


@pytest.mark.parametrize(
    "options", [{}, {"size": 1, "unit": "day"}, {"edges": [2, 1]}, {"edges": []}, {"size": 0}]
)
def test_options_must_say_one_thing(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MASKS["bucket"].options.model_validate(options)
