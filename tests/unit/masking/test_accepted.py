"""What is kept beside what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, TypeKind
from dbtool.findings import Finding, Severity
from dbtool.masking.accepted import find_gone, find_kept, judge_kept, spell_type
from dbtool.rules.lockfile import KeptColumn, Lock, parse_lock, render_lock
from dbtool.rules.nodes import Problems
from dbtool.targets import Target, Tier
from tests.unit.masking.coverage_cases import SHOP, cover, key, name, ref, table

_KEPT = "public.customers: {id: {keep: a key}, name: {keep: a name}}\npublic.orders: {id: {keep: a key}}"
_PRODUCTION = Target("production", Tier.PRODUCTION, str)


def unique(relation: str, *columns: str | None, **parts: object) -> UniqueIndex:
    return UniqueIndex("ix", name(relation), columns, **parts)  # type: ignore[arg-type]


def with_indexes(*indexes: UniqueIndex) -> Catalog:
    return build_catalog(
        180000, SHOP.relations.values(), foreign_keys=SHOP.foreign_keys, unique_indexes=indexes
    )


def lock(*lines: str) -> Lock:
    return Lock(Path("dbtool.lock"), parse_lock("\n".join(["version: 1", *lines]), "dbtool.lock", Problems()))


def judge(folder: Path, catalog: Catalog, accepted: Lock | None, rules: str = _KEPT) -> Sequence[Finding]:
    return list(judge_kept(catalog, cover(folder, catalog, rules), accepted, _PRODUCTION))


def lines(folder: Path, catalog: Catalog, rules: str = _KEPT) -> list[str]:
    return [str(one) for one in find_kept(catalog, cover(folder, catalog, rules))]


_ALL = (
    "public.customers.id  bigint",
    "public.customers.name  bigint",
    "public.orders.customer_id  bigint",
    "public.orders.id  bigint",
)


def test_a_column_that_inherits_a_keep_is_kept_as_well(tmp_path: Path) -> None:
    assert lines(tmp_path, SHOP) == list(_ALL)


def test_a_masked_column_is_not_nor_what_refers_to_it(tmp_path: Path) -> None:
    rules = (
        "public.customers: {id: {mask: permute}, name: {keep: a name}}\npublic.orders: {id: {keep: a key}}"
    )
    assert lines(tmp_path, SHOP, rules) == ["public.customers.name  bigint", "public.orders.id  bigint"]


@pytest.mark.parametrize(
    "index",
    [
        unique("customers", "name"),
        unique("customers", "id", "name", is_primary=True),
        unique("customers", "name", predicate="(id > 0)", mentioned=("name", "id")),
        unique("customers", None, expressions=("lower(name)",), mentioned=("name",)),
        unique("customers", "name", is_exclusion=True),
    ],
    ids=["unique", "composite", "partial", "expression", "exclusion"],
)
def test_what_a_unique_index_compares_is_a_key(tmp_path: Path, index: UniqueIndex) -> None:
    assert "public.customers.name  bigint  key" in lines(tmp_path, with_indexes(index))


def test_what_its_predicate_alone_reads_is_none(tmp_path: Path) -> None:
    index = unique("customers", "id", predicate="(name > 0)", mentioned=("id", "name"))
    assert "public.customers.name  bigint" in lines(tmp_path, with_indexes(index))


def test_a_key_of_one_partition_is_the_roots(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [
            table("visits", "id code", RelationKind.PARTITIONED_TABLE),
            table("visits_1", "id code", root="visits"),
        ],
        unique_indexes=(unique("visits_1", "code"),),
    )
    rules = "public.visits: {id: {keep: a key}, code: {keep: a code}}"
    assert lines(tmp_path, catalog, rules) == ["public.visits.code  bigint  key", "public.visits.id  bigint"]


def test_what_is_as_accepted_says_nothing(tmp_path: Path) -> None:
    assert judge(tmp_path, SHOP, lock(*_ALL)) == []


def test_a_type_may_be_any_of_those_accepted(tmp_path: Path) -> None:
    assert judge(tmp_path, SHOP, lock(*_ALL, "public.customers.name  text")) == []


def test_another_type_names_both_and_the_command(tmp_path: Path) -> None:
    accepted = lock(*(one.replace("name  bigint", "name  integer") for one in _ALL))
    (finding,) = judge(tmp_path, SHOP, accepted)
    assert (finding.check, finding.severity, finding.where) == (
        "kept-column-changed",
        Severity.ERROR,
        "public.customers.name",
    )
    assert "was accepted as integer, part of no key (dbtool.lock:3:1); it is bigint, part of no key now" in (
        finding.message
    )
    assert finding.remedy.endswith("dbtool rules accept production")


@pytest.mark.parametrize("becomes", [True, False])
def test_a_key_that_comes_or_goes_is_a_change(tmp_path: Path, becomes: bool) -> None:
    catalog = with_indexes(unique("customers", "name")) if becomes else SHOP
    accepted = _ALL if becomes else [one.replace("name  bigint", "name  bigint  key") for one in _ALL]
    (finding,) = judge(tmp_path, catalog, lock(*accepted))
    assert finding.check == "kept-column-changed"
    now = "it is bigint, part of a key now" if becomes else "it is bigint, part of no key now"
    assert now in finding.message


def test_a_kept_column_without_a_line_comes_with_it(tmp_path: Path) -> None:
    (finding,) = judge(tmp_path, SHOP, lock(*_ALL[:2], _ALL[3]))
    assert (finding.check, finding.is_error) == ("kept-column-not-accepted", True)
    assert finding.remedy.splitlines()[-1] == "public.orders.customer_id  bigint"


def test_without_a_lock_one_warning_says_so(tmp_path: Path) -> None:
    (finding,) = judge(tmp_path, SHOP, Lock(Path("dbtool.lock")))
    assert (finding.check, finding.severity) == ("no-lock", Severity.WARNING)
    assert finding.remedy.endswith("dbtool rules accept production")


def test_without_a_lock_nothing_is_said_where_nothing_is_kept(tmp_path: Path) -> None:
    rules = "public.customers: {id: {mask: permute}, name: {mask: email}}\npublic.orders: {id: {mask: email}}"
    assert judge(tmp_path, SHOP, Lock(Path("dbtool.lock")), rules) == []
    assert judge(tmp_path, SHOP, None) == []


def test_lines_of_what_is_not_kept_here_are_told_but_for_what_is_skipped(tmp_path: Path) -> None:
    accepted = lock(*_ALL, "public.customers.age  integer", "public.scratch.id  bigint")
    coverage = cover(tmp_path, SHOP, _KEPT)
    found = list(find_gone(SHOP, coverage, accepted, {name("scratch")}))
    assert [(one.check, one.severity, one.where) for one in found] == [
        ("lock-names-nothing", Severity.INFO, "dbtool.lock:6:1")
    ]


def _domains(*names: str) -> tuple[str, ...]:
    return tuple(f"public.{one}" for one in names)


@pytest.mark.parametrize(
    ("type_", "spelt"),
    [
        (ColumnType("character varying(8)", "varchar", length=8), "character varying(8)"),
        (ColumnType("public.code", "varchar", length=8, domains=_domains("code")), "public.code over character varying(8)"),
        (ColumnType("public.outer", "numeric", precision=10, scale=2, domains=_domains("outer", "inner")), "public.outer over public.inner over numeric(10,2)"),
        (ColumnType("public.code[]", "int8", is_array=True, domains=_domains("code")), "public.code[] over bigint[]"),
        (ColumnType("public.mail", "citext", type_schema="ext", domains=_domains("mail")), "public.mail over ext.citext"),
        (ColumnType("public.home[]", "home", TypeKind.COMPOSITE, is_array=True, type_schema="public", made_of=("street text", "no integer")), "public.home[] (street text, no integer)"),
        (ColumnType("public.abode", "home", TypeKind.COMPOSITE, type_schema="public", domains=_domains("abode"), made_of=("no integer",)), "public.abode over public.home (no integer)"),
        (ColumnType("daterange", "daterange", TypeKind.RANGE, made_of=("date",)), "daterange"),
        (ColumnType('public."a\nb"', "x"), 'public."a\\000Ab"'),
    ],
    ids=["plain", "domain", "nested", "array", "extension", "composite", "domain over composite", "PostgreSQL's own", "unprintable"],
)  # fmt: skip
def test_a_type_is_spelt_with_what_it_is_made_of(type_: ColumnType, spelt: str) -> None:
    assert spell_type(type_) == spelt


def test_a_domain_that_is_made_of_something_else_has_changed(tmp_path: Path) -> None:
    columns = (Column("code", ColumnType("public.code", "text", domains=("public.code",))),)
    catalog = build_catalog(180000, [Relation(name("shelf"), RelationKind.TABLE, columns)])
    accepted = lock("public.shelf.code  public.code over character varying(8)")
    (finding,) = judge(tmp_path, catalog, accepted, "public.shelf: {code: {keep: a code}}")
    assert "it is public.code over text, part of no key now" in finding.message


def test_a_virtual_or_chained_reference_has_its_own_line(tmp_path: Path) -> None:
    chained = build_catalog(
        180000,
        [table("a", "id"), table("b", "id"), table("c", "b_id")],
        foreign_keys=(key("b.id", "a.id"), key("c.b_id", "b.id")),
    )
    assert find_kept(chained, cover(tmp_path, chained, "public.a: {id: {keep: a key}}")) == tuple(
        KeptColumn(ref(one), "bigint") for one in ("a.id", "b.id", "c.b_id")
    )


def test_the_lines_found_are_the_lines_written(tmp_path: Path) -> None:
    kept = find_kept(SHOP, cover(tmp_path, SHOP, _KEPT))
    assert list(parse_lock(render_lock(kept), "l", Problems())) == list(kept)
