"""CHECK constraints are tried on stand-ins before the load would stumble over them."""

from __future__ import annotations

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import CheckConstraint
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.masking.check_text import parse_check
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import ColumnRule, Decision, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position

AT = Position("rules.yaml", 1, 1)
USERS = RelationName("public", "users")
TEXT = ColumnType("text", "text")
INT8 = ColumnType("bigint", "int8")
DATE = ColumnType("date", "date")


@pytest.mark.parametrize(
    ("definition", "accepted", "rejected"),
    [
        ("CHECK (((c)::text ~ '^C-[0-9]{7,10}$'::text))", "C-1234567", "C-123"),
        ("CHECK ((c ~* '^c-'::text))", "C-1", "D-1"),
        ("CHECK ((c !~ '[0-9]'::text))", "abc", "a1c"),
        ("CHECK ((c ~~ '%@%'::text))", "a@b", "a.b"),
        ("CHECK ((c !~~ '% %'::text))", "ab", "a b"),
        ("CHECK ((c > 0))", "1", "-1"),
        ("CHECK ((c >= (0)::numeric))", "0", "-0.5"),
        ("CHECK ((c <> 'x''y'::text))", "xy", "x'y"),
        ("CHECK (((c >= 1) AND (c <= 5)))", "5", "6"),
        ("CHECK (((c < 1) OR (c > 5)))", "6", "3"),
        ("CHECK ((NOT (c = 'a'::text)))", "b", "a"),
        ("CHECK ((c = ANY (ARRAY['a'::text, 'b'::text])))", "b", "c"),
        (
            "CHECK (((c)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
            "b",
            "c",
        ),
        ("CHECK ((char_length((c)::text) = 2))", "ab", "abc"),
        ("CHECK (((c IS NOT NULL) AND (c <> ''::text)))", "a", ""),
    ],
)
def test_reads_the_simple_checks(definition: str, accepted: str, rejected: str) -> None:
    holds = parse_check(definition, "c")
    assert holds is not None
    assert (holds(accepted), holds(rejected)) == (True, False)


@pytest.mark.parametrize(
    "definition",
    [
        "CHECK ((left_on >= c))",
        "CHECK ((my_check(c) > 3))",
        "CHECK ((c = ANY (ARRAY['a'::text]))) NOT VALID",
        "CHECK (((c).part > 3))",
        "CHECK ((c > now()))",
        "",
    ],
)
def test_leaves_the_others_unread(definition: str) -> None:
    assert parse_check(definition, "c") is None


@pytest.mark.parametrize("pattern", ["[[:alpha:]]", r"\mword\M", "(?i)a"])
def test_a_pattern_that_python_reads_otherwise_is_not_judged(pattern: str) -> None:
    holds = parse_check(f"CHECK ((c ~ '{pattern}'::text))", "c")
    assert holds is not None
    assert holds("a") is None


def test_texts_are_not_ordered_here() -> None:
    holds = parse_check("CHECK ((c > 'a'::text))", "c")
    assert holds is not None
    assert holds("b") is None


def judge(decision: Decision, column: ColumnType, definition: str, *, validated: bool = True) -> list[str]:
    """The checks of the findings about one column under one CHECK."""
    relation = Relation(USERS, RelationKind.TABLE, (Column("c", column),))
    check = CheckConstraint("k", USERS, ("c",), definition, validated=validated)
    return _checks([relation], (check,), {"c": decision})


def _checks(
    relations: list[Relation], checks: tuple[CheckConstraint, ...], decisions: dict[str, Decision]
) -> list[str]:
    rules = tuple(ColumnRule((name,), decision, AT) for name, decision in decisions.items())
    plan = plan_masking(
        build_catalog(180000, relations, checks=checks),
        RuleSet({USERS: TableRules(USERS, rules, AT)}),
        ProjectKey(b"k" * 32),
        MASKS,
    )
    return [finding.check for finding in plan.findings]


def use(mask: str, by: tuple[str, ...] = (), **options: object) -> MaskUse:
    return MaskUse(mask, mask, AT, options, None, by)


def test_says_nothing_where_stand_ins_satisfy_it() -> None:
    assert judge(use("email"), TEXT, "CHECK ((c ~ '^[^@]+@[^@]+$'::text))") == []
    assert judge(use("permute_integer"), INT8, "CHECK ((c > 0))") == []
    assert judge(use("permute_digits"), TEXT, "CHECK ((c ~ '^C-[0-9]{7,10}$'::text))") == []
    assert judge(use("permute_integer", within=(1, 500)), INT8, "CHECK (((c >= 1) AND (c <= 500)))") == []
    assert judge(use("noise", lowest=1, highest=500), INT8, "CHECK (((c >= 1) AND (c <= 500)))") == []
    assert judge(Keep("a reason", AT), TEXT, "CHECK ((c ~ 'x'::text))") == []


def test_refuses_a_mask_whose_stand_ins_do_not() -> None:
    assert judge(use("email"), TEXT, "CHECK ((c ~~ '%@shop.example'::text))") == ["check-would-fail"]
    assert judge(use("redact"), TEXT, "CHECK ((c = ANY (ARRAY['on'::text, 'off'::text])))") == [
        "check-would-fail"
    ]
    assert judge(use("permute_integer"), INT8, "CHECK ((c <= 500))") == ["check-would-fail"]
    assert judge(use("noise"), INT8, "CHECK ((c <= 500))") == ["check-would-fail"]
    assert judge(use("constant", value="x"), TEXT, "CHECK ((length(c) > 3))") == ["check-would-fail"]


def test_what_does_not_fit_the_column_is_said_once() -> None:
    short = ColumnType("character varying(5)", "varchar", length=5)
    assert judge(use("email"), short, "CHECK ((c ~~ 'x'::text))") == ["mask-does-not-fit"]


def test_warns_of_what_it_cannot_tell() -> None:
    assert judge(use("email"), TEXT, "CHECK ((is_email(c)))") == ["check-not-proved"]
    assert judge(use("permute_digits"), TEXT, "CHECK ((c ~ '^(GB|DE)[0-9]+$'::text))") == ["check-not-proved"]
    assert judge(use("shift_date", by=("c",)), DATE, "CHECK ((c > 3))") == ["check-not-proved"]


def test_null_satisfies_a_check_unless_it_speaks_of_null() -> None:
    assert judge(use("null"), TEXT, "CHECK ((c ~ 'x'::text))") == []
    assert judge(use("null"), TEXT, "CHECK ((c IS NOT NULL))") == ["check-not-proved"]


def test_a_check_that_is_not_valid_is_not_judged() -> None:
    definition = "CHECK ((c ~~ '%@shop.example'::text))"
    assert judge(use("email"), TEXT, definition, validated=False) == []


def test_a_domains_checks_are_judged() -> None:
    domain = ColumnType(
        "public.mail",
        "text",
        domains=("public.mail",),
        domain_checks=("CHECK ((VALUE ~~ '%@shop.example'::text))",),
    )
    relation = Relation(USERS, RelationKind.TABLE, (Column("c", domain),))
    assert _checks([relation], (), {"c": use("email")}) == ["check-would-fail"]
    assert _checks([relation], (), {"c": Keep("a reason", AT)}) == []


def test_columns_that_move_together_keep_their_order_and_others_are_named() -> None:
    relation = Relation(USERS, RelationKind.TABLE, (Column("id", INT8), Column("a", DATE), Column("b", DATE)))
    check = CheckConstraint("k", USERS, ("a", "b"), "CHECK ((b >= a))")
    kept, shift = Keep("a reason", AT), use("shift_date", by=("id",))
    assert _checks([relation], (check,), {"id": kept, "a": shift, "b": shift}) == []
    assert _checks([relation], (check,), {"id": kept, "a": shift, "b": kept}) == ["check-not-proved"]
    alone = use("shift_date")
    assert _checks([relation], (check,), {"id": kept, "a": alone, "b": alone}) == ["check-not-proved"] * 2


def test_being_null_or_not_stays_as_it_was() -> None:
    relation = Relation(USERS, RelationKind.TABLE, (Column("a", TEXT), Column("b", TEXT)))
    check = CheckConstraint("k", USERS, ("a", "b"), "CHECK (((a IS NULL) OR (b = 'x'::text)))")
    kept = Keep("a reason", AT)
    assert _checks([relation], (check,), {"a": use("email"), "b": kept}) == []
    assert _checks([relation], (check,), {"a": kept, "b": use("email")}) == ["check-not-proved"]
    assert _checks([relation], (check,), {"a": use("null"), "b": kept}) == ["check-not-proved"]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [("CHECK (ok(users.*))", ["check-not-proved"]), ("CHECK (false) NO INHERIT", [])],
)
def test_one_that_reads_the_whole_row_reads_what_is_masked_of_it(
    definition: str, expected: list[str]
) -> None:
    relation = Relation(USERS, RelationKind.TABLE, (Column("a", TEXT), Column("b", TEXT)))
    check = CheckConstraint("k", USERS, ("a", "b"), definition)
    kept = Keep("a reason", AT)
    assert _checks([relation], (check,), {"a": use("email"), "b": kept}) == expected
