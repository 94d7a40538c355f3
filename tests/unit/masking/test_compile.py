"""Masks bound per relation: what they make, and what the source is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    Persistence,
    RelationKind,
    RelationName,
    TypeKind,
)
from dbtool.masking.bind import quote_literal
from dbtool.masking.compile import plan_masking
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.rules.model import DocumentPaths, Keep, MaskUse
from tests.unit.masking.compile_cases import (
    AT,
    DATE,
    INT4,
    INT8,
    KEEP,
    KEY,
    LONG,
    TEXT,
    USERS,
    Told,
    compile_one,
    errors,
    only,
    referring,
    rules,
    run,
    table,
    use,
)


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
    assert run(only(compile_one(TEXT, use("redact"))), "Ada  ") == ["Xxx  "]


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


def test_null_and_constant_serve_arrays_and_enums() -> None:
    assert errors(compile_one(ColumnType("text[]", "text", is_array=True), use("null"))) == []
    mood = ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public", labels=("ok", "bad"))
    assert errors(compile_one(mood, use("constant", value="ok"))) == []
    assert len(errors(compile_one(mood, use("constant", value="great")))) == 1


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


def test_documents_are_masked_by_path() -> None:
    paths = DocumentPaths({"$.phone": use("constant", value="0"), "$.theme": Keep("", AT)}, "drop", AT)
    column = only(compile_one(ColumnType("jsonb", "jsonb"), paths))
    assert (column.mask, column.source_sql) == (None, None)
    assert run(column, '{"phone": "123", "theme": "dark", "x": 1}', None) == [
        '{"phone": "0", "theme": "dark"}',
        None,
    ]


@pytest.mark.parametrize(
    ("decision", "column", "lowest", "highest"),
    [
        (use("email"), TEXT, 0.0, 0.0),
        (use("null"), TEXT, 0.0, 0.0),
        (use("permute_integer"), INT8, 0.0, 0.0),
        (use("city"), TEXT, 1e-6, 0.01),
    ],
    ids=["disjoint", "not read", "permutation, counted otherwise", "pool"],
)
def test_expects_as_many_fixed_values_as_chance_gives(
    decision: MaskUse, column: ColumnType, lowest: float, highest: float
) -> None:
    assert lowest <= only(compile_one(column, decision)).expected_fixed_rate <= highest


def test_originals_of_disjoint_masks_are_recorded_and_reserved_ones_are_not() -> None:
    told = Told()
    plan = plan_masking(
        build_catalog(180000, [table("users", c=TEXT, city=TEXT)]),
        rules(users={"c": use("email"), "city": use("city")}),
        KEY,
        MASKS,
        told,
    )
    assert told.originals == []  # proving and compiling record nothing
    email, city = plan.relations[USERS].columns
    run(email, "ada@lovelace.org", "test@example.com", None)
    run(city, "London")
    assert [value for value in told.originals if value] == ["ada@lovelace.org"]
