"""Account numbers keep their format and stay apart; bank codes are no bank's."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.masks import MASKS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def uniqueness_of(options: dict[str, str], locale: str = "en_US") -> Uniqueness:
    mask = MASKS["account"]
    context = MaskContext(ColumnType("text", "text"), ProjectKey(b"k" * 32).digest_for("d"), locale)
    return mask.promise(mask.options.model_validate(options), context).uniqueness


@pytest.mark.parametrize("form", ["{:04}", "20-{:04}", "AB {:04} 9"])
@pytest.mark.parametrize("options", [{}, {"part": "bank", "locale": "en_GB"}])
def test_accounts_keep_their_format_and_never_meet(
    mask_values: MaskValues, form: str, options: dict[str, str]
) -> None:
    values = [form.format(number) for number in range(10_000)]
    outputs = mask_values("account", values, "text", options)
    assert len(set(outputs)) == len(values)
    assert sum(output == value for output, value in zip(outputs, values, strict=True)) < 10
    assert outputs[7][2:3] == values[7][2:3] or form == "{:04}"
    assert {len(output) for output in outputs} == {len(values[0])}
    assert uniqueness_of(options) is Uniqueness.INJECTIVE


def test_an_american_bank_code_is_well_formed_and_no_banks(mask_values: MaskValues) -> None:
    validator = import_module("stdnum.us.rtn")
    outputs = mask_values("account", [f"{row}" for row in range(500)], "char(9)", {"part": "bank"})
    assert all(validator.calc_check_digit(output[:-1]) == output[-1] for output in outputs)
    assert {output[0] for output in outputs} == {"9"}


def test_a_bank_code_is_one_however_it_is_grouped(mask_values: MaskValues) -> None:
    options = {"part": "bank", "country": "de"}
    outputs = mask_values("account", ["500 105 17", "50010517", "500-105-17"], "varchar(8)", options)
    assert len(set(outputs)) == 1
    assert uniqueness_of(options) is Uniqueness.LOSSY


def test_only_codes_of_no_bank_are_nobodys() -> None:
    in_space = MASKS["account"].in_space
    assert in_space is not None
    assert in_space(pl.Series(["912345678", "91 234 567"])).all()
    assert not in_space(pl.Series(["50010517", "021000021", "9123456", "9123456789"])).any()


@pytest.mark.parametrize("options", [{}, {"part": "bank", "locale": "en_GB"}])
def test_a_space_that_is_not_known_is_refused_with_what_is(
    mask_values: MaskValues, options: dict[str, str]
) -> None:
    with pytest.raises(DoesNotFit) as refusal:
        mask_values("account", [], "text", {**options, "space": "reserved"})
    assert "de, us" in refusal.value.alternative


def test_a_column_too_narrow_for_a_bank_code_is_refused(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="up to 9 characters"):
        mask_values("account", [], "varchar(8)", {"part": "bank"})
