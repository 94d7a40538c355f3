"""Everything that does not fit, named at once and with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    TypeKind,
)
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import DocumentPaths, Keep, MaskUse
from dbtool.rules.position import Position
from tests.unit.masking.compile_cases import (
    AT,
    DATE,
    INT4,
    INT8,
    KEEP,
    KEY,
    LONG,
    SHORT,
    TEXT,
    USERS,
    compile_one,
    referring,
    rules,
    table,
    use,
)

REFUSED: dict[str, tuple[Column | ColumnType, MaskUse, str]] = {
    "type": (INT8, use("email"), "it serves bpchar, citext, name, text, varchar, and the column is bigint"),
    "array": (
        ColumnType("text[]", "text", is_array=True),
        use("email"),
        "the column is an array (text[]), and the mask is for single values",
    ),
    "composite": (
        ColumnType("public.address", "address", TypeKind.COMPOSITE, type_schema="public"),
        use("redact"),
        "the column is a composite (public.address), which cannot be masked yet",
    ),
    "range": (
        ColumnType("daterange", "daterange", TypeKind.RANGE),
        use("birth_date"),
        "the column is a range (daterange), and the mask could turn its bounds around",
    ),
    "enum": (
        ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public", labels=("ok",)),
        use("redact"),
        "text, varchar, and the column is public.mood",
    ),
    "not null": (Column("c", TEXT, not_null=True), use("null"), "the column is NOT NULL"),
    "too short": (ColumnType("character varying(5)", "varchar", length=5), use("email"), "holds 5"),
    "by nothing": (DATE, use("shift_date", by=("no such",)), 'public.users has no column "no such" to go by'),
    "by misspelt": (DATE, use("shift_date", by=("cc",)), "has no column cc to go by; did you mean c?"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_does_not_fit(name: str) -> None:
    column, decision, reason = REFUSED[name]
    plan = compile_one(column, decision)
    (finding,) = plan.errors
    assert (finding.check, finding.where) == ("mask-does-not-fit", "public.users.c")
    assert f"at {AT} does not fit: " in finding.message
    assert reason in finding.message
    assert finding.remedy
    assert plan.relations[USERS].columns == ()


@pytest.mark.parametrize(
    ("decision", "check", "message"),
    [
        (use("emial"), "mask-unknown", "there is no mask emial; did you mean email?"),
        (use("sql"), "mask-option", "mask sql needs its option expression"),
        (
            use("constant", value=["a"]),
            "mask-option",
            "option value of mask constant: write one value: a text, a number, true or false",
        ),
        (use("shift_date", day=3), "mask-option", "mask shift_date has no option day; did you mean days?"),
        (
            use("shift_date", days=0),
            "mask-option",
            "option days of mask shift_date: input should be greater than or equal to 1",
        ),
    ],
)
def test_refuses_what_no_mask_understands(decision: MaskUse, check: str, message: str) -> None:
    (finding,) = compile_one(DATE, decision).errors
    assert (finding.check, finding.message, finding.where) == (check, message, str(AT))


def test_a_wrong_option_is_told_once_where_it_is_written() -> None:
    place = Position("rules.yaml", 7, 31)
    decision = replace(use("email", domains=["nowhere", "example.com"]), places={"domains": place})
    (finding,) = compile_one(TEXT, decision).errors
    assert (finding.where, finding.check) == (str(place), "mask-option")
    assert finding.message.startswith("option domains.1 of mask email: text should match pattern")


def test_a_mask_that_needs_to_know_its_rows_key_says_so() -> None:
    needy = replace(MASKS["shift_date"], needs_by=True)
    catalog = build_catalog(180000, [table("users", id=INT8, c=DATE)])
    for by, found in (((), ["mask-needs-by"]), (("id",), [])):
        decided = rules(users={"id": KEEP, "c": use("shift_date", by=by)})
        plan = plan_masking(catalog, decided, KEY, {"shift_date": needy})
        assert [finding.check for finding in plan.errors] == found


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    catalog = build_catalog(180000, [table("users", a=INT8, b=INT8, c=TEXT)])
    plan = plan_masking(catalog, rules(users={"a": use("email"), "b": use("emial")}), KEY, MASKS)
    assert sorted(finding.check for finding in plan.errors) == [
        "column-not-covered",
        "mask-does-not-fit",
        "mask-unknown",
    ]


@pytest.mark.parametrize(
    ("own", "key", "mask", "reason"),
    [
        (INT4, INT8, "permute_integer", "integer holds fewer numbers than bigint"),
        (SHORT, TEXT, "token", "character varying(20) is shorter than what the stand-ins of text may need"),
        (
            SHORT,
            LONG,
            "token",
            "character varying(20) is shorter than what the stand-ins of character varying(64) may need",
        ),
        (ColumnType("uuid", "uuid"), TEXT, "token", "uuid does not spell its values as text does"),
        (ColumnType("character varying(5)", "varchar", length=5), INT4, "permute_integer", "is shorter than"),
    ],
    ids=["int4 to int8", "varchar to text", "varchar to longer", "uuid to text", "varchar to int4"],
)
def test_refuses_a_reference_that_cannot_hold_the_keys_stand_ins(
    own: ColumnType, key: ColumnType, mask: str, reason: str
) -> None:
    plan = plan_masking(referring(own, key), rules(users={"id": use(mask)}), KEY, MASKS)
    (message,) = (one.message for one in plan.errors if one.where == "public.orders.user_id")
    assert "does not fit" in message
    assert "it must hold the stand-ins of public.users.id" in message
    assert reason in message


@pytest.mark.parametrize(
    ("column", "paths", "check"),
    [
        (TEXT, {"$.a": KEEP}, "mask-does-not-fit"),
        (ColumnType("jsonb[]", "jsonb", is_array=True), {"$.a": KEEP}, "mask-does-not-fit"),
        (ColumnType("jsonb", "jsonb"), {"$.a": use("emial")}, "mask-unknown"),
        (ColumnType("jsonb", "jsonb"), {"$.a": use("uuid", version=9)}, "mask-option"),
        (ColumnType("jsonb", "jsonb"), {"$a b": KEEP}, "mask-does-not-fit"),
    ],
    ids=["text", "array", "unknown mask", "bad option", "no path"],
)
def test_refuses_paths_that_do_not_fit(
    column: ColumnType, paths: Mapping[str, MaskUse | Keep], check: str
) -> None:
    assert [finding.check for finding in compile_one(column, DocumentPaths(paths, "error", AT)).errors] == [
        check
    ]


def test_every_path_that_is_none_is_told_with_its_place() -> None:
    places = Position("rules.yaml", 4, 30), Position("rules.yaml", 5, 30)
    paths: dict[str, MaskUse | Keep] = {
        "$.a[0]": Keep("", places[0]),
        "$.b": KEEP,
        "$..c": replace(use("email"), at=places[1]),
    }
    found = compile_one(ColumnType("jsonb", "jsonb"), DocumentPaths(paths, "error", AT)).errors
    assert [one.message.rpartition(" at ")[2] for one in found] == [
        f"{places[0]} does not fit: $.a[0] is no path",
        f"{places[1]} does not fit: $..c is no path",
    ]
    assert all(one.remedy.startswith("use steps like ") for one in found)


@pytest.mark.parametrize(
    ("locale", "told"),
    [("en_gb", "there is no locale en_gb; did you mean en_GB?"), ("q", "there is no locale q; write one that Faker has, such as en_GB")],
)  # fmt: skip
def test_a_locale_that_nobody_knows_is_refused_whether_or_not_words_are_drawn(locale: str, told: str) -> None:
    (finding,) = compile_one(TEXT, use("phone", locale=locale)).errors
    assert (finding.check, finding.message) == ("mask-option", f"option locale of mask phone: {told}")
