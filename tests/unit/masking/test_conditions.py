"""Columns whose rows choose between two decisions: what is asked of the source, and that both are judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey
from dbtool.catalog.relations import Column, ColumnRef, ColumnType, RelationName
from dbtool.masking.accepted import find_kept
from dbtool.masking.block import Tallies, mask_block
from dbtool.masking.compile import MaskingPlan, RelationMasks, plan_masking
from dbtool.masking.judgement import judge_tally
from dbtool.masking.mask import BoundMask
from dbtool.masking.masks import MASKS
from dbtool.refresh.chunks import Chunk, copy_out_of, travels_binary
from dbtool.rules.loader import load_rules
from dbtool.rules.model import Choice, Decision, DocumentPaths, Keep, MaskUse, VirtualRelation
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText
from tests.unit.masking.compile_cases import (
    AT,
    DATE,
    INT4,
    KEEP,
    KEY,
    TEXT,
    USERS,
    Told,
    compile_one,
    errors,
    rules,
    table,
    use,
)

_WHEN = SqlText("a = 1 -- so", Position("rules.yaml", 4, 30))
_TRUE = "((\na = 1 -- so\n) IS TRUE)"
_JSON = ColumnType("jsonb", "jsonb")


def choice(
    chosen: MaskUse | DocumentPaths, otherwise: MaskUse | DocumentPaths | Keep, when: SqlText = _WHEN
) -> Choice:
    return Choice(when, chosen, otherwise, AT)


def plan_users(told: Told | None = None, **decided: tuple[ColumnType, Decision]) -> MaskingPlan:
    catalog = build_catalog(180000, [table("users", **{name: one[0] for name, one in decided.items()})])
    decisions = {name: one[1] for name, one in decided.items()}
    return plan_masking(catalog, rules(users=decisions), KEY, MASKS, told)


def masks_of(plan: MaskingPlan) -> RelationMasks:
    assert not plan.errors
    return plan.relations[USERS]


def sent_for(chosen: MaskUse, otherwise: MaskUse | Keep) -> tuple[str | None, list[str]]:
    """What stands in the column's place, and beside the columns."""
    masks = masks_of(compile_one(TEXT, choice(chosen, otherwise)))
    return masks.narrowed.get(0), [one.sql for one in masks.beside]


def test_where_both_read_the_value_only_the_condition_is_added() -> None:
    assert sent_for(use("email"), KEEP) == (None, [_TRUE])
    assert sent_for(use("email"), use("redact")) == (None, [_TRUE])


def test_what_a_branch_does_not_read_is_not_sent_for_its_rows() -> None:
    assert sent_for(use("email"), use("null")) == (f"CASE WHEN {_TRUE} THEN c END", [_TRUE])
    assert sent_for(use("null"), KEEP) == (f"CASE WHEN (NOT {_TRUE}) THEN c END", [_TRUE])
    given = f"CASE WHEN {_TRUE} THEN CASE WHEN c IS NOT NULL THEN '-' END END"
    assert sent_for(use("constant", value="-"), use("null")) == ("NULL", [_TRUE, given])
    given = f"CASE WHEN (NOT {_TRUE}) THEN CASE WHEN c IS NOT NULL THEN (\nupper(c)\n) END END"
    assert sent_for(use("redact"), use("sql", expression="upper(c)")) == (
        f"CASE WHEN {_TRUE} THEN c END",
        [_TRUE, given],
    )


def test_a_condition_of_several_columns_is_sent_once_and_checked_once() -> None:
    of_both = choice(use("redact"), KEEP)
    masks = masks_of(plan_users(a=(TEXT, of_both), b=(TEXT, of_both)))
    assert [one.sql for one in masks.beside] == [_TRUE]
    assert masks.conditions == (_WHEN,)
    assert (masks.masked_columns, masks.kept_in_part) == (("a", "b"), ("a", "b"))


def test_a_column_that_others_move_by_is_sent_in_every_row() -> None:
    moved = use("shift_date", by=("login",))
    masks = masks_of(plan_users(login=(TEXT, choice(use("redact"), use("null"))), born=(DATE, moved)))
    assert masks.narrowed == {}
    block = b"Ada\t2000-01-01\tt\nAda\t2000-01-01\tf\n"
    rows = [line.split(b"\t") for line in mask_block(masks, block, {}, 7)[0].splitlines()]
    assert [row[0] for row in rows] == [b"Xxx", rb"\N"]
    assert rows[0][1] == rows[1][1] != b"2000-01-01"


def test_it_travels_as_text_with_the_rules_sql_and_loses_what_a_reference_loses() -> None:
    masks = masks_of(compile_one(TEXT, choice(use("redact"), use("constant", value="-"))))
    assert not travels_binary(masks)
    whole = copy_out_of(masks, Chunk(USERS, 0), binary=False)
    assert (whole.has_foreign_sql, len(whole.beside)) == (True, 2)
    nulled = copy_out_of(masks, Chunk(USERS, 0, nulled=("c",)), binary=False)
    assert (dict(nulled.pushed), nulled.beside) == ({0: "NULL"}, (_TRUE, "NULL"))


def test_each_branch_is_counted_and_judged_for_itself() -> None:
    """A disjoint mask that lets values through is not excused by rows that are kept, and these are not blamed."""

    def let_through(_options: object, _context: object) -> BoundMask:
        return lambda values, _by: values

    idle = replace(MASKS["email"], bind=let_through)
    catalog = build_catalog(180000, [table("users", c=TEXT)])
    decided = rules(users={"c": choice(use("email"), KEEP)})
    block = b"a@b.de\tt\nc@d.de\tf\n\\N\tf\ne@f.de\tt\n"
    for mask, expected in ((MASKS["email"], 0), (idle, 2)):
        plan = plan_masking(catalog, decided, KEY, {**MASKS, "email": mask})
        tallies: Tallies = {}
        mask_block(plan.relations[USERS], block, tallies, 7)
        masked, kept = plan.relations[USERS].columns
        assert tallies[masked.tallied_as].fixed == expected
        assert (tallies[masked.tallied_as].rows, tallies[kept.tallied_as].rows) == (2, 2)
        findings = [
            judge_tally(one, ColumnRef(USERS, "c"), tallies[one.tallied_as])[0] for one in (masked, kept)
        ]
        assert [finding is not None for finding in findings] == [expected > 0, False]


def test_a_row_of_no_branch_loses_its_value() -> None:
    masks = masks_of(compile_one(TEXT, choice(use("redact"), KEEP)))
    assert mask_block(masks, b"Ada\t\\N\nAda\tf\n", {}, 7)[0] == b"\\N\nAda\n"


@pytest.mark.parametrize(
    ("chosen", "otherwise", "others"),
    [
        (use("email"), KEEP, ["b@c.de"]),
        (use("redact"), use("email"), ["x@x.xx"]),
        (use("email"), use("constant", value="-"), ["-"]),
        (use("email"), use("token"), []),
        (use("redact"), KEEP, []),
    ],
    ids=["kept", "by chance", "made by the source", "both disjoint", "nothing is searched for"],
)
def test_what_the_other_rows_hold_is_told_where_originals_are_searched_for(
    chosen: MaskUse, otherwise: MaskUse | Keep, others: list[str]
) -> None:
    told = Told()
    masks = masks_of(plan_users(told, c=(TEXT, choice(chosen, otherwise))))
    given = b"\t-" if len(masks.beside) > 1 else b""
    mask_block(masks, b"a@b.de\tt" + given + b"\n" + b"b@c.de\tf" + given + b"\n", {}, 7)
    assert told.others == others


_NOT_NULL = Column("c", TEXT, not_null=True)
_SHORT = ColumnType("character varying(4)", "varchar", length=4)


@pytest.mark.parametrize(
    ("column", "good", "bad", "reason"),
    [
        (_NOT_NULL, use("redact"), use("null"), "the column is NOT NULL"),
        (Column("c", _SHORT), use("redact"), use("token"), "holds 4"),
        (Column("c", INT4), use("permute_integer"), use("email"), "it serves"),
        (Column("c", TEXT), use("redact"), use("bucket", step="3"), "mask bucket"),
        (Column("c", TEXT), use("redact"), DocumentPaths({}, "keep", AT), "its type is text"),
        (Column("c", TEXT), use("redact"), use("no_such"), "there is no mask no_such"),
        (Column("c", DATE), use("birth_date"), use("shift_date", by=("nowhere",)), "has no column nowhere"),
    ],
    ids=["not null", "length", "type", "options", "json", "mask", "by"],
)
def test_either_branch_must_fit(
    column: Column, good: MaskUse, bad: MaskUse | DocumentPaths, reason: str
) -> None:
    assert not errors(compile_one(column, choice(good, KEEP)))
    for decision in (choice(good, bad), choice(bad, good)):
        found = errors(compile_one(column, decision))
        assert any(reason in message for message in found), found


def test_either_branch_must_satisfy_the_checks() -> None:
    checked = build_catalog(
        180000,
        [table("users", c=TEXT)],
        checks=(CheckConstraint("upper", USERS, ("c",), "CHECK ((c ~ '^[A-Z]{3}$'::text))"),),
    )
    for pair in ((use("email"), KEEP), (use("permute_format"), use("email"))):
        plan = plan_masking(checked, rules(users={"c": choice(*pair)}), KEY, MASKS)
        assert [finding.check for finding in plan.errors] == ["check-would-fail"]
        assert "mask email" in plan.errors[0].message
    plan = plan_masking(checked, rules(users={"c": choice(use("permute_format"), KEEP)}), KEY, MASKS)
    assert not plan.errors


def test_what_moves_together_does_so_under_one_condition() -> None:
    moved = use("shift_date", by=("id",), days=30)
    checked = build_catalog(
        180000,
        [table("users", id=INT4, a=DATE, b=DATE)],
        checks=(CheckConstraint("order", USERS, ("a", "b"), "CHECK ((a < b))"),),
    )

    def told(*decisions: Decision) -> list[str]:
        decided = dict(zip(("id", "a", "b"), (KEEP, *decisions), strict=True))
        return [one.check for one in plan_masking(checked, rules(users=decided), KEY, MASKS).findings]

    one = choice(moved, use("shift_date", "other", by=("id",), days=9))
    assert told(one, one) == []
    assert "check-not-proved" in told(one, replace(one, when=replace(_WHEN, text="id = 7")))
    assert "check-not-proved" in told(one, moved)


def test_a_key_with_a_condition_is_refused_where_something_refers_to_it() -> None:
    key = ForeignKey("f", RelationName("public", "orders"), ("user_id",), USERS, ("id",))
    catalog = build_catalog(
        180000, [table("orders", user_id=INT4), table("users", id=INT4)], foreign_keys=(key,)
    )
    decision = choice(use("permute_integer"), KEEP)
    for own in ({}, {"user_id": decision}):
        plan = plan_masking(catalog, rules(users={"id": decision}, orders=own), KEY, MASKS)
        (found,) = plan.errors
        assert found.check == "key-has-condition"
        assert found.where == "rules.yaml:4:30"
        assert "public.users.id is decided by a condition of its row" in found.message
        assert "the same for all rows" in found.remedy
    plan = plan_masking(
        catalog, rules(users={"id": decision}, orders={"user_id": use("permute_integer")}), KEY, MASKS
    )
    assert "rule-contradicts-key" in [one.check for one in plan.errors]


def test_a_column_that_names_types_cannot_be_masked_in_some_rows() -> None:
    relation = VirtualRelation(USERS, ("id",), (), "kind", AT)
    decided = replace(rules(users={"id": KEEP, "kind": choice(use("redact"), KEEP)}), relations=(relation,))
    plan = plan_masking(build_catalog(180000, [table("users", id=INT4, kind=TEXT)]), decided, KEY, MASKS)
    assert "masked in some rows" in errors(plan)[0]


def test_what_a_template_shows_must_be_kept_in_every_row() -> None:
    shown = use("template", by=("login",), template="{column:login}@x.example")
    plan = plan_users(login=(TEXT, choice(use("redact"), KEEP)), c=(TEXT, shown))
    assert "it would show login as it is" in errors(plan)[0]


def test_a_column_that_is_kept_in_some_rows_counts_as_kept() -> None:
    catalog = build_catalog(180000, [table("users", a=TEXT, b=TEXT)])
    decided = rules(users={"a": choice(use("redact"), KEEP), "b": choice(use("redact"), use("null"))})
    plan = plan_masking(catalog, decided, KEY, MASKS)
    assert [str(one.column) for one in find_kept(catalog, plan.coverage)] == ["public.users.a"]


def test_documents_are_masked_in_the_rows_that_are_meant() -> None:
    paths = DocumentPaths({"$.a": use("redact")}, "drop", AT)
    masks = masks_of(plan_users(c=(_JSON, choice(paths, KEEP))))
    block = b'{"a": "Ada", "b": 1}\tt\n{"a": "Ada", "b": 1}\tf\n'
    assert mask_block(masks, block, {}, 7)[0] == b'{"a": "Xxx"}\n{"a": "Ada", "b": 1}\n'


def test_a_rule_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: 1\ndomains: {names: {mask: redact}}\ntables:\n  public.users:\n"
        '    [a, b]: {domain: names, when: " x = 1", otherwise: email}\n'
        "    c: {mask: redact, when: x = 2 AND y, otherwise: null}\n"
        "    d:\n      each: {mask: redact}\n      when: |\n        x = 3\n        AND y\n      otherwise: {keep: why}\n"
    )
    first, second, third = load_rules(file, MASKS).tables[USERS].columns
    assert first.columns == ("a", "b")
    assert isinstance(first.decision, Choice)
    assert first.decision.when == SqlText("x = 1", Position(str(file), 5, 37))
    assert isinstance(first.decision.chosen, MaskUse)
    assert first.decision.chosen.domain == "names"
    assert first.decision.otherwise == MaskUse("email", "email", Position(str(file), 5, 56))
    assert isinstance(second.decision, Choice)
    assert isinstance(second.decision.otherwise, MaskUse)
    assert second.decision.otherwise.mask == "null"
    assert isinstance(third.decision, Choice)
    assert third.decision.when == SqlText("x = 3\nAND y", Position(str(file), 10, 9))
    assert isinstance(third.decision.chosen, MaskUse)
    assert third.decision.chosen.each
    assert isinstance(third.decision.otherwise, Keep)


def test_a_branch_that_the_source_makes_shows_no_value_that_it_is_tried_with() -> None:
    """CHECKs are tried with invented values, which no source has seen."""
    masks = masks_of(compile_one(TEXT, choice(use("constant", value="-"), use("null"))))
    values = pl.Series(["a", None], dtype=pl.String)
    assert [one.bound(values, pl.DataFrame()).to_list() for one in masks.columns] == [
        ["-", None],
        [None, None],
    ]


def test_nothing_of_a_block_is_no_row() -> None:
    masks = masks_of(compile_one(TEXT, choice(use("email"), use("redact"))))
    assert mask_block(masks, b"", {}, 7) == (b"", 0)
