"""The fingerprint sees what the rules depend on and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Persistence, Relation, RelationKind, RelationName

_TEXT = ColumnType("text", "text")
_USERS = RelationName("public", "users")
_ORDERS = RelationName("public", "orders")
_USER = Relation(
    _USERS,
    RelationKind.TABLE,
    (Column("id", ColumnType("integer", "int4"), not_null=True), Column("email", _TEXT)),
)
_KEY = ForeignKey("orders_user", _ORDERS, ("user_id",), _USERS, ("id",))
_UNIQUE = UniqueIndex(
    "users_email",
    _USERS,
    ("email",),
    definition="CREATE UNIQUE INDEX users_email ON public.users USING btree (email)",
    mentioned=("email",),
)
_CHECK = CheckConstraint("users_check", _USERS, ("email",), "CHECK ((email <> ''::text))")
_SEQUENCE = Sequence(RelationName("public", "users_id_seq"), ((_USERS, "id"),))


def _catalog(user: Relation = _USER, **parts: Any) -> Catalog:
    known: dict[str, Any] = {
        "foreign_keys": (_KEY,),
        "unique_indexes": (_UNIQUE,),
        "checks": (_CHECK,),
        "sequences": (_SEQUENCE,),
    }
    return build_catalog(180000, [user], **{**known, **parts})


def _with_email(**changes: Any) -> Relation:
    return replace(_USER, columns=(_USER.columns[0], replace(_USER.columns[1], **changes)))


@pytest.mark.parametrize(
    "same",
    [
        _catalog(replace(_USER, rows=10, pages=20, bytes=30)),
        _catalog(replace(_USER, comment="a comment", row_security=True, readable=False)),
        _catalog(replace(_USER, columns=_USER.columns[::-1])),
        _catalog(checks=(replace(_CHECK, definition="CHECK (email <> '')"),)),
        _catalog(foreign_keys=(_KEY, replace(_KEY, name="orders_user_1", is_inherited=True))),
        _catalog(sequences=(replace(_SEQUENCE, increment=2, feeds=()),)),
        replace(_catalog(), server_version=170000, large_objects=3, not_copied=("something",)),
    ],
    ids=["sizes", "comments", "column order", "casts", "inherited keys", "sequences", "the server"],
)
def test_fingerprint_is_blind_to_what_the_rules_do_not_depend_on(same: Catalog) -> None:
    assert same.fingerprint() == _catalog().fingerprint()


@pytest.mark.parametrize(
    "other",
    [
        _catalog(replace(_USER, name=RelationName("public", "user"))),
        _catalog(replace(_USER, persistence=Persistence.UNLOGGED)),
        _catalog(replace(_USER, partition_root=_ORDERS, partition_bound="DEFAULT")),
        _catalog(replace(_USER, partition_key=("id",), partition_strategy="hash")),
        _catalog(replace(_USER, inherits=(_ORDERS,))),
        _catalog(replace(_USER, columns=_USER.columns[:1])),
        _catalog(_with_email(name="mail")),
        _catalog(_with_email(type=ColumnType("character varying(20)", "varchar", length=20))),
        _catalog(_with_email(type=replace(_TEXT, labels=("a", "b")))),
        _catalog(_with_email(type=replace(_TEXT, domains=("public.email",), length=20))),
        _catalog(_with_email(type=replace(_TEXT, domain_checks=("CHECK ((VALUE <> ''::text))",)))),
        _catalog(_with_email(type=replace(_TEXT, made_of=("street text",)))),
        _catalog(_with_email(not_null=True)),
        _catalog(_with_email(identity=True)),
        _catalog(_with_email(default="'none'::text")),
        _catalog(_with_email(default="lower(id)", generated=True)),
        _catalog(_with_email(collation='pg_catalog."C"')),
        _catalog(foreign_keys=()),
        _catalog(foreign_keys=(replace(_KEY, columns=("buyer_id",)),)),
        _catalog(foreign_keys=(replace(_KEY, match="full"),)),
        _catalog(foreign_keys=(replace(_KEY, validated=False),)),
        _catalog(foreign_keys=(replace(_KEY, enforced=False),)),
        _catalog(foreign_keys=(replace(_KEY, deferrable=True),)),
        _catalog(unique_indexes=()),
        _catalog(unique_indexes=(replace(_UNIQUE, definition=_UNIQUE.definition + " WHERE (id > 0)"),)),
        _catalog(checks=()),
        _catalog(checks=(replace(_CHECK, definition="CHECK ((email <> 'x'::text))"),)),
    ],
)
def test_fingerprint_sees_what_the_rules_depend_on(other: Catalog) -> None:
    assert other.fingerprint() != _catalog().fingerprint()


def test_the_identity_of_a_partition_is_its_roots() -> None:
    partition = replace(_USER, partition_root=_ORDERS)
    before_17 = replace(partition, columns=(partition.columns[0],))
    from_17 = replace(partition, columns=(replace(partition.columns[0], identity=True),))
    assert _catalog(before_17).fingerprint() == _catalog(from_17).fingerprint()


@pytest.mark.parametrize(
    "other",
    [replace(_SEQUENCE, increment=2), replace(_SEQUENCE, feeds=())],
)
def test_a_copy_is_held_to_its_sequences_too(other: Sequence) -> None:
    assert set(_catalog(sequences=(other,)).description()) != set(_catalog().description())


_ORDER = Relation(_ORDERS, RelationKind.PARTITIONED_TABLE, _USER.columns, partition_strategy="range")


def _month(number: int, **changes: Any) -> Relation:
    name = RelationName("public", f"orders_{number}")
    bound = f"FOR VALUES IN ({number})"
    known = replace(_USER, name=name, partition_root=_ORDERS, partition_bound=bound)
    return replace(known, **changes)


def _months(*months: Relation, **parts: Any) -> Catalog:
    return build_catalog(180000, [_ORDER, *months], **parts)


def test_a_partition_like_its_root_is_no_news() -> None:
    expected = _months().fingerprint()
    assert _months(_month(1)).fingerprint() == expected
    assert _months(_month(1), _month(2, columns=_USER.columns[::-1])).fingerprint() == expected
    assert set(_months(_month(1)).description()) != set(_months().description())


_OWN_INDEX = UniqueIndex(
    "by_email",
    _month(1).name,
    ("email",),
    definition="CREATE UNIQUE INDEX by_email ON public.orders_1 USING btree (email)",
)


@pytest.mark.parametrize(
    "parts",
    [
        {"unique_indexes": (_OWN_INDEX,)},
        {"checks": (replace(_CHECK, relation=_month(1).name),)},
        {"foreign_keys": (replace(_KEY, referencing=_month(1).name),)},
    ],
    ids=["a unique index", "a check", "a key"],
)
def test_what_one_partition_alone_has_is_seen(parts: dict[str, Any]) -> None:
    assert _months(_month(1), **parts).fingerprint() != _months(_month(1)).fingerprint()


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": (_USER.columns[0], replace(_USER.columns[1], not_null=True))},
        {"persistence": Persistence.UNLOGGED},
        {"kind": RelationKind.PARTITIONED_TABLE, "partition_strategy": "list", "partition_key": ("email",)},
    ],
    ids=["a column", "unlogged", "partitions of its own"],
)
def test_a_partition_of_another_shape_is_seen(changes: dict[str, Any]) -> None:
    assert _months(_month(1, **changes)).fingerprint() != _months(_month(1)).fingerprint()


def test_a_shape_that_several_partitions_have_is_one() -> None:
    second = replace(
        _OWN_INDEX,
        name="Orders, 2",
        relation=_month(2).name,
        definition='CREATE UNIQUE INDEX "Orders, 2" ON public.orders_2 USING btree (email)',
    )
    one = _months(_month(1), unique_indexes=(_OWN_INDEX,))
    two = _months(_month(1), _month(2), unique_indexes=(_OWN_INDEX, second))
    lacking = _months(_month(1), _month(2), unique_indexes=(_OWN_INDEX,))
    assert two.fingerprint() == one.fingerprint()
    assert lacking.fingerprint() != one.fingerprint()


def test_views_say_nothing() -> None:
    view = replace(_USER, name=RelationName("public", "some_view"), kind=RelationKind.VIEW)
    alone, with_view = build_catalog(180000, [_USER]), build_catalog(180000, [_USER, view])
    assert alone.fingerprint() == with_view.fingerprint()


def test_every_line_is_one_line_that_names_its_object_as_sql_would() -> None:
    user = _with_email(name="E Mail", type=replace(_TEXT, labels=("a\nb",)), default="'a\nb'::text")
    check = replace(_CHECK, definition="CHECK ((email <> 'a\nb'::text))")
    lines = list(_catalog(user, checks=(check,)).description())
    assert all("\n" not in line for line in lines)
    assert any(line.startswith('column public.users."E Mail" text') for line in lines)
