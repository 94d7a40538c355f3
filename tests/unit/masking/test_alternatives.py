"""A refusal names the masks that would do: they are there, they fit, and the likeliest comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, TypeKind
from dbtool.masking.alternatives import find_alternatives
from dbtool.masking.compile import plan_masking
from dbtool.masking.mask import MaskContext
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import Workshop
from dbtool.report.type_families import FAMILIES, Family, Part
from tests.unit.masking.compile_cases import DATE, INT4, KEY, compile_one, rules, table, use

SHORT = ColumnType("character varying(5)", "varchar", length=5)
JSONB = ColumnType("jsonb", "jsonb")


def remedy(column: Column | ColumnType, mask: str, each: bool = False) -> str:
    column = column if isinstance(column, Column) else Column("c", column)
    catalog = build_catalog(180000, [table("users", c=column)])
    decided = rules(users={column.name: replace(use(mask), each=each)})
    (finding,) = plan_masking(catalog, decided, KEY, MASKS).errors
    assert finding.check == "mask-does-not-fit"
    return finding.remedy


@pytest.mark.parametrize(
    ("column", "mask", "told"),
    [
        (INT4, "email", "use mask: noise, mask: permute_integer, mask: null, or keep"),
        (Column("birth_date", DATE), "phone", "use mask: birth_date, mask: shift_date, mask: null, or keep"),
        (Column("c", DATE), "phone", "use mask: shift_date, mask: birth_date, mask: null, or keep"),
        (Column("c", INT4, not_null=True), "phone", "mask: permute_integer, mask: constant with a value, or"),
        (ColumnType("public.mood", "mood", TypeKind.ENUM, labels=("a", "b")), "phone", "use mask: category, "),
        (ColumnType("uuid", "uuid"), "phone", "use mask: uuid, mask: null, or keep"),
        (ColumnType("point", "point"), "phone", "use mask: null, or keep"),
        (JSONB, "phone", 'use {json: {"$.key": …}, unknown: error}, mask: null, or keep'),
        (ColumnType("public.hstore", "hstore"), "phone", "use {hstore: {key: …}, unknown: error}, mask: null"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_told_what_serves_it(column: Column | ColumnType, mask: str, told: str) -> None:
    assert told in remedy(column, mask)


def test_what_is_too_long_is_told_what_is_shorter() -> None:
    told = remedy(Column("zip_code", SHORT), "full_name")
    assert told.startswith("use `max_length: 5` in every use of the domain, or redact; or mask: ")
    assert told.endswith("mask: null, or keep the column with a reason")
    for word in ("mask: token", "mask: email", "mask: uuid"):
        assert word not in told


def test_elements_are_told_with_each() -> None:
    array = ColumnType("integer[]", "int4", is_array=True)
    assert remedy(array, "email", each=True).startswith(
        "use {each: {mask: noise}}, {each: {mask: permute_integer}}"
    )


@pytest.mark.parametrize(
    "family", [one for one in FAMILIES if one.part is Part.WHOLE], ids=lambda one: one.sql
)
def test_what_is_named_fits(family: Family) -> None:
    context = MaskContext(family.type, KEY.digest_for("test"))
    names = find_alternatives("email", context, Workshop(MASKS, KEY, "en_US"))
    assert len(names) <= 5
    for name in names:
        found = compile_one(family.type, use(name)).errors
        assert [one for one in found if one.check == "mask-does-not-fit"] == []
