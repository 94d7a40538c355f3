"""Permuted decimals: no two numbers meet, whatever their scale and size, and none leaves its column."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.masks import MASKS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def test_a_whole_column_of_cents_is_permuted_onto_itself(mask_values: MaskValues) -> None:
    every = [f"{number / 100:.2f}" for number in range(-9999, 10_000)]
    outputs = mask_values("permute_integer", every, "numeric(4,2)")
    assert sorted(outputs) == sorted(every)
    assert sum(a == b for a, b in zip(outputs, every, strict=True)) < 20


def test_numbers_that_are_equal_stay_equal_and_others_apart(mask_values: MaskValues) -> None:
    values = [f"{sign}{whole}.{part}" for sign in ("", "-") for whole in range(12) for part in range(1000)]
    values += [f"{value}000" for value in values[::7]] + [str(whole) for whole in range(12)]
    outputs = mask_values("permute_integer", values, "numeric")
    found: dict[Decimal, set[Decimal]] = {}
    for value, output in zip(values, outputs, strict=True):
        found.setdefault(Decimal(value), set()).add(Decimal(output))
        assert len(output.partition(".")[2]) == len(value.partition(".")[2])
    assert all(len(stand_ins) == 1 for stand_ins in found.values())
    assert len({stand_in for stand_ins in found.values() for stand_in in stand_ins}) == len(found)


@pytest.mark.parametrize("digits", [18, 19, 20, 37, 60])
@pytest.mark.parametrize("column", ["numeric", "numeric(60,0)"])
def test_large_numbers_keep_their_count_of_digits(mask_values: MaskValues, column: str, digits: int) -> None:
    values = [str(10 ** (digits - 1) + step) for step in range(2000)]
    outputs = mask_values("permute_integer", values + [f"-{value}" for value in values], column)
    assert len(set(outputs)) == 4000
    assert all(len(output) == digits and output[0] != "0" for output in outputs[:2000])
    assert all(output.startswith("-") and len(output) == digits + 1 for output in outputs[2000:])


def test_a_large_number_with_decimals_keeps_its_scale(mask_values: MaskValues) -> None:
    values = [f"{10**20 + step}.{step:04}" for step in range(500)] + ["0.0001", "0.0000"]
    outputs = mask_values("permute_integer", values, "numeric(30,4)")
    assert len(set(outputs)) == len(values)
    assert [len(output) for output in outputs] == [len(value) for value in values]


def test_a_whole_number_has_the_stand_in_of_the_integer(mask_values: MaskValues) -> None:
    numbers = ["0", "7", "-42", "32768", "999999999999999999", "-999999999999999999"]
    expected = mask_values("permute_integer", numbers, "int8")
    assert mask_values("permute_integer", numbers, "numeric") == expected
    assert mask_values("permute_integer", numbers, "numeric(20,0)") == expected


def test_what_is_no_finite_number_stays(mask_values: MaskValues) -> None:
    kept = ["NaN", "Infinity", "-Infinity", None]
    assert mask_values("permute_integer", kept, "numeric") == kept
    assert mask_values("permute_integer", [*kept, "12.50"], "numeric(4,2)")[:4] == kept


def test_a_range_of_a_numeric_is_permuted_onto_itself(mask_values: MaskValues) -> None:
    numbers = [str(number) for number in range(1, 501)]
    outputs = mask_values("permute_integer", numbers, "numeric(6,0)", {"within": [1, 500]})
    assert sorted(outputs) == sorted(numbers)
    every = [str(number) for number in range(-99, 100)]
    assert sorted(mask_values("permute_integer", every, "numeric(2,0)", {"within": "type"})) == sorted(every)


@pytest.mark.parametrize(
    ("column", "options", "message"),
    [
        ("numeric(4,-2)", {}, "rounds"),
        ("numeric", {"within": "type"}, "by magnitude only"),
        ("numeric(6,2)", {"within": [1, 5]}, "by magnitude only"),
        ("numeric(2,0)", {"within": [1, 500]}, "does not hold all"),
    ],
)
def test_what_could_not_stay_apart_is_refused(
    mask_values: MaskValues, column: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoesNotFit, match=message) as refusal:
        mask_values("permute_integer", ["1"], column, options)
    assert refusal.value.alternative


def test_a_numeric_key_is_promised_to_stay_one() -> None:
    mask = MASKS["permute_integer"]
    context = MaskContext(ColumnType("numeric", "numeric"), ProjectKey(b"k" * 32).digest_for("d"))
    assert mask.promise(mask.options(), context).uniqueness is Uniqueness.INJECTIVE
