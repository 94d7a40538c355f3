"""Numbers: permutations are bijective on full small spaces, check digits are right, reserved means reserved."""

from __future__ import annotations

import ipaddress
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.masking.phone_numbers import RESERVED

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def texts(numbers: range) -> list[str]:
    return [str(number) for number in numbers]


@pytest.mark.parametrize(
    "within_one_magnitude",
    [
        range(1, 10),
        range(10, 100),
        range(1000, 10_000),
        range(10_000, 2**15),
        range(2**15, 100_000),
        range(-9, 0),
        range(-(2**15), -9999),
        range(1),
    ],
)
def test_a_magnitude_is_permuted_onto_itself(mask_values: MaskValues, within_one_magnitude: range) -> None:
    numbers = texts(within_one_magnitude)
    outputs = mask_values("permute_integer", numbers, "int8")
    assert sorted(outputs) == sorted(numbers)
    assert outputs != numbers or len(numbers) == 1


def test_magnitudes_of_one_size_are_permuted_apart(mask_values: MaskValues) -> None:
    above = mask_values("permute_integer", texts(range(1000, 10_000)), "int4")
    below = mask_values("permute_integer", texts(range(-9999, -999)), "int4")
    same = (int(one) - 1000 == int(other) + 9999 for one, other in zip(above, below, strict=True))
    assert sum(same) < 10


def test_an_integer_has_one_stand_in_in_every_integer_type(mask_values: MaskValues) -> None:
    numbers = [*texts(range(-(2**15), 2**15, 97)), "32767", "-32768"]
    in_int2, in_int4, in_int8 = (
        mask_values("permute_integer", numbers, base) for base in ("int2", "int4", "int8")
    )
    assert in_int2 == in_int4 == in_int8
    assert all(-(2**15) <= int(output) < 2**15 for output in in_int2)


@pytest.mark.parametrize(("base", "bits"), [("int2", 15), ("int4", 31), ("int8", 63)])
def test_the_ends_of_a_type_stay_inside_it(mask_values: MaskValues, base: str, bits: int) -> None:
    numbers = texts(range(2**bits - 300, 2**bits)) + texts(range(-(2**bits), -(2**bits) + 300))
    for options in ({}, {"within": "type"}):
        outputs = mask_values("permute_integer", numbers, base, options)
        assert len(set(outputs)) == len(numbers)
        assert all(-(2**bits) <= int(output) < 2**bits for output in outputs)


def test_a_chosen_range_is_permuted_onto_itself_and_the_rest_by_magnitude(mask_values: MaskValues) -> None:
    numbers = texts(range(-20, 200))
    outputs = mask_values("permute_integer", numbers, "int4", {"within": [-5, 120]})
    assert sorted(map(int, outputs[15:141])) == list(range(-5, 121))
    assert all(121 <= int(output) <= 999 for output in outputs[141:])
    assert len(set(outputs)) == len(numbers)


def test_a_range_the_type_does_not_hold_is_refused(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="int2 does not hold all of 1 to 100000"):
        mask_values("permute_integer", ["1"], "int2", {"within": [1, 100_000]})
    with pytest.raises(ValidationError, match="lowest value is above"):
        MASKS["permute_integer"].options.model_validate({"within": [5, 1]})


def test_a_documents_number_gets_the_stand_in_of_the_key_it_refers_to(mask_values: MaskValues) -> None:
    numbers = ["1", "42", "-7", "123456789012345678", "9223372036854775807"]
    assert mask_values("permute_integer", numbers, "text") == mask_values("permute_integer", numbers, "int8")


def test_a_text_that_is_no_plain_integer_is_not_let_through(mask_values: MaskValues) -> None:
    odd = ["0017", "3.14159", "99999999999999999999", "1e5555"]
    outputs = mask_values("permute_integer", odd, "text")
    assert [len(output) for output in outputs] == [len(text) for text in odd]
    assert not set(outputs) & set(odd)
    mask = MASKS["permute_integer"]
    context = MaskContext(ColumnType("text", "text"), ProjectKey(b"k" * 32).digest_for("d"))
    assert mask.promise(mask.options(), context).uniqueness is Uniqueness.LOSSY


@pytest.mark.parametrize(
    ("mask", "options", "texts_of"),
    [
        ("permute_digits", {}, lambda number: f"A-{number:03}/x"),
        ("permute_digits", {}, lambda number: f"{number:03}"),
        ("permute_digits", {}, lambda number: "".join(chr(0x660 + int(digit)) for digit in f"{number:03}")),
        ("phone", {"space": "same_format"}, lambda number: f"+44 1{number:04}"),
        ("card", {"space": "same_format"}, lambda number: f"{number:03}"),
    ],
)
def test_a_full_space_of_digits_is_permuted_onto_itself(
    mask_values: MaskValues, mask: str, options: dict[str, str], texts_of: Any
) -> None:
    every = [texts_of(number) for number in range(10_000 if mask == "phone" else 1000)]
    outputs = mask_values(mask, every, "text", options)
    assert sorted(outputs) == sorted(every)
    assert outputs != every


def test_digits_keep_their_places_in_any_format(mask_values: MaskValues) -> None:
    values = [f"{'x' * (row % 90)}{row:06}-é{row % 10}" for row in range(500)]
    outputs = mask_values("permute_digits", values)
    for value, output in zip(values, outputs, strict=True):
        assert "".join("0" if letter.isdecimal() else letter for letter in value) == "".join(
            "0" if letter.isdecimal() else letter for letter in output
        )
    few = values[5:6]
    assert mask_values("permute_digits", few) == outputs[5:6]


@pytest.mark.parametrize("count", [18, 19, 36, 37, 80])
def test_runs_of_digits_of_any_length_stay_apart(mask_values: MaskValues, count: int) -> None:
    values = [str(number).zfill(count) for number in range(3000)]
    outputs = mask_values("permute_digits", values)
    assert len(set(outputs)) == len(values)
    assert {len(output) for output in outputs} == {count}


def test_equal_pieces_of_a_long_run_get_different_stand_ins(mask_values: MaskValues) -> None:
    output = mask_values("permute_digits", ["123456789012345678901234567890123456" * 2])[0]
    assert output[:36] != output[36:]


def test_a_value_without_digits_is_kept(mask_values: MaskValues) -> None:
    assert mask_values("permute_digits", ["none", "—", None, ""]) == ["none", "—", None, ""]


def is_luhn_valid(number: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@pytest.mark.parametrize("brand", ["visa", "mastercard", "discover", "amex"])
def test_a_test_cards_check_digit_is_right(mask_values: MaskValues, brand: str) -> None:
    outputs = mask_values("card", texts(range(500)), "varchar(19)", {"brand": brand})
    assert all(is_luhn_valid(output) for output in outputs)


def test_a_permuted_card_stays_as_valid_as_it_was(mask_values: MaskValues) -> None:
    valid, wrong = "4111 1111 1111 1111", "4111 1111 1111 1112"
    outputs = mask_values("card", [valid, wrong], "text", {"space": "same_format"})
    digits = [output.replace(" ", "") for output in outputs]
    assert is_luhn_valid(digits[0])
    assert not is_luhn_valid(digits[1])
    assert [output[4::5] for output in outputs] == ["   ", "   "]


@pytest.mark.parametrize(
    ("country", "length"),
    [("GB", 22), ("IE", 22), ("NL", 18), ("DE", 22), ("AT", 20), ("CH", 21), ("FR", 27), ("MT", 31)],
)
def test_an_ibans_check_digits_are_right(mask_values: MaskValues, country: str, length: int) -> None:
    for output in mask_values("iban", texts(range(200)), "varchar(34)", {"country": country}):
        assert len(output) == length
        number = "".join(str(int(letter, 36)) for letter in output[4:] + output[:4])
        assert int(number) % 97 == 1


def test_a_french_accounts_own_key_is_right(mask_values: MaskValues) -> None:
    for output in mask_values("iban", texts(range(200)), "text", {"country": "FR"}):
        bank, branch, account, key = output[4:9], output[9:14], output[14:25], output[25:]
        assert (89 * int(bank) + 15 * int(branch) + 3 * int(account) + int(key)) % 97 == 0


def test_only_an_iban_with_room_for_64_bits_promises_no_collisions() -> None:
    mask = MASKS["iban"]
    context = MaskContext(ColumnType("text", "text"), ProjectKey(b"k" * 32).digest_for("d"), "en_GB")
    found = {
        country: mask.promise(mask.options.model_validate({"country": country}), context).uniqueness
        for country in ("GB", "FR", "MT")
    }
    assert found == {"GB": Uniqueness.LOSSY, "FR": Uniqueness.LOSSY, "MT": Uniqueness.COLLISION_FREE}


@pytest.mark.parametrize("locale", sorted(RESERVED))
@pytest.mark.parametrize("style", ["international", "national"])
def test_every_reserved_number_is_used_and_told_from_others(
    mask_values: MaskValues, locale: str, style: str
) -> None:
    outputs = mask_values("phone", texts(range(30_000)), "text", {"locale": locale, "style": style})
    capacity = sum(found.size for found in RESERVED[locale])
    assert len(set(outputs)) > min(capacity, 30_000) * 0.4
    in_space = MASKS["phone"].in_space
    assert in_space is not None
    assert in_space(pl.Series(outputs)).all()
    real = pl.Series(["+442071234567", "+12125550200", "030 2312", "0491571266", "n/a", ""])
    assert not in_space(real).any()


def test_an_address_of_documentation_is_one(mask_values: MaskValues) -> None:
    networks = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    network_6 = ipaddress.ip_network("2001:db8::/32")
    for output in mask_values("ip", [f"10.0.{row}.1" for row in range(250)], "inet"):
        assert any(ipaddress.ip_address(output) in network for network in networks)
    for output in mask_values("ip", [f"2a00::{row:x}" for row in range(1, 250)], "inet"):
        assert ipaddress.ip_address(output) in network_6
        assert str(ipaddress.ip_address(output)) == output


def test_permuted_addresses_stay_apart_with_their_netmasks(mask_values: MaskValues) -> None:
    values = [f"10.0.{row}.{column}" for row in range(20) for column in range(250)]
    values += [f"{value}/24" for value in values]
    outputs = mask_values("ip", values, "inet", {"space": "same_format"})
    assert len(set(outputs)) == len(values)
    assert all(ipaddress.ip_interface(output) for output in outputs)
    assert outputs[5000:] == [f"{output}/24" for output in outputs[:5000]]
