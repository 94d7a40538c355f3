from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import (
    Column,
    ColumnRef,
    ColumnType,
    Relation,
    RelationKind,
    RelationName,
    TypeKind,
)
from dbtool.refresh.routes import plan_routes

ROOT, MIDDLE, LEAF, OTHER = (RelationName("public", name) for name in ("root", "middle", "leaf", "other"))
MOOD = ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public")
TEXT, INTEGER = ColumnType("text", "text"), ColumnType("integer", "int4")


def catalog_of(
    column: Column, strategy: str, key: tuple[str | None, ...] = ("k",), mentions: tuple[str, ...] = ()
) -> Catalog:
    """Root ← middle ← leaf, of which middle is partitioned as given; and a table beside them."""
    columns = (column,)
    return build_catalog(
        180000,
        [
            Relation(
                ROOT,
                RelationKind.PARTITIONED_TABLE,
                (Column("k", INTEGER),),
                partition_key=("k",),
                partition_strategy="list",
            ),
            Relation(
                MIDDLE,
                RelationKind.PARTITIONED_TABLE,
                columns,
                partition_root=ROOT,
                partition_key=key,
                partition_mentions=mentions,
                partition_strategy=strategy,  # type: ignore[arg-type]
            ),
            Relation(LEAF, RelationKind.TABLE, columns, partition_root=ROOT),
            Relation(OTHER, RelationKind.TABLE, columns),
        ],
    )


def test_rows_go_leaf_to_leaf_where_nothing_differs() -> None:
    for strategy in ("list", "range", "hash"):
        assert plan_routes(catalog_of(Column("k", TEXT), strategy), same_order=True) == {}
        assert plan_routes(catalog_of(Column("k", INTEGER), strategy), same_order=False) == {}


def test_what_is_hashed_by_a_type_of_its_own_goes_through_the_root() -> None:
    for own in (MOOD, ColumnType("integer[]", "int4", is_array=True), ColumnType("regclass", "regclass")):
        assert plan_routes(catalog_of(Column("k", own), "hash"), same_order=True) == {LEAF: ROOT}


def test_an_enum_in_a_list_or_a_range_is_no_reason() -> None:
    assert plan_routes(catalog_of(Column("k", MOOD), "list"), same_order=False) == {}


def test_text_goes_through_the_root_where_the_ends_sort_it_otherwise() -> None:
    assert plan_routes(catalog_of(Column("k", TEXT), "range"), same_order=False) == {LEAF: ROOT}
    in_bytes = Column("k", TEXT, collation='pg_catalog."C"')
    assert plan_routes(catalog_of(in_bytes, "range"), same_order=False) == {}


def test_what_an_expression_reads_counts_like_a_column_of_the_key() -> None:
    catalog = catalog_of(Column("k", MOOD), "hash", key=(None,), mentions=("k",))
    assert plan_routes(catalog, same_order=True) == {LEAF: ROOT}


def test_rows_go_through_the_root_where_what_they_are_partitioned_by_is_masked() -> None:
    for key, mentions in (("k",), ()), ((None,), ("k",)):
        catalog = catalog_of(Column("k", INTEGER), "range", key=key, mentions=mentions)
        assert plan_routes(catalog, same_order=True, masked={ColumnRef(ROOT, "k")}) == {LEAF: ROOT}
        assert plan_routes(catalog, same_order=True, masked={ColumnRef(OTHER, "k")}) == {}
