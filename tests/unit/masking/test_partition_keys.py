"""What is said of a masked partition key before anything is copied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey, UniqueIndex
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationKind, RelationName
from dbtool.masking.check_fit import UnprovedCheck
from dbtool.masking.partition_keys import find_partition_columns, judge_partition_keys
from tests.unit.masking.compile_cases import INT8, table

ROOT, MIDDLE, FIRST, SECOND, OTHER = (
    RelationName("public", name) for name in ("root", "middle", "first", "second", "other")
)
USES = {ColumnRef(ROOT, "a"): "mask x at here"}


def level(name: str, key: tuple[str | None, ...], **parts: Any) -> Relation:
    made = replace(
        table(name, a=INT8, b=INT8, c=INT8), kind=RelationKind.PARTITIONED_TABLE, partition_key=key
    )
    return replace(made, **parts)


def leaf(name: str, **parts: Any) -> Relation:
    made = replace(table(name, a=INT8, b=INT8, c=INT8), partition_root=ROOT)
    return replace(made, **parts)


def catalog_of(*leaves: Relation, **parts: Any) -> Catalog:
    return build_catalog(180000, [level("root", ("a",)), table("other", b=INT8), *leaves], **parts)


def own(catalog: Catalog) -> list[str]:
    return [one.message for one in judge_partition_keys(catalog, USES) if one.check == "partition-constraint"]


def test_every_level_and_every_expression_decides_where_a_row_lives() -> None:
    middle = level("middle", (None, "b"), partition_root=ROOT, partition_mentions=("c",))
    columns = find_partition_columns(
        build_catalog(180000, [level("root", ("a",)), middle, table("other", b=INT8)])
    )
    assert columns == {ROOT: {"a", "b", "c"}}


def test_a_row_must_fit_the_bounds_of_some_partition_that_is_no_foreign_table() -> None:
    abroad = leaf("abroad", kind=RelationKind.FOREIGN_TABLE)
    (told,) = judge_partition_keys(catalog_of(leaf("first"), leaf("second"), abroad), USES)
    assert isinstance(told, UnprovedCheck)
    assert told.bounds == (FIRST, SECOND)
    assert (told.relation, told.columns, told.use) == (ROOT, ("a",), "mask x at here")
    assert not told.is_error


def test_nothing_is_said_of_a_key_that_is_kept() -> None:
    catalog = catalog_of(leaf("first"))
    assert list(judge_partition_keys(catalog, {ColumnRef(ROOT, "b"): "", ColumnRef(OTHER, "a"): ""})) == []


def test_a_partitions_own_uniqueness_does_not_hold_for_rows_of_others() -> None:
    indexes = [UniqueIndex(name, relation, ("b",)) for name, relation in (("i", FIRST), ("j", SECOND))]
    catalog = catalog_of(leaf("first"), leaf("second"), unique_indexes=tuple(indexes))
    (told,) = own(catalog)
    assert "unique index i of public.first, unique index j of public.second" in told


def test_other_constraints_hold_where_all_partitions_have_them_alike() -> None:
    both = (FIRST, SECOND)
    alike: dict[str, Any] = {
        "checks": tuple(CheckConstraint(f"k_{one.name}", one, ("b",), "CHECK ((b > 0))") for one in both),
        "foreign_keys": tuple(ForeignKey(f"f_{one.name}", one, ("b",), OTHER, ("b",)) for one in both),
    }
    required = {"columns": (Column("a", INT8), Column("b", INT8, not_null=True), Column("c", INT8))}
    leaves = [leaf("first", **required), leaf("second", **required)]
    assert own(catalog_of(*leaves, **alike)) == []
    (told,) = own(catalog_of(*leaves, leaf("third"), **alike))
    assert (
        "CHECK k_first of public.first, CHECK k_second of public.second, NOT NULL of public.first.b and 3 more"
        in told
    )


def test_a_reference_to_one_partition_loses_the_rows_that_move() -> None:
    key = ForeignKey("f", OTHER, ("b",), FIRST, ("b",))
    leaves = leaf("first"), leaf("second")
    (told,) = own(catalog_of(*leaves, foreign_keys=(key,)))
    assert "foreign key f of public.other, which refers to public.first" in told
    assert own(catalog_of(*leaves, foreign_keys=(replace(key, is_inherited=True),))) == []


def test_of_a_partition_alone_no_row_moves() -> None:
    assert own(catalog_of(leaf("first"), unique_indexes=(UniqueIndex("i", FIRST, ("b",)),))) == []
