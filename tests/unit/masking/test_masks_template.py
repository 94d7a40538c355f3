"""Texts of a given form: what a template may say, how many texts it makes, and what it must not show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.compile import MaskingPlan, plan_masking
from dbtool.masking.mask import DoesNotFit, MaskContext, Overlap, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.masking.pools import load_pool
from dbtool.rules.model import Decision
from tests.unit.masking.compile_cases import KEEP, KEY, LONG, TEXT, compile_one, errors, rules, table, use

MaskValues = Any  # the fixture of conftest.py, which test files cannot import
MASK = MASKS["template"]
CONTEXT = MaskContext(TEXT, ProjectKey(b"k" * 32).digest_for("template"))


def promise(template: str) -> tuple[Uniqueness, Overlap, int | None]:
    options = MASK.options.model_validate({"template": template})
    found = MASK.promise(options, CONTEXT)
    return found.uniqueness, found.overlap, MASK.capacity(options, CONTEXT)


def refusal(template: object) -> str:
    with pytest.raises(ValidationError) as refused:
        MASK.options.model_validate({"template": template})
    return refused.value.errors()[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("user-{digits:6}@{domain}.example", r"user-\d{6}@template\.example"),
        ("{ letters : 5 }{hex:3}", r"[a-z]{5}[0-9a-f]{3}"),
        ("{number:7-9}", r"[789]"),
        ("{{{digits:1}}}", r"\{\d\}"),
        ("Straße “{digits:200}” 💡", r"Straße “\d{200}” 💡"),
        ("'; DROP {letters:30}\\", r"'; DROP [a-z]{30}\\"),
    ],
)
def test_a_text_has_the_form_of_its_template(mask_values: MaskValues, template: str, form: str) -> None:
    outputs = mask_values("template", ["a", "b", None, ""], options={"template": template})
    assert outputs[2:] == [None, ""]
    assert all(re.fullmatch(form, output) for output in outputs[:2])


def test_no_part_repeats_another(mask_values: MaskValues) -> None:
    (output,) = mask_values("template", ["a"], options={"template": "-".join(["{hex:16}"] * 9)})
    assert len(set(output.split("-"))) == 9


def test_every_character_comes_about_as_often(mask_values: MaskValues) -> None:
    values = [str(number) for number in range(3000)]
    for kind, count in (("digits", 10), ("letters", 26), ("hex", 16)):
        text = "".join(mask_values("template", values, options={"template": f"{{{kind}:25}}"}))
        counts = [text.count(character) for character in set(text)]
        assert len(counts) == count
        assert max(counts) < 1.1 * len(text) / count


def test_both_ends_of_a_number_come(mask_values: MaskValues) -> None:
    values = [str(number) for number in range(1000)]
    outputs = mask_values("template", values, options={"template": "{number:9-12}"})
    assert set(outputs) == {"9", "10", "11", "12"}


def test_a_pool_is_of_the_locale(mask_values: MaskValues) -> None:
    options = {"template": "{pool:city}", "locale": "de_DE"}
    assert set(mask_values("template", ["a", "b"], options=options)) <= set(load_pool("city", "de_DE"))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("plain", "it has no part that differs between values; for one text use mask: constant"),
        ("{domain}", "it has no part that differs between values; for one text use mask: constant"),
        ("{digit:6}", "there is no part {digit:6}; did you mean digits?"),
        ("{}", "there is no part {}; the parts are digits, letters, hex, number, pool, column, domain"),
        (
            "{0}{hex:3}",
            "there is no part {0}; the parts are digits, letters, hex, number, pool, column, domain",
        ),
        ("{digits}", "{digits}: say how many, from 1 to 200, as in {digits:6}"),
        ("{hex:0}", "{hex:0}: say how many, from 1 to 200, as in {hex:6}"),
        ("{hex:201}", "{hex:201}: say how many, from 1 to 200, as in {hex:6}"),
        ("{hex:٣}", "{hex:٣}: say how many, from 1 to 200, as in {hex:6}"),
        ("{hex:-1}", "{hex:-1}: say how many, from 1 to 200, as in {hex:6}"),
        (
            "{number:9-1}",
            "{number:9-1}: give both ends, the lower first, of at most 15 digits, as in {number:1-100}",
        ),
        (
            "{number:5}",
            "{number:5}: give both ends, the lower first, of at most 15 digits, as in {number:1-100}",
        ),
        ("{pool:first}", "{pool:first}: there is no such pool; did you mean first_name?"),
        ("{column:}", "{column:}: name the column, as in {column:id}"),
        ("{domain:x}", "{domain:x}: domain stands alone, for the name of the mask's domain"),
        ("a{hex:3", "the { at character 2 stands alone; write {{ for the character"),
        ("hex:3}", "the } at character 6 stands alone; write }} for the character"),
        ("{a{hex:3}}", "the { at character 1 stands alone; write {{ for the character"),
        ("a\0{hex:3}", "PostgreSQL has no text with NUL"),
        ("", "String should have at least 1 character"),
        (7, "Input should be a valid string"),
    ],
)
def test_what_is_no_template_is_refused_with_the_reason(template: object, reason: str) -> None:
    assert refusal(template) == reason


@pytest.mark.parametrize(
    ("template", "outputs"),
    [
        ("{digits:6}", 10**6),
        ("{number:1-100}-{letters:2}", 100 * 26**2),
        ("{digits:19}", 10**19),
        ("{number:1-10}{digits:19}", 10**20),
    ],
)
def test_few_bits_may_collide(template: str, outputs: int) -> None:
    if outputs < 2**64:
        assert promise(template) == (Uniqueness.LOSSY, Overlap.CHANCE, outputs)


@pytest.mark.parametrize(
    ("template", "outputs"),
    [
        ("{digits:20}", 10**20),
        ("{letters:14}", 26**14),
        ("{hex:16}", 2**64),
        ("{hex:8}-{pool:slug}-{hex:8}", 2**64),
        ("{number:10-99}{hex:16}", 90 * 2**64),
        ("{number:1-99}{hex:16}", 2**64),
        ("{hex:200}", 2**256),
    ],
)
def test_64_bits_of_parts_of_one_length_do_not(template: str, outputs: int) -> None:
    assert promise(template) == (Uniqueness.COLLISION_FREE, Overlap.DISJOINT, outputs)


def test_a_unique_index_is_held_by_64_bits_and_not_by_fewer() -> None:
    users = table("users", c=TEXT)
    index = UniqueIndex("users_c_key", users.name, ("c",))
    catalog = build_catalog(180000, [users], unique_indexes=(index,))

    def plan(template: str) -> MaskingPlan:
        return plan_masking(catalog, rules(users={"c": use("template", template=template)}), KEY, MASKS)

    assert errors(plan("u{hex:16}")) == []
    (message,) = errors(plan("u{hex:15}"))
    assert "is masked by template, which may give two originals one stand-in" in message


def test_a_text_that_could_overflow_is_refused(mask_values: MaskValues) -> None:
    assert len(mask_values("template", ["a"], "varchar(8)", {"template": "no. {digits:4}"})[0]) == 8
    for template in ("no. {digits:5}", "no. {number:1-10000}", "{pool:company}"):
        with pytest.raises(DoesNotFit, match=r"varchar\(8\) holds 8"):
            mask_values("template", ["a"], "varchar(8)", {"template": template})


def test_a_columns_text_is_shown_row_by_row(mask_values: MaskValues) -> None:
    outputs = mask_values(
        "template",
        ["a", None, "", "a", "a"],
        options={"template": "user-{column:id}-{digits:3}"},
        by={"id": ["1", "2", "3", "4", None]},
    )
    assert outputs[1:3] == [None, ""]
    digits = outputs[0].removeprefix("user-1-")
    assert (outputs[3], outputs[4]) == (f"user-4-{digits}", f"user--{digits}")


def test_a_column_that_by_does_not_name_is_refused(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="shows column id, which `by` does not name") as refused:
        mask_values("template", ["a"], options={"template": "{column:id}"})
    assert refused.value.alternative.startswith("`by: id`")


def test_a_column_of_any_length_is_no_part_of_a_limited_one(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match="may be of any length"):
        mask_values("template", ["a"], "varchar(90)", {"template": "{column:id}"}, by={"id": ["1"]})


def test_only_a_kept_column_is_shown() -> None:
    users = table("users", c=TEXT, login=TEXT, id=LONG)
    shown = use("template", by=("login",), template="{column:login}")
    decided: dict[str, Decision] = {"c": shown, "login": use("redact"), "id": KEEP}
    plan = plan_masking(build_catalog(180000, [users]), rules(users=decided), KEY, MASKS)
    assert [message.partition("fit: ")[2] for message in errors(plan)] == [
        "it would show login as it is, which is not kept"
    ]
    kept = {**decided, "c": use("template", by=("id",), template="{column:id}")}
    assert errors(plan_masking(build_catalog(180000, [users]), rules(users=kept), KEY, MASKS)) == []


def test_a_wrong_template_is_told_with_its_place() -> None:
    (message,) = errors(compile_one(ColumnType("text", "text"), use("template", template="{hexx:3}")))
    assert message == "option template of mask template: there is no part {hexx:3}; did you mean hex?"
