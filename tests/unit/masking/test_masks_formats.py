"""Codes of any format: bijective on every full small space, letters by their case, everything else in its place."""

from __future__ import annotations

import unicodedata
from itertools import product
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import pytest

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def shape_of(text: str) -> str:
    """Category by category; what is neither letter nor digit as it is."""
    kept = (unicodedata.category(letter) for letter in text)
    return "".join(
        {"Lu": "A", "Ll": "a", "Lo": "l", "Nd": "0"}.get(category, letter)
        for category, letter in zip(kept, text, strict=True)
    )


@pytest.mark.parametrize(
    "alphabets",
    [
        [digits],
        [ascii_uppercase],
        [ascii_lowercase, ascii_uppercase],
        [ascii_uppercase, "-", digits, digits],
        [digits, "/", digits, " ", digits, digits],
        ["٠١٢٣٤٥٦٧٨٩", digits],
    ],
)
def test_every_full_space_of_one_format_is_permuted(mask_values: MaskValues, alphabets: list[str]) -> None:
    every = ["".join(letters) for letters in product(*alphabets)]
    outputs = mask_values("permute_format", every)
    assert sorted(outputs) == sorted(every)
    assert sum(a == b for a, b in zip(outputs, every, strict=True)) < 10


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 32, 33, 100])
def test_codes_of_any_length_stay_apart_and_keep_their_shape(mask_values: MaskValues, count: int) -> None:
    values = [f"{row:x}".upper().zfill(count)[-count:] for row in range(min(16**count, 3000))]
    outputs = mask_values("permute_format", values)
    assert len(set(outputs)) == len(values)
    assert [shape_of(output) for output in outputs] == [shape_of(value) for value in values]


def test_a_code_has_one_stand_in_beside_longer_and_shorter_ones(mask_values: MaskValues) -> None:
    alone = mask_values("permute_format", ["HX-1042"])
    beside = mask_values("permute_format", ["Й" * 50, "HX-1042", "7", "a b c"])
    assert beside[1:2] == alone


def test_the_same_part_of_two_codes_does_not_show_in_their_stand_ins(mask_values: MaskValues) -> None:
    outputs = mask_values("permute_format", [f"HXA-{number:04}" for number in range(2000)])
    assert len({output[:3] for output in outputs}) > 1500


def test_pieces_of_a_long_code_get_different_stand_ins(mask_values: MaskValues) -> None:
    (output,) = mask_values("permute_format", ["a" * 32])
    assert output[:16] != output[16:]


def test_letters_of_every_script_are_changed(mask_values: MaskValues) -> None:
    values = ["Łukasz", "Ольга", "東京都", "שלום", "٤٢٤٢٤٢", "Zoë"]
    outputs = mask_values("permute_format", values)
    for value, output in zip(values, outputs, strict=True):
        assert output != value
        assert shape_of(output) == shape_of(value)
        assert len(output.encode()) == len(value.encode())


def test_what_has_no_letter_or_digit_is_kept(mask_values: MaskValues) -> None:
    assert mask_values("permute_format", ["—", "", None, " /-.", "\0"]) == ["—", "", None, " /-.", "\0"]


def test_a_nul_within_a_document_keeps_values_apart(mask_values: MaskValues) -> None:
    outputs = mask_values("permute_format", ["A\0B", "AB", "12"])
    assert [len(output) for output in outputs] == [3, 2, 2]
    assert outputs[0][1] == "\0"


def test_bits_are_permuted_among_bits(mask_values: MaskValues) -> None:
    every = [f"{number:012b}" for number in range(4096)]
    outputs = mask_values("permute_format", every, "varbit")
    assert sorted(outputs) == every
    assert outputs != every
