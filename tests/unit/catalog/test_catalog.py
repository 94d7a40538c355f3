"""What a Catalog answers about its relations."""

from dataclasses import replace

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    Persistence,
    Relation,
    RelationKind,
    RelationName,
)

_INTEGER = ColumnType("integer", "int4")


def _relation(name: str, kind: RelationKind = RelationKind.TABLE, size: int = 0) -> Relation:
    return Relation(RelationName("public", name), kind, (Column("id", _INTEGER),), bytes=size)


def test_tables_come_largest_first_and_by_name_among_equals() -> None:
    catalog = build_catalog(180000, [_relation("b", size=1), _relation("c", size=9), _relation("a", size=1)])
    assert [relation.name.name for relation in catalog.tables()] == ["c", "a", "b"]


def test_only_readable_tables_and_leaf_partitions_hold_rows() -> None:
    plain = _relation("plain")
    catalog = build_catalog(
        180000,
        [
            plain,
            replace(_relation("leaf"), partition_root=RelationName("public", "root")),
            _relation("root", RelationKind.PARTITIONED_TABLE),
            _relation("shown", RelationKind.VIEW),
            _relation("kept", RelationKind.MATERIALIZED_VIEW),
            _relation("far", RelationKind.FOREIGN_TABLE),
            replace(_relation("short"), persistence=Persistence.TEMPORARY),
            replace(_relation("unlogged_on_standby"), persistence=Persistence.UNLOGGED, readable=False),
            replace(_relation("unlogged"), persistence=Persistence.UNLOGGED),
        ],
    )
    assert {relation.name.name for relation in catalog.tables()} == {"plain", "leaf", "unlogged"}


def test_rules_speak_of_roots_and_not_of_partitions_or_alembics_table() -> None:
    root = RelationName("public", "root")
    leaf = replace(_relation("leaf"), partition_root=root)
    catalog = build_catalog(
        180000,
        [
            leaf,
            _relation("root", RelationKind.PARTITIONED_TABLE),
            _relation("alembic_version"),
            _relation("plain"),
            _relation("shown", RelationKind.VIEW),
        ],
        alembic_version=RelationName("public", "alembic_version"),
    )
    assert [relation.name.name for relation in catalog.ruled()] == ["plain", "root"]
    assert leaf.ruled_by == root


def test_generated_columns_are_not_copied() -> None:
    generated = Column("twice", _INTEGER, generated=True, default="(id * 2)")
    relation = replace(_relation("t"), columns=(Column("id", _INTEGER), generated))
    assert [column.name for column in relation.copied_columns] == ["id"]


def test_names_are_spelt_as_sql_would() -> None:
    assert str(RelationName("public", "users")) == "public.users"
    assert str(RelationName("select", 'Order "Details"')) == '"select"."Order ""Details"""'
    assert str(RelationName("straße", "1st")) == '"straße"."1st"'
