import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName, TypeKind
from dbtool.refresh.preserved_shapes import Carried, find_cast, judge_shapes, plan_table
from dbtool.targets import Target, Tier

STAGING = Target("staging", Tier.STAGING, lambda: "")
FLAGS = RelationName("public", "flags")
MOOD = ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public", labels=("ok",))


def of(base: str, **more: bool | str | int) -> ColumnType:
    return ColumnType(base, base, **more)  # type: ignore[arg-type]  # each is a field's


def catalog(*columns: Column, leaves: tuple[str, ...] = ()) -> Catalog:
    kind = RelationKind.PARTITIONED_TABLE if leaves else RelationKind.TABLE
    parts = [
        Relation(RelationName("public", leaf), RelationKind.TABLE, columns, partition_root=FLAGS)
        for leaf in leaves
    ]
    return build_catalog(180000, [Relation(FLAGS, kind, columns), *parts])


@pytest.mark.parametrize(
    ("old", "new", "cast"),
    [
        (of("int4"), of("int4"), ""),
        (of("varchar", length=20), of("varchar", length=10), ""),
        (of("numeric", precision=10, scale=4), of("numeric"), ""),
        (of("int4"), of("int8"), "pg_catalog.int8"),
        (of("int4", is_array=True), of("int8", is_array=True), "pg_catalog.int8[]"),
        (of("int8"), of("int4"), None),
        (of("int4"), of("float4"), None),
        (of("timestamptz"), of("timestamp"), None),
        (of("int4"), of("int4", is_array=True), None),
        (MOOD, of("text"), "pg_catalog.text"),
        (of("text"), MOOD, None),
        (MOOD, of("varchar"), "pg_catalog.text"),
        (of("uuid", is_array=True), of("text"), None),
        (of("citext", type_schema="public"), of("text"), "pg_catalog.text"),
        (of("text"), of("citext", type_schema="public"), None),
    ],
)
def test_a_value_is_cast_only_where_none_is_lost(old: ColumnType, new: ColumnType, cast: str | None) -> None:
    assert find_cast(Column("c", old), Column("c", new)) == cast


def test_composite_types_of_one_name_must_be_made_of_the_same() -> None:
    one, other = (
        ColumnType("public.pair", "pair", TypeKind.COMPOSITE, type_schema="public", made_of=parts)
        for parts in (("a integer",), ("a integer", "b integer"))
    )
    assert find_cast(Column("c", one), Column("c", one)) == ""
    assert find_cast(Column("c", one), Column("c", other)) is None


def test_new_columns_need_a_value_from_somewhere() -> None:
    identifier = Column("id", of("int4"))
    filled = (
        Column("a", of("int4")),
        Column("b", of("int4"), not_null=True, default="1"),
        Column("c", of("int4"), not_null=True, identity=True),
        Column("d", of("int4"), not_null=True, generated=True),
    )
    live = catalog(identifier)
    assert list(judge_shapes(STAGING, [FLAGS], catalog(identifier, *filled), live)) == []
    wanting = catalog(identifier, Column("e", of("int4"), not_null=True))
    assert [one.where for one in judge_shapes(STAGING, [FLAGS], wanting, live)] == ["public.flags.e"]


def test_a_table_that_one_end_alone_has_fits() -> None:
    assert list(judge_shapes(STAGING, [FLAGS], catalog(), build_catalog(180000, []))) == []
    assert list(judge_shapes(STAGING, [FLAGS], build_catalog(180000, []), catalog())) == []


def test_a_plan_reads_live_s_leaves_and_leaves_out_what_is_generated() -> None:
    columns = (
        Column("id", of("int4")),
        Column("g", of("int4"), generated=True),
        Column("was", of("int4"), generated=True),
    )
    live = catalog(*columns, leaves=("flags_2", "flags_1"))
    copy = catalog(
        Column("was", of("int8")),
        Column("g", of("int4"), generated=True),
        Column("id", of("int8")),
        leaves=("other",),
    )
    plan = plan_table(live, copy, FLAGS)
    assert plan.name == FLAGS
    assert [leaf.name for leaf in plan.leaves] == ["flags_1", "flags_2"]
    assert plan.columns == (Carried("id", "pg_catalog.int8"), Carried("was", "pg_catalog.int8"))
