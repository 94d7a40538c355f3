"""A catalog less some tables: what belongs to them goes along, and everything else stays as it is."""

from dataclasses import replace

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.catalog.without import with_belongings, without


def _name(name: str) -> RelationName:
    return RelationName("public", name)


def _relation(name: str, kind: RelationKind = RelationKind.TABLE, root: str | None = None) -> Relation:
    columns = (Column("id", ColumnType("integer", "int4")),)
    return Relation(_name(name), kind, columns, partition_root=_name(root) if root else None)


def _key(name: str, referencing: str, referenced: str) -> ForeignKey:
    return ForeignKey(name, _name(referencing), ("id",), _name(referenced), ("id",))


def _sequence(name: str, *fed: str, owner: str | None = None) -> Sequence:
    feeds = tuple((_name(table), "id") for table in fed)
    return Sequence(_name(name), feeds, owned_by=_name(owner) if owner else None)


def _catalog(*relations: Relation, **parts: object) -> Catalog:
    kept = _relation("kept")
    return build_catalog(180000, [kept, *relations], **parts)


_SCRATCH = _relation("scratch")
_LOG = _relation("log", RelationKind.PARTITIONED_TABLE)
_MIDDLE = _relation("log_2025", RelationKind.PARTITIONED_TABLE, "log")
_LEAF = _relation("log_2025_1", root="log")


def test_partitions_of_every_level_and_owned_sequences_go_along() -> None:
    catalog = _catalog(
        _LOG,
        _MIDDLE,
        _LEAF,
        sequences=(
            _sequence("log_id_seq", "log", owner="log"),
            _sequence("leaf_seq", "log_2025_1", owner="log_2025_1"),
            _sequence("kept_id_seq", "kept", owner="kept"),
            _sequence("free", "log"),
        ),
    )
    gone = {_name(each) for each in ("log", "log_2025", "log_2025_1", "log_id_seq", "leaf_seq")}
    assert with_belongings(catalog, {_name("log")}) == gone
    assert set(without(catalog, {_name("log")}).relations) == {_name("kept")}


def test_nothing_skipped_leaves_the_catalog_itself() -> None:
    catalog = _catalog(_SCRATCH)
    assert without(catalog, ()) is catalog


def test_a_sequence_of_its_own_stays_and_feeds_the_others() -> None:
    catalog = _catalog(
        _SCRATCH,
        sequences=(_sequence("shared", "kept", "scratch"), _sequence("lonely"), _sequence("free", "scratch")),
    )
    assert without(catalog, {_name("scratch")}).sequences == (
        _sequence("shared", "kept"),
        _sequence("lonely"),
        _sequence("free"),
    )


def test_keys_on_either_end_indexes_and_checks_go_with_their_table() -> None:
    kept = _catalog(
        _SCRATCH,
        foreign_keys=(_key("stays", "kept", "kept"),),
        unique_indexes=(UniqueIndex("kept_pkey", _name("kept"), ("id",)),),
        checks=(CheckConstraint("kept_check", _name("kept"), ("id",), "CHECK (true)"),),
        materialized_views=(_name("totals"),),
    )
    whole = replace(
        kept,
        foreign_keys=(
            _key("from_it", "scratch", "kept"),
            *kept.foreign_keys,
            _key("to_it", "kept", "scratch"),
        ),
        unique_indexes=(*kept.unique_indexes, UniqueIndex("scratch_pkey", _name("scratch"), ("id",))),
        checks=(*kept.checks, CheckConstraint("scratch_check", _name("scratch"), ("id",), "CHECK (true)")),
    )
    assert without(whole, {_name("scratch")}) == without(kept, {_name("scratch")})
    assert without(kept, {_name("scratch")}).foreign_keys == kept.foreign_keys
    assert without(kept, {_name("scratch")}).unique_indexes == kept.unique_indexes
    assert without(kept, {_name("scratch")}).checks == kept.checks
    assert without(kept, {_name("scratch")}).materialized_views == kept.materialized_views


def test_nothing_is_said_any_more_of_what_is_gone() -> None:
    told = (
        "public.kept is unlogged: a standby has none of its rows, so it arrives empty",
        "public.scratch is unlogged: a standby has none of its rows, so it arrives empty",
        "public.scratch_2 is unlogged: a standby has none of its rows, so it arrives empty",
        "foreign key far of public.scratch refers to a relation of an extension or of schema dbtool, which is not copied",
    )
    catalog = _catalog(_SCRATCH, not_copied=told)
    assert without(catalog, {_name("scratch")}).not_copied == (told[0], told[2])


def test_a_table_the_catalog_never_had_changes_nothing() -> None:
    catalog = _catalog(_SCRATCH, alembic_version=_name("kept"))
    assert without(catalog, {_name("absent")}) == catalog
    assert without(catalog, {_name("absent")}).fingerprint() == catalog.fingerprint()
    assert without(catalog, {_name("kept")}).alembic_version is None
