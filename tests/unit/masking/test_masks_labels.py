"""Labels change places and keep their frequencies; words change and keep their number, length and capitals."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.masks import MASKS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import

CATEGORY = MASKS["category"]
STATUS = ColumnType("status", "status", TypeKind.ENUM, labels=("new", "paid", "sent", "lost", "back", "gone"))


def mask_labels(
    values: list[str | None],
    column: ColumnType = STATUS,
    options: dict[str, Any] | None = None,
    key: bytes = b"k" * 32,
) -> list[str | None]:
    context = MaskContext(column, ProjectKey(key).digest_for("status"))
    bound = CATEGORY.bind(CATEGORY.options.model_validate(options or {}), context)
    return bound(pl.Series("v", values, dtype=pl.String), pl.DataFrame()).to_list()


def test_an_enums_labels_change_places() -> None:
    assert sorted(filter(None, mask_labels(list(STATUS.labels)))) == sorted(STATUS.labels)
    orders = {tuple(mask_labels(list(STATUS.labels), key=bytes([seed]) * 32)) for seed in range(40)}
    assert len(orders) > 30
    values: list[str | None] = ["new"] * 50 + ["paid"] * 30 + ["sent"] * 20 + [None]
    outputs = mask_labels(values)
    assert sorted(Counter(outputs).values()) == [1, 20, 30, 50]
    assert outputs[-1] is None


def test_the_empty_label_stays_and_no_other_becomes_it() -> None:
    column = ColumnType("status", "status", TypeKind.ENUM, labels=("", "new", "paid", "sent"))
    for seed in range(10):
        outputs = mask_labels(list(column.labels), column, key=bytes([seed]) * 32)
        assert outputs[0] == ""
        assert sorted(filter(None, outputs)) == ["new", "paid", "sent"]
    with pytest.raises(DoesNotFit):
        mask_labels([""], ColumnType("status", "status", TypeKind.ENUM, labels=("",)))


def test_yes_and_no_may_change_places() -> None:
    boolean = ColumnType("boolean", "bool")
    pairs = {tuple(mask_labels(["t", "f"], boolean, key=bytes([seed]) * 32)) for seed in range(30)}
    assert pairs == {("t", "f"), ("f", "t")}


def test_columns_of_one_domain_agree_however_their_labels_are_ordered() -> None:
    text = ColumnType("text", "text")
    listed = {"values": sorted(STATUS.labels, reverse=True)}
    assert mask_labels(list(STATUS.labels), text, listed) == mask_labels(list(STATUS.labels))


def test_a_label_that_is_not_listed_gets_one_that_is() -> None:
    listed = {"values": ["new", "paid"]}
    for column in (STATUS, ColumnType("text", "text")):
        outputs = mask_labels(["new", "paid", "sent", "lost", "back", "gone"], column, listed)
        assert sorted(filter(None, outputs[:2])) == ["new", "paid"]
        assert set(outputs[2:]) <= {"new", "paid"}
    assert mask_labels(["Ada", ""], ColumnType("text", "text"), listed)[1] == ""


def test_spellings_that_citext_calls_one_get_one_stand_in() -> None:
    citext = ColumnType("citext", "citext")
    outputs = mask_labels(["new", "NEW", "paid"], citext, {"values": ["New", "Paid"]})
    assert outputs[0] == outputs[1] != outputs[2]
    with pytest.raises(DoesNotFit, match="two of the labels are one"):
        mask_labels(["new"], citext, {"values": ["New", "new"]})


def test_only_a_whole_list_promises_that_labels_do_not_meet() -> None:
    def promise(column: ColumnType, **options: object) -> Uniqueness:
        context = MaskContext(column, ProjectKey(b"k" * 32).digest_for("d"))
        return CATEGORY.promise(CATEGORY.options.model_validate(options), context).uniqueness

    assert promise(STATUS) is Uniqueness.INJECTIVE
    assert promise(ColumnType("boolean", "bool")) is Uniqueness.INJECTIVE
    assert promise(STATUS, values=STATUS.labels) is Uniqueness.INJECTIVE
    assert promise(STATUS, values=STATUS.labels[:2]) is Uniqueness.LOSSY
    assert promise(ColumnType("text", "text"), values=["a", "b"]) is Uniqueness.LOSSY


@pytest.mark.parametrize(
    ("column", "options", "message"),
    [
        (ColumnType("text", "text"), {}, "labels of text are not known"),
        (STATUS, {"values": ["new", "nwe"]}, "has no label nwe"),
        (
            ColumnType("status[]", "status", TypeKind.ENUM, is_array=True, labels=("a", "b")),
            {},
            "single values",
        ),
        (ColumnType("varchar(3)", "varchar", length=3), {"values": ["new", "paid"]}, "up to 4 characters"),
        (ColumnType("int4", "int4"), {"values": ["1", "2"]}, "category serves"),
    ],
)
def test_labels_that_the_column_does_not_have_are_refused(
    column: ColumnType, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoesNotFit, match=message) as refusal:
        mask_labels(["a"], column, options)
    assert refusal.value.alternative


@pytest.mark.parametrize("values", [["one"], ["a", "b", "a"]])
def test_a_list_of_labels_has_two_different_ones(values: list[str]) -> None:
    with pytest.raises(ValidationError):
        CATEGORY.options.model_validate({"values": values})


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "ja_JP", "ru_RU"])
def test_words_keep_their_number_and_what_is_between_them(mask_values: MaskValues, locale: str) -> None:
    values = ["Lovelace family, urgent", "  a b-c  I'm", "«Straße» 12", "x", "Donaudampfschiff-Fahrt!", "—"]
    outputs = mask_values("word", values, "varchar(24)", {"locale": locale})
    for value, output in zip(values, outputs, strict=True):
        assert len(output) <= len(value)
        shapes = [re.sub(r"[^\W_]+", "w", text) for text in (value, output)]
        assert shapes[0] == shapes[1]
    assert not {"Lovelace", "family", "urgent", "Donaudampfschiff", "12"} & set(
        re.findall(r"\w+", " ".join(outputs))
    )


def test_a_word_has_one_stand_in_wherever_it_stands(mask_values: MaskValues) -> None:
    outputs = mask_values("word", ["family", "Family", "FAMILY", "my family, his", "Family"])
    assert outputs[1] == outputs[0].capitalize() == outputs[4]
    assert outputs[2] == outputs[0].upper()
    assert outputs[3].split()[1] == outputs[0] + ","
    assert mask_values("word", ["0A:"]) == mask_values("word", ["0A:", "Family"])[:1]


def test_a_number_among_words_becomes_zeros(mask_values: MaskValues) -> None:
    assert mask_values("word", ["1984", "٤٢"]) == ["0000", "00"]
    assert not re.search("[1-9]", mask_values("word", ["tag42 of 1815"])[0])


def test_a_nul_within_a_document_does_not_move_words(mask_values: MaskValues) -> None:
    outputs = mask_values("word", ["a\0bc", "de fg"])
    assert [len(output.split("\0")) for output in outputs] == [2, 1]


def test_words_are_of_many_lengths(mask_values: MaskValues) -> None:
    outputs = mask_values("word", [f"{'x' * (row % 9 + 4)}{chr(97 + row % 26)}" for row in range(2000)])
    assert {len(output) for output in outputs} >= set(range(5, 13))
    assert len(set(outputs)) > 150
