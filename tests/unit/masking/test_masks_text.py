"""Names, addresses and free text: who is one person, what fits a column, what is said when it does not."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.masks import MASKS
from dbtool.masking.pools import load_pool

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


@pytest.mark.parametrize(
    ("mask", "one", "other"),
    [
        ("email", " Ada@Lovelace.ORG", "ada@lovelace.org"),
        ("email", "zoe\u0308@x.org", "zo\u00eb@x.org"),
        ("full_name", "Ada Lovelace ", "ADA LOVELACE"),
        ("last_name", "STRASSE", "Straße"),
        ("username", "Ada", "ada"),
        ("phone", "+44 (0)20 7946 0958", "00442079460958"),
        ("card", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("iban", "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
        ("uuid", "9F2C1A34-7D55-4C0E-8A61-2B3C4D5E6F70", "9f2c1a34-7d55-4c0e-8a61-2b3c4d5e6f70"),
    ],
)
def test_two_spellings_of_one_thing_get_one_stand_in(
    mask_values: MaskValues, mask: str, one: str, other: str
) -> None:
    first, second, third = mask_values(mask, [one, other, "someone else"])
    assert first == second != third


def test_blanks_that_pad_a_char_column_change_nothing(mask_values: MaskValues) -> None:
    assert mask_values("token", ["key   "], "char(64)") == mask_values("token", ["key"], "text")


@pytest.mark.parametrize(
    ("mask", "column", "remedy"),
    [
        ("email", "varchar(40)", "`name: false`, which makes at most 28"),
        ("full_name", "varchar(20)", "`max_length: 20`"),
        ("username", "varchar(20)", "`name: false`, which makes 17"),
        ("token", "varchar(20)", "null"),
        ("uuid", "varchar(35)", "token"),
        ("phone", "varchar(5)", "same_format"),
        ("iban", "char(20)", "country: NL"),
        ("ip", "varchar(15)", "inet"),
        ("card", "varchar(15)", "same_format"),
        ("constant", "varchar(2)", "a shorter value"),
    ],
)
def test_a_stand_in_that_could_overflow_is_refused_with_a_shorter_one(
    mask_values: MaskValues, mask: str, column: str, remedy: str
) -> None:
    with pytest.raises(DoesNotFit) as refusal:
        mask_values(mask, ["x"], column, {"value": "gone"} if mask == "constant" else {})
    assert column in refusal.value.reason
    assert remedy in refusal.value.alternative


def test_the_shorter_form_fits(mask_values: MaskValues) -> None:
    assert len(mask_values("email", ["a"], "varchar(28)", {"name": False})[0]) == 28
    assert len(mask_values("full_name", ["a"], "varchar(20)", {"max_length": 20})[0]) <= 20
    assert len(mask_values("username", ["a"], "varchar(17)", {"name": False})[0]) == 17


def test_a_stand_in_does_not_depend_on_the_columns_length(mask_values: MaskValues) -> None:
    for mask in ("email", "full_name", "phone"):
        assert mask_values(mask, ["a"], "varchar(200)") == mask_values(mask, ["a"], "text")


@pytest.mark.parametrize("mask", sorted(set(MASKS) - {"constant", "null", "sql"}))
def test_a_column_of_another_type_is_refused(mask_values: MaskValues, mask: str) -> None:
    required = {
        "bucket": {"size": 10},
        "dictionary": {"file": "words.txt"},
        "faker": {"provider": "job"},
        "python": {"function": "shop_masks:badge"},
        "template": {"template": "{hex:16}"},
    }
    with pytest.raises(DoesNotFit, match="the column is oid"):
        mask_values(mask, ["1"], "oid", required.get(mask))


@pytest.mark.parametrize("domains", [[], ["Example.com"], ["localhost"], ["a b.com"], ["x@example.com"]])
def test_what_is_no_domain_is_a_wrong_option(domains: list[str]) -> None:
    with pytest.raises(ValidationError):
        MASKS["email"].options.model_validate({"domains": domains})


def test_unknown_options_are_refused_for_every_mask() -> None:
    for mask in MASKS.values():
        with pytest.raises(ValidationError, match="no_such_option"):
            mask.options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call Ada on 020 7946 0958!", "Xxxx Xxx xx 000 0000 0000!"),
        ("Žofie, ǅ straße ²", "Xxxxx, X xxxxxx 0"),
        ("日本 हिन्दी ٣", "xx xxxxxx 0"),
        ("e\u0301💡\t-", "xx💡\t-"),
    ],
)
def test_redacting_keeps_length_and_shape_of_any_script(
    mask_values: MaskValues, text: str, expected: str
) -> None:
    assert mask_values("redact", [text, None, ""]) == [expected, None, ""]


def test_redacting_survives_a_nul_from_a_document(mask_values: MaskValues) -> None:
    assert mask_values("redact", ["a\0b", "Cd"]) == ["x x", "Xx"]


def test_filler_is_about_as_long_and_ends_with_a_whole_word(mask_values: MaskValues) -> None:
    texts = [f"{number} " + "x" * length for number in range(3) for length in range(10, 1500, 37)]
    outputs = mask_values("lorem", texts)
    for text, output in zip(texts, outputs, strict=True):
        assert len(text) - 15 <= len(output) <= len(text)
    words = {word.strip(".").lower() for output in outputs if len(output) > 40 for word in output.split()}

    assert words <= {word.lower() for word in load_pool("word", "en_US")}


def test_filler_for_a_few_letters_is_as_few(mask_values: MaskValues) -> None:
    assert [len(output) for output in mask_values("lorem", ["a", "ab", "abc"])] == [1, 2, 3]


def test_a_uuid_is_a_random_one_of_version_4(mask_values: MaskValues) -> None:
    for output in mask_values("uuid", [str(number) for number in range(200)], "uuid"):
        assert uuid.UUID(output).version == 4
        assert uuid.UUID(output).variant == uuid.RFC_4122


def test_a_token_of_bytes_is_spelt_as_bytes(mask_values: MaskValues) -> None:
    assert re.fullmatch(r"\\x[0-9a-f]{32}", mask_values("token", ["\\x00ff"], "bytea")[0])
    with pytest.raises(DoesNotFit, match="bytea"):
        mask_values("token", ["\\x00"], "bytea", {"prefix": "sk_"})


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [("!", "text", "!"), (True, "bool", "true"), (0, "int4", "0"), ("{}", "jsonb", "{}"), ("", "text", "")],
)
def test_a_constant_is_every_value_but_null(
    mask_values: MaskValues, value: Any, column: str, expected: str
) -> None:
    assert mask_values("constant", ["a", None, ""], column, {"value": value}) == [expected, None, expected]


@pytest.mark.parametrize(("value", "column"), [("x", "int4"), (40_000, "int2"), (2**63, "int8")])
def test_a_constant_that_the_type_does_not_hold_is_refused(
    mask_values: MaskValues, value: Any, column: str
) -> None:
    with pytest.raises(DoesNotFit, match=column):
        mask_values("constant", ["1"], column, {"value": value})


def test_the_null_mask_leaves_nothing(mask_values: MaskValues) -> None:
    assert mask_values("null", ["a", None, ""], "timestamptz") == [None, None, None]
    assert MASKS["null"].makes_null
