"""Every copied column has its decision, or the run stops."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, Persistence, Relation, RelationKind
from tests.unit.masking.coverage_cases import INT8, SHOP, cover, key, name, ref, spell, table


def test_an_undecided_column_is_an_error_with_the_yaml_to_paste(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path, SHOP, "public.customers: {id: {mask: permute}}\npublic.orders: {id: {keep: a reason}}"
    )
    (finding,) = coverage.findings
    assert (finding.check, finding.is_error, finding.where) == (
        "column-not-covered",
        True,
        "public.customers.name",
    )
    assert finding.remedy == 'tables:\n  public.customers:\n    name: {keep: ""}'
    assert ref("customers.name") not in coverage.decisions


def test_an_undecided_key_is_named_and_what_refers_to_it_is_not(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path, SHOP, "public.customers: {name: {keep: a reason}}\npublic.orders: {id: {keep: a reason}}"
    )
    assert [rule.column for rule in coverage.missing] == [ref("customers.id")]
    assert ref("orders.customer_id") not in coverage.decisions


PARTITIONED = build_catalog(
    180000,
    [
        table("customers", "id"),
        table("events", "id customer_id", RelationKind.PARTITIONED_TABLE),
        table("events_1", "customer_id id", root="events"),
        table("notes", "event_id"),
    ],
    foreign_keys=(key("events_1.customer_id", "customers.id"), key("notes.event_id", "events_1.id")),
)


def test_partitions_stand_for_their_root(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        PARTITIONED,
        "public.customers: {id: {mask: permute}}\npublic.events: {id: {keep: a reason}}",
    )
    assert coverage.findings == ()
    assert sorted(str(column) for column in coverage.decisions) == [
        "public.customers.id",
        "public.events.customer_id",
        "public.events.id",
        "public.notes.event_id",
    ]
    assert (spell(coverage, "events.customer_id"), spell(coverage, "notes.event_id")) == ("permute", "keep")


def test_rules_under_a_partition_are_an_error_that_names_the_root(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        PARTITIONED,
        """public.customers: {id: {mask: permute}}
public.events: {id: {keep: a reason}}
public.events_1: {id: {mask: permute}}""",
    )
    (finding,) = coverage.findings
    assert (finding.check, finding.is_error, finding.remedy) == (
        "rule-for-partition",
        True,
        "move them to public.events",
    )


def test_an_inheritance_child_has_rules_of_its_own(tmp_path: Path) -> None:
    child = replace(table("cities_old", "id"), inherits=(name("cities"),))
    catalog = build_catalog(180000, [table("cities", "id"), child])
    coverage = cover(tmp_path, catalog, "public.cities: {id: {mask: permute}}")
    assert [rule.column for rule in coverage.missing] == [ref("cities_old.id")]


def test_generated_columns_and_the_version_table_need_no_rule(tmp_path: Path) -> None:
    made = Relation(
        name("users"),
        RelationKind.TABLE,
        (Column("id", INT8), Column("twice", INT8, generated=True, default="(id * 2)")),
    )
    catalog = build_catalog(
        180000, [made, table("alembic_version", "version_num")], alembic_version=name("alembic_version")
    )
    coverage = cover(tmp_path, catalog, "public.users: {id: {keep: a reason}}")
    assert coverage.findings == ()
    assert list(coverage.decisions) == [ref("users.id")]


def test_the_version_table_cannot_be_masked(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000, [table("alembic_version", "version_num")], alembic_version=name("alembic_version")
    )
    masked = cover(tmp_path, catalog, "public.alembic_version: {version_num: {mask: permute}}")
    assert [(one.check, one.is_error) for one in masked.findings] == [("rule-for-version-table", True)]
    kept = cover(tmp_path, catalog, "public.alembic_version: {version_num: {keep: a reason}}")
    assert kept.findings == ()


def test_temporary_tables_need_no_rule(tmp_path: Path) -> None:
    catalog = build_catalog(180000, [replace(table("scratch", "id"), persistence=Persistence.TEMPORARY)])
    assert cover(tmp_path, catalog, "{}").missing == ()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            "public.custmers: {}",
            "there is no table public.custmers in this database; did you mean public.customers?",
        ),
        (
            "publik.orders: {}",
            "there is no table publik.orders in this database; did you mean public.orders?",
        ),
        ("public.orders: {nane: {keep: r}}", "public.orders has no column nane; did you mean name?"),
        ("public.view: {}", "public.view is a view: it holds no rows of its own; its rules do nothing"),
        (
            "public.orders: {sum: {keep: r}}",
            (
                "public.orders.sum is generated: the target computes it from the columns it depends on, "
                "as they are masked; its rule does nothing"
            ),
        ),
    ],
    ids=["table", "schema", "column", "view", "generated"],
)
def test_a_rule_that_names_nothing_is_a_warning(tmp_path: Path, rules: str, message: str) -> None:
    orders = Relation(
        name("orders"), RelationKind.TABLE, (Column("name", INT8), Column("sum", INT8, generated=True))
    )
    catalog = build_catalog(
        180000, [table("customers", "id"), orders, table("view", "id", RelationKind.VIEW)]
    )
    coverage = cover(tmp_path, catalog, rules)
    (finding,) = (one for one in coverage.findings if not one.is_error)
    assert (finding.check, finding.message) == ("rule-names-nothing", message)
    assert finding.where.startswith(f"{tmp_path}/rules.yaml:3:")


def test_a_reference_that_names_nothing_is_a_warning(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        build_catalog(180000, [table("users", "id")]),
        """version: 1
relations: [{from: public.events.user_id, to: public.users.uid}]
tables: {public.users: {id: {keep: a reason}}}
""",
    )
    assert [finding.message for finding in coverage.findings] == [
        "there is no table public.events in this database",
        "public.users has no column uid; did you mean id?",
    ]


def test_ten_thousand_columns_are_decided_within_two_seconds(tmp_path: Path) -> None:
    columns = " ".join(["id", "parent", *(f"c{number}" for number in range(18))])
    tables = [table(f"t{number}", columns) for number in range(500)]
    keys = tuple(key(f"t{number}.parent", f"t{number - 1}.id") for number in range(1, 500))
    start = time.monotonic()
    coverage = cover(
        tmp_path, build_catalog(180000, tables, foreign_keys=keys), "public.t0: {id: {mask: permute}}"
    )
    assert time.monotonic() - start < 2
    assert len(coverage.missing) == 500 * 20 - 499 - 1


def test_a_key_that_nobody_may_rule_leaves_the_column_to_be_written(tmp_path: Path) -> None:
    elsewhere = replace(SHOP, foreign_keys=(key("orders.customer_id", "nowhere.id"),))
    version = replace(SHOP, alembic_version=name("customers"))
    for catalog in (elsewhere, version):
        coverage = cover(tmp_path, catalog, "public.orders: {id: {keep: a reason}}")
        assert ref("orders.customer_id") in [rule.column for rule in coverage.missing]
