"""Noise: near, never the number itself, within the type and the bounds, and alike for what moves together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.masks import MASKS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def numbers_of(outputs: list[str]) -> list[Decimal]:
    return [Decimal(output.replace("$", "").replace(",", "")) for output in outputs]


@pytest.mark.parametrize(
    ("column", "spelt"),
    [
        ("int4", "{}"),
        ("int8", "-{}"),
        ("numeric(12,3)", "{}.125"),
        ("numeric", "-{}.5"),
        ("numeric(40,20)", "{}.00000000000000000001"),
        ("float8", "{}.25"),
        ("money", "${:,}.99"),
        ("text", "{}"),
    ],
)
@pytest.mark.parametrize("mask", ["noise", "amount_noise"])
def test_a_number_moves_by_no_more_than_its_share(
    mask_values: MaskValues, mask: str, column: str, spelt: str
) -> None:
    values = [spelt.format(number) for number in range(1000, 60_000, 17)]
    outputs = mask_values(mask, values, column, {"ratio": 0.1})
    for value, output in zip(numbers_of(values), numbers_of(outputs), strict=True):
        assert output != value
        assert abs(output - value) <= abs(value) / 10
    if not column.startswith("float"):
        assert [output.partition(".")[2][-1:].isdigit() for output in outputs] == ["." in v for v in values]
    grown = [abs(out) > abs(one) for one, out in zip(numbers_of(values), numbers_of(outputs), strict=True)]
    assert column == "numeric(40,20)" or 0.4 < sum(grown) / len(values) < 0.6


def test_sums_stay_near(mask_values: MaskValues) -> None:
    values = [f"{row * 37 % 100_000 / 100:.2f}" for row in range(1, 20_000)]
    outputs = mask_values("amount_noise", values, "numeric(10,2)")
    before, after = (sum(map(float, numbers)) for numbers in (values, outputs))
    assert abs(after / before - 1) < 0.002


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("int2", ["32767", "-32768", "1", "-1", "9"]),
        ("int4", ["2147483647", "-2147483648"]),
        ("int8", ["9223372036854775807", "-9223372036854775808", "9223372036854775806"]),
        ("numeric(4,2)", ["99.99", "-99.99", "0.01", "-0.01"]),
        ("numeric(2,4)", ["0.0099", "-0.0001"]),
        ("numeric(2,-2)", ["9900", "-100"]),
        ("money", ["$92,233,720,368,547,758.07", "-$92,233,720,368,547,758.08"]),
    ],
)
def test_the_ends_of_a_type_move_inwards(mask_values: MaskValues, column: str, values: list[str]) -> None:
    ends = {
        "int2": Decimal(2**15),
        "int4": Decimal(2**31),
        "int8": Decimal(2**63),
        "money": Decimal(2**63) / 100,
    }
    limits = {
        "numeric(4,2)": Decimal("99.99"),
        "numeric(2,4)": Decimal("0.0099"),
        "numeric(2,-2)": Decimal(9900),
    }
    for ratio in (0.001, 1):
        outputs = mask_values("noise", values, column, {"ratio": ratio})
        assert not set(outputs) & set(values)
        for value, output in zip(numbers_of(values), numbers_of(outputs), strict=True):
            assert output.is_signed() == value.is_signed()
            assert output != 0
            assert abs(output) < ends[column] if column in ends else abs(output) <= limits[column]


def test_zero_and_what_is_no_size_stay(mask_values: MaskValues) -> None:
    kept = ["0", "0.00", "NaN", "Infinity", "-Infinity", "", None]
    assert mask_values("noise", kept, "numeric") == kept
    assert mask_values("noise", ["0", "-0", *kept[2:]], "float8") == ["0", "-0", *kept[2:]]
    assert mask_values("amount_noise", ["$0.00"], "money") == ["$0.00"]
    assert mask_values("noise", ["0"], "int4", {"amount": 10}) == ["0"]


def test_a_float_at_its_ends_stays_finite(mask_values: MaskValues) -> None:
    ends = ["1.7976931348623157e+308", "-1.7976931348623157e+308", "5e-324"]
    for seed in range(20):
        outputs = mask_values("noise", ends, "float8", by={"id": [str(seed)] * 3})
        assert all(abs(float(output)) not in {0, float("inf")} for output in outputs)
    singles = mask_values("noise", ["3.4028235e+38", "1e-45"], "float4", {"ratio": 1})
    assert 0 < float(singles[0]) < 3.4028235e38
    assert float(singles[1]) > 0


@pytest.mark.parametrize("column", ["int4", "numeric(10,2)", "numeric(38,20)", "float8", "text"])
def test_stand_ins_lie_within_the_bounds(mask_values: MaskValues, column: str) -> None:
    digits = {"numeric(10,2)": ".00", "numeric(38,20)": "." + "0" * 20}.get(column, "")
    values = [f"{number}{digits}" for number in range(18, 71)]
    options = {"amount": 20, "lowest": 18, "highest": 70}
    outputs = mask_values("noise", values, column, options)
    assert all(18 <= number <= 70 for number in numbers_of(outputs))
    assert len(set(outputs)) > 20
    full = mask_values("noise", [f"70{digits}", f"18{digits}"], column, options)
    assert Decimal(full[0]) < 70
    assert Decimal(full[1]) > 18
    near_zero = mask_values("noise", ["1", "2", "3"], "float8", {"amount": 20, "highest": 4})
    assert all(0 < float(output) <= 4 for output in near_zero)
    outside = mask_values("noise", [f"15{digits}", f"99{digits}"], column, options)
    assert all(18 <= number <= 70 for number in numbers_of(outside))


def test_an_amount_is_the_furthest_that_a_number_moves(mask_values: MaskValues) -> None:
    values = [f"{number}.5" for number in range(100, 5000)]
    outputs = mask_values("noise", values, "numeric(10,1)", {"amount": 2.5})
    distances = [abs(a - b) for a, b in zip(numbers_of(outputs), numbers_of(values), strict=True)]
    assert {Decimal("0.1"), Decimal("2.5")} <= set(distances)
    assert max(distances) == Decimal("2.5")


def test_columns_of_a_row_move_alike(mask_values: MaskValues) -> None:
    rows = [str(row) for row in range(2000)]
    net = [f"{row % 90}.{row % 100:02}" for row in range(2000)]
    gross = [f"{row % 90 + row % 3}.{row % 100:02}" for row in range(2000)]
    by = {"id": rows}
    first, second = (mask_values("amount_noise", values, "numeric(10,2)", by=by) for values in (net, gross))
    for less, more in zip(numbers_of(first), numbers_of(second), strict=True):
        assert less <= more
    assert mask_values("amount_noise", net[::-1], "numeric(10,2)", by={"id": rows[::-1]}) == first[::-1]


def test_equal_amounts_of_different_rows_part(mask_values: MaskValues) -> None:
    assert len(set(mask_values("amount_noise", ["100.00"] * 500, "numeric"))) == 1
    by = {"id": [*map(str, range(499)), None]}
    assert len(set(mask_values("amount_noise", ["100.00"] * 500, "numeric", by=by))) > 250


def test_null_is_kept_beside_a_key(mask_values: MaskValues) -> None:
    by = {"id": ["1", "2", None]}
    assert mask_values("noise", [None, None, None], "int4", by=by) == [None, None, None]
    assert mask_values("noise", [None, "50", ""], "float8", by=by)[::2] == [None, ""]


def test_a_documents_number_keeps_its_count_of_digits(mask_values: MaskValues) -> None:
    values = ["9", "-99", "1.25", "1e5", "-2.50E-7", "99999999999999999999.5", "1e9999", "0.1"]
    outputs = mask_values("noise", values)
    for value, output in zip(values, outputs, strict=True):
        assert len(output) == len(value)
        assert output != value
        assert output.lower().partition("e")[2] == value.lower().partition("e")[2]
    bounded = mask_values("noise", ["5e1"], "text", {"lowest": 45, "highest": 70})
    assert 45 <= float(bounded[0]) <= 70


def test_a_text_that_is_no_number_is_redacted(mask_values: MaskValues) -> None:
    outputs = mask_values("noise", ["0042", "12 kg", "1,5", "+7", "about 9", "1e99999"])
    assert outputs == ["0000", "00 xx", "0,0", "+0", "xxxxx 0", "0x00000"]


def test_a_number_of_thousands_of_digits_is_rounded_to_its_first(mask_values: MaskValues) -> None:
    outputs = mask_values("noise", ["-7" + "3" * 5000 + ".5"], "numeric")
    assert outputs == ["-7" + "0" * 5000 + ".0"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lowest": 5, "highest": 1}, "lowest value is above"),
        ({"ratio": 0.2, "amount": 5}, "choose one"),
        ({"ratio": 0}, "greater than or equal to 0.001"),
        ({"amount": float("nan")}, "finite"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MASKS["noise"].options.model_validate(options)


def test_what_is_no_number_column_is_refused(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="noise serves"):
        mask_values("noise", ["2024-01-01"], "date")
