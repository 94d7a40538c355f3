from __future__ import annotations

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.findings import Severity
from dbtool.locks.trace import RelationSize
from dbtool.migrate.clone.fill_plan import FillPlan, TableCopy, plan_fill

INT = ColumnType("integer", "int4")
T, ROOT, LEAF = (RelationName("public", name) for name in ("t", "root", "leaf"))


def table(name: RelationName, *columns: Column | str, **facts: object) -> Relation:
    made = tuple(Column(each, INT) if isinstance(each, str) else each for each in columns)
    return Relation(name, RelationKind.TABLE, made, **facts)  # type: ignore[arg-type]


def root(*columns: str) -> Relation:
    made = tuple(Column(each, INT) for each in columns)
    return Relation(
        ROOT, RelationKind.PARTITIONED_TABLE, made, partition_key=("a",), partition_strategy="range"
    )


def leaf(bound: str, name: RelationName = LEAF) -> Relation:
    return table(name, "a", partition_root=ROOT, partition_bound=bound)


def catalog(*relations: Relation) -> Catalog:
    return build_catalog(180000, relations)


def plan(target: Catalog, staging: Catalog, rows: int = 5, moving: tuple[RelationName, ...] = ()) -> FillPlan:
    return plan_fill(target, staging, sizes={"public.t": RelationSize(rows, 8192)}, moving=moving)


def test_columns_that_both_have_are_copied_in_the_targets_order() -> None:
    made = plan(catalog(table(T, "a", "b")), catalog(table(T, "c", "b", "a")))
    assert made.copies == (TableCopy(T, T, ("a", "b")),)
    assert made.findings == ()


def test_a_generated_column_is_computed_anew_and_read_as_any_other() -> None:
    generated = Column("b", INT, generated=True, default="a + 1")
    assert plan(catalog(table(T, "a", generated)), catalog(table(T, "a", "b"))).copies[0].columns == ("a",)
    assert plan(catalog(table(T, "a", "b")), catalog(table(T, "a", generated))).copies[0].columns == (
        "a",
        "b",
    )


def test_a_column_that_staging_lacks_is_said_and_the_others_are_copied() -> None:
    made = plan(catalog(table(T, "a", Column("b", INT, not_null=True, default="7"))), catalog(table(T, "a")))
    assert made.copies == (TableCopy(T, T, ("a",)),)
    assert [(each.where, each.severity) for each in made.findings] == [("public.t.b", Severity.INFO)]


def test_a_table_whose_column_must_have_a_value_that_staging_lacks_stays_empty() -> None:
    target = catalog(table(T, "a", Column("b", INT, not_null=True)))
    made = plan(target, catalog(table(T, "a")))
    assert made.copies == ()
    assert [(each.check, each.severity) for each in made.findings] == [("not-filled", Severity.WARNING)]
    assert plan(target, catalog(table(T, "a")), rows=0).findings[0].severity is Severity.INFO


def test_an_identity_column_needs_no_value() -> None:
    made = plan(
        catalog(table(T, "a", Column("b", INT, not_null=True, identity=True))), catalog(table(T, "a"))
    )
    assert len(made.copies) == 1


def test_a_table_that_staging_lacks_is_said_and_one_that_only_staging_has_is_not() -> None:
    made = plan(catalog(table(T, "a")), catalog(table(RelationName("public", "other"), "a")))
    assert made.copies == ()
    assert [each.where for each in made.findings] == ["public.t"]


def test_a_view_of_the_name_is_no_table() -> None:
    view = Relation(T, RelationKind.VIEW, (Column("a", INT),))
    assert plan(catalog(view), catalog(table(T, "a"))).copies == ()
    assert [each.where for each in plan(catalog(table(T, "a")), catalog(view)).findings] == ["public.t"]


def test_a_leaf_goes_to_its_like_and_else_through_the_root() -> None:
    target = catalog(root("a"), leaf("FOR VALUES FROM (1) TO (2)"))
    same = plan(target, catalog(root("a"), leaf("FOR VALUES FROM (1) TO (2)")))
    other = plan(target, catalog(root("a"), leaf("FOR VALUES FROM (1) TO (9)")))
    older = plan(
        target, catalog(root("a"), leaf("FOR VALUES FROM (0) TO (1)", RelationName("public", "old")))
    )
    moved = plan(target, catalog(root("a"), leaf("FOR VALUES FROM (1) TO (2)")), moving=(LEAF,))
    assert [each.copies[0].into for each in (same, other, older, moved)] == [LEAF, ROOT, ROOT, ROOT]
    assert {each.findings for each in (same, other, older, moved)} == {()}


def test_what_is_filled_otherwise_is_left_alone() -> None:
    made = plan_fill(catalog(table(T, "a")), catalog(table(T, "a")), sizes={}, left_alone={T})
    assert made == FillPlan((), ())
    assert plan_fill(catalog(table(T, "a")), catalog(), sizes={}, left_alone={T}).findings == ()
