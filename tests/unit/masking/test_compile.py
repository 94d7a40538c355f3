"""Masks bound per relation, and everything that does not fit, named at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    Persistence,
    Relation,
    RelationKind,
    RelationName,
    TypeKind,
)
from dbtool.digest import ProjectKey
from dbtool.masking.bind import quote_literal
from dbtool.masking.compile import ColumnMask, MaskingPlan, plan_masking
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.rules.model import ColumnRule, Decision, JsonPaths, Keep, MaskUse, Position, RuleSet, TableRules

AT = Position("rules.yaml", 1, 1)
KEY = ProjectKey(b"k" * 32)
TEXT = ColumnType("text", "text")
INT4 = ColumnType("integer", "int4")
INT8 = ColumnType("bigint", "int8")
DATE = ColumnType("date", "date")
KEEP = Keep("a reason", AT)
USERS = RelationName("public", "users")
NOTHING = pl.DataFrame()


def use(mask: str, domain: str = "", by: tuple[str, ...] = (), **options: object) -> MaskUse:
    return MaskUse(mask, domain or mask, AT, options, None, by)


def table(name: str, **columns: ColumnType | Column) -> Relation:
    made = tuple(one if isinstance(one, Column) else Column(key, one) for key, one in columns.items())
    return Relation(RelationName("public", name), RelationKind.TABLE, made, rows=1000)


def rules(**tables: Mapping[str, Decision]) -> RuleSet:
    found = {}
    for name, decisions in tables.items():
        relation = RelationName("public", name)
        columns = tuple(ColumnRule((column,), decision, AT) for column, decision in decisions.items())
        found[relation] = TableRules(relation, columns, AT)
    return RuleSet(found)


def compile_one(column: Column | ColumnType, decision: Decision) -> MaskingPlan:
    catalog = build_catalog(
        180000, [table("users", c=column if isinstance(column, Column) else Column("c", column))]
    )
    return plan_masking(catalog, rules(users={"c": decision}), KEY, MASKS)


def only(plan: MaskingPlan, relation: str = "users") -> ColumnMask:
    (column,) = plan.relations[RelationName("public", relation)].columns
    return column


def errors(plan: MaskingPlan) -> list[str]:
    return [finding.message for finding in plan.errors]


def run(column: ColumnMask, *values: str | None) -> list[str | None]:
    return column.bound(pl.Series("c", values, dtype=pl.String), NOTHING).to_list()


def test_every_copied_relation_has_its_masks_and_no_other() -> None:
    catalog = build_catalog(
        180000,
        [
            table("users", id=INT8, email=TEXT),
            table("plain", id=INT8),
            table("alembic_version", version_num=TEXT),
            replace(table("scratch", id=INT8), persistence=Persistence.TEMPORARY),
            replace(table("a_view", id=INT8), kind=RelationKind.VIEW),
        ],
        alembic_version=RelationName("public", "alembic_version"),
    )
    plan = plan_masking(
        catalog, rules(users={"id": KEEP, "email": use("email")}, plain={"id": KEEP}), KEY, MASKS
    )
    assert plan.errors == ()
    assert sorted(str(name) for name in plan.relations) == [
        "public.alembic_version",
        "public.plain",
        "public.users",
    ]
    assert [one.column for one in plan.relations[USERS].columns] == ["email"]
    assert plan.relations[RelationName("public", "plain")].columns == ()


def test_a_masked_column_knows_its_place_among_the_copied_ones() -> None:
    users = table("users", sum=Column("sum", INT8, generated=True), id=INT8, starts_on=DATE, tenant=INT8)
    plan = plan_masking(
        build_catalog(180000, [users]),
        rules(users={"id": KEEP, "tenant": KEEP, "starts_on": use("shift_date", by=("tenant", "id"))}),
        KEY,
        MASKS,
    )
    column = only(plan)
    assert (column.index, column.by, column.domain, column.overlap) == (
        1,
        (2, 0),
        "shift_date",
        Overlap.CHANCE,
    )


def test_partitions_take_their_roots_masks_by_name() -> None:
    root = replace(
        table("users", id=INT8, email=TEXT, on=DATE),
        kind=RelationKind.PARTITIONED_TABLE,
        partition_key=("id",),
    )
    leaf = replace(table("users_1", on=DATE, email=TEXT, id=INT8), partition_root=root.name)
    plan = plan_masking(
        build_catalog(180000, [root, leaf]),
        rules(users={"id": KEEP, "email": use("email"), "on": use("shift_date", by=("id",))}),
        KEY,
        MASKS,
    )
    assert plan.errors == ()
    assert list(plan.relations) == [leaf.name]
    columns = plan.relations[leaf.name].columns
    assert [(one.column, one.index, one.by) for one in columns] == [("on", 0, (2,)), ("email", 1, ())]


def test_null_stays_null_under_every_mask() -> None:
    assert run(only(compile_one(TEXT, use("email"))), None, "a@b.c")[0] is None
    assert run(only(compile_one(TEXT, use("constant", value="x"))), None, "a") == [None, "x"]


def test_one_value_has_one_stand_in_per_domain_and_key() -> None:
    (one,) = run(only(compile_one(TEXT, use("token"))), "a")
    assert run(only(compile_one(TEXT, use("token"))), "a") == [one]
    assert run(only(compile_one(TEXT, use("token", domain="other"))), "a") != [one]


def test_the_blanks_of_char_n_are_no_part_of_the_value() -> None:
    column = only(compile_one(ColumnType("character(64)", "bpchar", length=64), use("redact")))
    assert run(column, "Ada       ") == run(column, "Ada")


def test_null_is_pushed_into_the_source() -> None:
    column = only(compile_one(TEXT, use("null")))
    assert (column.source_sql, column.overlap) == ("NULL", Overlap.NOT_READ)


def test_a_constant_is_pushed_into_the_source_and_leaves_null_null() -> None:
    assert (
        only(compile_one(TEXT, use("constant", value="x"))).source_sql
        == "CASE WHEN c IS NOT NULL THEN 'x' END"
    )
    column = Column('A "b"', TEXT)
    plan = plan_masking(
        build_catalog(180000, [table("users", c=column)]),
        rules(users={'A "b"': use("constant", value="it's")}),
        KEY,
        MASKS,
    )
    assert only(plan).source_sql == 'CASE WHEN "A ""b""" IS NOT NULL THEN \'it\'\'s\' END'


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a", "'a'"),
        ("it's", "'it''s'"),
        ("\\'; DROP TABLE users --", "E'\\\\''; DROP TABLE users --'"),
        (None, "NULL"),
        ("", "''"),
    ],
)
def test_a_literal_is_quoted_whatever_it_holds(text: str | None, literal: str) -> None:
    assert quote_literal(text) == literal


REFUSED: dict[str, tuple[Column | ColumnType, MaskUse, str]] = {
    "type": (INT8, use("email"), "it serves bpchar, citext, name, text, varchar, and the column is bigint"),
    "array": (
        ColumnType("text[]", "text", is_array=True),
        use("email"),
        "the column is an array (text[]), and its elements cannot be masked yet",
    ),
    "composite": (
        ColumnType("public.address", "address", TypeKind.COMPOSITE, type_schema="public"),
        use("redact"),
        "the column is a composite (public.address), which cannot be masked yet",
    ),
    "range": (
        ColumnType("daterange", "daterange", TypeKind.RANGE),
        use("shift_date"),
        "the column is a range (daterange), which cannot be masked yet",
    ),
    "enum": (
        ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public", labels=("ok",)),
        use("redact"),
        "it serves bpchar, citext, name, text, varchar, and the column is public.mood",
    ),
    "not null": (Column("c", TEXT, not_null=True), use("null"), "the column is NOT NULL"),
    "too short": (ColumnType("character varying(5)", "varchar", length=5), use("email"), "holds 5"),
    "by nothing": (DATE, use("shift_date", by=("no such",)), 'public.users has no column "no such" to go by'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_does_not_fit(name: str) -> None:
    column, decision, reason = REFUSED[name]
    plan = compile_one(column, decision)
    (finding,) = plan.errors
    assert (finding.check, finding.where) == ("mask-does-not-fit", "public.users.c")
    assert f"at {AT} does not fit public.users.c: " in finding.message
    assert reason in finding.message
    assert finding.remedy
    assert plan.relations[USERS].columns == ()


@pytest.mark.parametrize(
    ("decision", "check", "message"),
    [
        (use("emial"), "mask-unknown", "there is no mask emial; did you mean email?"),
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


def test_null_and_constant_serve_arrays_and_enums() -> None:
    assert errors(compile_one(ColumnType("text[]", "text", is_array=True), use("null"))) == []
    mood = ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public", labels=("ok", "bad"))
    assert errors(compile_one(mood, use("constant", value="ok"))) == []
    assert len(errors(compile_one(mood, use("constant", value="great")))) == 1


def test_a_masked_partition_key_is_refused() -> None:
    root = replace(table("users", id=INT8), kind=RelationKind.PARTITIONED_TABLE, partition_key=("id",))
    middle = replace(
        table("users_1", id=INT8),
        kind=RelationKind.PARTITIONED_TABLE,
        partition_root=root.name,
        partition_key=("id",),
    )
    for relations in ([root], [replace(root, partition_key=()), middle]):
        plan = plan_masking(
            build_catalog(180000, relations), rules(users={"id": use("permute_integer")}), KEY, MASKS
        )
        assert [finding.check for finding in plan.errors] == ["partition-key-masked"]


def test_a_partition_key_that_is_an_expression_is_a_warning() -> None:
    root = replace(table("users", id=INT8), kind=RelationKind.PARTITIONED_TABLE, partition_key=(None,))
    plan = plan_masking(
        build_catalog(180000, [root]), rules(users={"id": use("permute_integer")}), KEY, MASKS
    )
    assert [(one.check, one.is_error) for one in plan.findings] == [("partition-key-expression", False)]


def referring(own: ColumnType, key: ColumnType) -> Catalog:
    orders, users = table("orders", user_id=own), table("users", id=key)
    return build_catalog(
        180000,
        [orders, users],
        foreign_keys=(ForeignKey("f", orders.name, ("user_id",), users.name, ("id",)),),
    )


SHORT = ColumnType("character varying(20)", "varchar", length=20)
LONG = ColumnType("character varying(64)", "varchar", length=64)


@pytest.mark.parametrize(
    ("own", "key", "mask", "value"),
    [
        (INT8, INT4, "permute_integer", "41"),
        (INT4, INT4, "permute_integer", "41"),
        (TEXT, LONG, "token", "abc"),
        (TEXT, INT8, "permute_integer", "41"),
        (ColumnType("character(64)", "bpchar", length=64), LONG, "token", "abc"),
    ],
    ids=["int8 to int4", "int4", "text to varchar", "text to int8", "char to varchar"],
)
def test_both_sides_of_a_reference_get_the_same_stand_in(
    own: ColumnType, key: ColumnType, mask: str, value: str
) -> None:
    plan = plan_masking(referring(own, key), rules(users={"id": use(mask)}), KEY, MASKS)
    assert errors(plan) == []
    assert run(only(plan, "orders"), value) == run(only(plan), value)


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
    (message,) = (one for one in errors(plan) if "does not fit public.orders.user_id" in one)
    assert "it must hold the stand-ins of public.users.id" in message
    assert reason in message


def test_documents_are_masked_by_path() -> None:
    paths = JsonPaths({"$.phone": use("constant", value="0"), "$.theme": Keep("", AT)}, "drop", AT)
    column = only(compile_one(ColumnType("jsonb", "jsonb"), paths))
    assert (column.mask, column.source_sql) == (None, None)
    assert run(column, '{"phone": "123", "theme": "dark", "x": 1}', None) == [
        '{"phone": "0", "theme": "dark"}',
        None,
    ]


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
    assert [finding.check for finding in compile_one(column, JsonPaths(paths, "error", AT)).errors] == [check]


@pytest.mark.parametrize(
    ("decision", "column", "lowest", "highest"),
    [
        (use("email"), TEXT, 0.0, 0.0),
        (use("null"), TEXT, 0.0, 0.0),
        (use("permute_integer"), INT8, 0.001, 0.02),
        (use("city"), TEXT, 1e-6, 0.01),
    ],
    ids=["disjoint", "not read", "permutation", "pool"],
)
def test_expects_as_many_fixed_values_as_chance_gives(
    decision: MaskUse, column: ColumnType, lowest: float, highest: float
) -> None:
    assert lowest <= only(compile_one(column, decision)).expected_fixed_rate <= highest


def test_originals_of_disjoint_masks_are_recorded_and_reserved_ones_are_not() -> None:
    recorded: list[str | None] = []
    plan = plan_masking(
        build_catalog(180000, [table("users", c=TEXT, city=TEXT)]),
        rules(users={"c": use("email"), "city": use("city")}),
        KEY,
        MASKS,
        lambda values: recorded.extend(values.to_list()),
    )
    assert recorded == []  # proving and compiling record nothing
    email, city = plan.relations[USERS].columns
    run(email, "ada@lovelace.org", "test@example.com", None)
    run(city, "London")
    assert [value for value in recorded if value] == ["ada@lovelace.org"]
