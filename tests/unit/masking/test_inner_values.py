"""Masks of what arrays and ranges hold: element by element, and both bounds together."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl
import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnRef, ColumnType, TypeKind
from dbtool.masking.block import Tallies, mask_block
from dbtool.masking.compile import MaskingPlan, plan_masking
from dbtool.masking.fates import UndecidedPath
from dbtool.masking.judgement import judge_tally
from dbtool.masking.masks import MASKS
from dbtool.rules.model import DocumentPaths, Keep, MaskUse
from tests.unit.masking.compile_cases import (
    AT,
    DATE,
    INT8,
    KEEP,
    KEY,
    TEXT,
    USERS,
    Told,
    compile_one,
    errors,
    only,
    rules,
    run,
    table,
    use,
)

TEXTS = ColumnType("text[]", "text", is_array=True)
DATES = ColumnType("date[]", "date", is_array=True)
PERIOD = ColumnType("daterange", "daterange", TypeKind.RANGE)
TIMES = ColumnType("tstzmultirange", "tstzmultirange", TypeKind.MULTIRANGE)


def each(mask: str, by: tuple[str, ...] = (), **options: object) -> MaskUse:
    return replace(use(mask, "", by, **options), each=True)


def masked_alone(mask: str, value: str) -> str | None:
    return run(only(compile_one(TEXT, use(mask))), value)[0]


def test_every_element_gets_the_stand_in_of_a_plain_column() -> None:
    one, other = masked_alone("email", "a@b.de"), masked_alone("email", "x y@b.de")
    column = only(compile_one(TEXTS, each("email")))
    values = ['{a@b.de,NULL,"x y@b.de"}', '[0:1]={a@b.de,""}', '{{a@b.de},{"x y@b.de"}}', "{}", None]
    assert run(column, *values) == [
        f"{{{one},NULL,{other}}}",
        f'[0:1]={{{one},""}}',
        f"{{{{{one}}},{{{other}}}}}",
        "{}",
        None,
    ]


def test_stand_ins_that_need_quotes_have_them() -> None:
    column = only(compile_one(TEXTS, each("constant", value='a "b", NULL\\')))
    assert run(column, "{x,NULL}") == [r'{"a \"b\", NULL\\",NULL}']
    assert run(only(compile_one(TEXTS, each("constant", value="NULL"))), "{x}") == ['{"NULL"}']


def test_padding_of_char_elements_is_no_part_of_them() -> None:
    padded = ColumnType("character(40)[]", "bpchar", is_array=True, length=40)
    for mask in ("username", "redact"):
        column = only(compile_one(padded, each(mask)))
        assert run(column, '{"ada   "}') == run(column, "{ada}")


def test_elements_move_by_the_columns_of_their_row() -> None:
    column = only(plan_rows(days=(DATES, each("shift_date", by=("id",)))))
    by = pl.DataFrame({"id": ["1", "2"]})
    rows = column.bound(pl.Series(["{2024-01-01,2024-01-11}", "{2024-01-01}"]), by)
    days = [[pl.Series([day]).str.to_date().item() for day in row.strip("{}").split(",")] for row in rows]
    assert (days[0][1] - days[0][0]).days == 10
    assert days[0][0] != days[1][0]


def plan_rows(**columns: tuple[ColumnType, MaskUse]) -> MaskingPlan:
    relation = table("users", id=INT8, **{name: type_ for name, (type_, _) in columns.items()})
    decisions = {name: decision for name, (_, decision) in columns.items()}
    return plan_masking(build_catalog(180000, [relation]), rules(users={"id": KEEP, **decisions}), KEY, MASKS)


@pytest.mark.parametrize("by", [["7"], [None]])
def test_a_range_moves_as_the_dates_beside_it_do(by: list[str | None]) -> None:
    shift = use("shift_date", by=("id",))
    day, period = plan_rows(day=(DATE, shift), period=(PERIOD, shift)).relations[USERS].columns
    frame = pl.DataFrame({"id": pl.Series(by, dtype=pl.String)})
    moved = period.bound(pl.Series(["[2024-01-01,2024-01-31)"]), frame).item()
    lower, upper = pl.Series(moved.strip("[)").split(",")).str.to_date()
    assert (upper - lower).days == 30
    if by != [None]:
        assert day.bound(pl.Series(["2024-01-01"]), frame).item() == str(lower)


def test_what_is_no_day_of_a_range_stays() -> None:
    column = only(compile_one(PERIOD, use("shift_date")))
    kept = ["empty", "(,)", "[-infinity,infinity]", None]
    assert run(column, *kept) == kept
    (moved,) = run(column, "(,2024-01-01)")
    assert moved is not None
    assert moved.startswith("(,202")
    assert moved != "(,2024-01-01)"


def test_the_ranges_of_one_value_move_together() -> None:
    column = only(compile_one(TIMES, use("shift_date")))
    value = '{["2024-01-01 10:00:00+00","2024-01-02 00:00:00+00"),["2024-01-02 08:00:00+00",)}'
    (moved,) = run(column, value)
    assert moved is not None
    days = pl.Series([moved]).str.extract_all(r"\d{4}-\d\d-\d\d").explode().str.to_date().to_list()
    assert [(day - days[0]).days for day in days] == [0, 1, 1]
    assert days[0].isoformat() != "2024-01-01"
    assert [part.split(" ")[1] for part in moved.split('"') if " " in part] == [
        "10:00:00+00",
        "00:00:00+00",
        "08:00:00+00",
    ]


def test_ranges_are_elements_too() -> None:
    column = only(compile_one(replace(PERIOD, sql="daterange[]", is_array=True), each("shift_date")))
    plain = only(compile_one(PERIOD, use("shift_date")))
    (moved,) = run(plain, "[2024-01-01,2024-01-31)")
    assert run(column, '{"[2024-01-01,2024-01-31)",NULL,empty}') == [f'{{"{moved}",NULL,empty}}']


REFUSED: dict[str, tuple[Column | ColumnType, MaskUse, str, str]] = {
    "no array": (
        TEXT,
        each("email"),
        "each is for arrays, and the column is text",
        "write {mask: email} without each",
    ),
    "no each": (TEXTS, use("email"), "is an array (text[])", "{each: {mask: email}}"),
    "element type": (DATES, each("email"), "the column is date", "use {each: {mask: shift_date}}, {each: "),
    "element length": (
        ColumnType("character varying(8)[]", "varchar", is_array=True, length=8),
        each("email"),
        "character varying(8) holds 8",
        "use ",
    ),
    "other separators": (
        ColumnType("box[]", "box", is_array=True),
        each("constant", value="(0,0),(1,1)"),
        "are not separated by commas",
        "use mask: null",
    ),
    "null elements": (TEXTS, each("null"), "an array of NULLs would be left", "use mask: null without each"),
    "range of dates": (PERIOD, use("birth_date"), "could turn its bounds around", "use mask: shift_date"),
    "range of numbers": (
        ColumnType("int4range", "int4range", TypeKind.RANGE),
        use("noise"),
        "could turn its bounds around",
        "use mask: null or constant",
    ),
    "moved numbers": (
        ColumnType("numrange", "numrange", TypeKind.RANGE),
        use("shift_date"),
        "could turn its bounds around",
        "use mask: null or constant",
    ),
    "own range": (
        replace(PERIOD, type_schema="public"),
        use("shift_date"),
        "could turn its bounds around",
        "use mask: null or constant",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_and_says_what_to_do_instead(name: str) -> None:
    column, decision, reason, remedy = REFUSED[name]
    (finding,) = compile_one(column, decision).errors
    assert finding.check == "mask-does-not-fit"
    assert reason in finding.message
    assert remedy in finding.remedy


HSTORE = ColumnType("hstore", "hstore", type_schema="public", extension="hstore")


def keys(unknown: Literal["error", "drop", "keep"] = "error", **decisions: Keep | MaskUse) -> DocumentPaths:
    return DocumentPaths(decisions, unknown, AT, "hstore")


def test_an_hstore_is_masked_key_by_key() -> None:
    column = only(compile_one(HSTORE, keys(mail=use("email"), theme=KEEP)))
    stand_in = masked_alone("email", "a@b.de")
    assert run(column, '"mail"=>"a@b.de", "theme"=>"dark"', '"mail"=>NULL', "", None) == [
        f'"mail"=>"{stand_in}", "theme"=>"dark"',
        '"mail"=>NULL',
        "",
        None,
    ]


@pytest.mark.parametrize(("key", "told"), [("phone", "at key phone,"), ("a@b.de", "at key \\*,")])
def test_an_undecided_key_stops_the_run_and_is_named_where_it_is_nobodys(key: str, told: str) -> None:
    column = only(compile_one(HSTORE, keys(theme=KEEP)))
    with pytest.raises(UndecidedPath, match=told):
        run(column, f'"theme"=>"dark", "{key}"=>"1"')


def test_keys_are_for_hstores_and_paths_for_documents() -> None:
    jsonb = ColumnType("jsonb", "jsonb")
    assert "is decided by key, but its type is jsonb" in errors(compile_one(jsonb, keys(theme=KEEP)))[0]
    paths = DocumentPaths({"$.theme": KEEP}, "error", AT)
    assert "is decided by path, but its type is hstore" in errors(compile_one(HSTORE, paths))[0]


def test_a_unique_array_needs_a_mask_whose_elements_stay_apart() -> None:
    relation = table("users", c=TEXTS)
    index = UniqueIndex("users_c_key", USERS, ("c",))
    catalog = build_catalog(180000, [relation], unique_indexes=(index,))
    for mask in ("email", "permute_format"):
        assert not plan_masking(catalog, rules(users={"c": each(mask)}), KEY, MASKS).errors
    (finding,) = plan_masking(catalog, rules(users={"c": each("city")}), KEY, MASKS).errors
    assert finding.check == "uniqueness-not-proved"
    assert "each: {mask: email}" in finding.remedy


def test_elements_are_what_is_counted() -> None:
    plan = compile_one(TEXTS, each("email"))
    tallies: Tallies = {}
    block = b'{}\n{NULL,""}\n{a@b.de,a@example.org,x}\n\\N\n'
    mask_block(plan.relations[USERS], block, tallies, 1)
    tally = tallies["c"]
    assert (tally.fixed, tally.rows, tally.nulls) == (0, 5, 1)
    finding, _ = judge_tally(only(plan), ColumnRef(USERS, "c"), tally)
    assert finding is None


def test_originals_that_a_disjoint_mask_replaces_are_elements() -> None:
    told = Told()
    relation = table("users", c=TEXTS)
    plan = plan_masking(
        build_catalog(180000, [relation]),
        rules(users={"c": each("email")}),
        KEY,
        MASKS,
        told,
    )
    run(only(plan), '{a@b.de,"x y@b.de",a@example.org}')
    assert told.originals == ["a@b.de", "x y@b.de"]


def test_a_check_of_the_elements_domain_is_not_tried_on_a_whole_array() -> None:
    """A domain over an array of a domain has the CHECKs of both, and only the source tells them apart."""
    domain = replace(TEXTS, sql="public.codes", domain_checks=("CHECK ((VALUE ~ '^[A-Z]{3}$'::text))",))
    plan = compile_one(domain, use("constant", value="{ABC}"))
    assert [finding.check for finding in plan.findings] == ["check-not-proved"]


def test_a_check_of_the_elements_domain_is_tried_on_elements() -> None:
    domain = replace(
        TEXTS,
        sql="public.code[]",
        domains=("public.code",),
        domain_checks=("CHECK ((VALUE ~ '^[A-Z]{3}$'::text))",),
    )
    assert "do not all satisfy" in errors(compile_one(domain, each("email")))[0]
    whole = replace(domain, sql="public.codes", domain_checks=("CHECK ((cardinality(VALUE) < 9))",))
    plan = compile_one(whole, each("email"))
    assert not plan.errors
    assert [finding.check for finding in plan.findings] == ["check-not-proved"]
