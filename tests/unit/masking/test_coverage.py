"""Every copied column has its decision, by its own rule or by the key it refers to; else the run stops."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import (
    Column,
    ColumnRef,
    ColumnType,
    Persistence,
    Relation,
    RelationKind,
    RelationName,
)
from dbtool.findings import Finding
from dbtool.masking.coverage import Coverage, decide
from dbtool.masking.mask import (
    ANY_TYPE,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Registry,
    Space,
    Uniqueness,
)
from dbtool.rules.loader import load_rules
from dbtool.rules.model import Keep, MaskUse

INT8 = ColumnType("bigint", "int8")


class DaysOptions(Options):
    days: int = 30


def fake(name: str, *, options: type[Options] = Options) -> Mask:
    def bind(_options: Options, _context: MaskContext) -> BoundMask:
        return lambda values, _by: pl.Series(values.name, ["x"] * len(values), dtype=pl.String)

    return Mask(
        name=name,
        summary="",
        types=ANY_TYPE,
        uniqueness=Uniqueness.COLLISION_FREE,
        overlap=Overlap.DISJOINT,
        space=Space.PRIVATE,
        bind=bind,
        example=Example(""),
        options=options,
        canonical=("trim",),
    )


MASKS: Registry = {
    "permute": fake("permute"),
    "email": fake("email"),
    "shift": fake("shift", options=DaysOptions),
}


def name(text: str) -> RelationName:
    schema, _, relation = text.rpartition(".")
    return RelationName(schema or "public", relation)


def table(
    relation: str, columns: str, kind: RelationKind = RelationKind.TABLE, root: str | None = None
) -> Relation:
    made = tuple(Column(one, INT8) for one in columns.split())
    return Relation(name(relation), kind, made, partition_root=name(root) if root else None)


def ref(text: str) -> ColumnRef:
    relation, _, column = text.rpartition(".")
    return ColumnRef(name(relation), column)


def key(referencing: str, referenced: str, **parts: bool) -> ForeignKey:
    """``orders.customer_id,tenant_id`` → ``customers.id,tenant_id``"""
    start, end = ref(referencing), ref(referenced)
    columns, referenced_columns = tuple(start.column.split(",")), tuple(end.column.split(","))
    return ForeignKey("k", start.relation, columns, end.relation, referenced_columns, **parts)  # type: ignore[arg-type]


def cover(folder: Path, catalog: Catalog, rules: str, registry: Registry = MASKS) -> Coverage:
    """``rules`` is what stands under tables:, or the whole file if it begins with version."""
    file = folder / "rules.yaml"
    body = "\n".join(f"  {line}" for line in rules.splitlines())
    file.write_text(rules if rules.startswith("version") else f"version: 1\ntables:\n{body}\n")
    return decide(catalog, load_rules(file), registry)


def checks(findings: Sequence[Finding]) -> list[str]:
    return [finding.check for finding in findings]


def spell(coverage: Coverage, column: str) -> str:
    decision = coverage.decisions[ref(column)].decision
    return (
        decision.mask if isinstance(decision, MaskUse) else "keep" if isinstance(decision, Keep) else "json"
    )


SHOP = build_catalog(
    180000,
    [table("customers", "id name"), table("orders", "id customer_id")],
    foreign_keys=(key("orders.customer_id", "customers.id"),),
)


def test_a_referencing_column_inherits_and_is_not_written(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        "public.customers: {id: {mask: permute}, name: {keep: a reason}}\npublic.orders: {id: {keep: a reason}}",
    )
    assert coverage.findings == ()
    decision = coverage.decisions[ref("orders.customer_id")]
    assert decision.inherited_from == ref("customers.id")
    assert decision.decision == coverage.decisions[ref("customers.id")].decision
    assert coverage.decisions[ref("customers.id")].inherited_from is None


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


@pytest.mark.parametrize(
    "parts",
    [{"validated": False}, {"enforced": False}, {"is_inherited": True}],
    ids=["not valid", "not enforced", "partition's"],
)
def test_any_state_of_a_foreign_key_inherits(tmp_path: Path, parts: dict[str, bool]) -> None:
    catalog = replace(SHOP, foreign_keys=(key("orders.customer_id", "customers.id", **parts),))
    coverage = cover(
        tmp_path,
        catalog,
        "public.customers: {id: {mask: permute}, name: {keep: r}}\npublic.orders: {id: {keep: r}}",
    )
    assert spell(coverage, "orders.customer_id") == "permute"


def test_a_virtual_reference_inherits(tmp_path: Path) -> None:
    catalog = replace(SHOP, foreign_keys=())
    coverage = cover(
        tmp_path,
        catalog,
        """version: 1
relations: [{from: public.orders.customer_id, to: public.customers.id}]
tables:
  public.customers: {id: {mask: permute}, name: {keep: a reason}}
  public.orders: {id: {keep: a reason}}
""",
    )
    assert coverage.findings == ()
    assert spell(coverage, "orders.customer_id") == "permute"


def test_decisions_pass_along_a_chain(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("a", "id"), table("b", "id"), table("c", "id"), table("d", "id")],
        foreign_keys=(key("d.id", "c.id"), key("c.id", "b.id"), key("b.id", "a.id")),
    )
    coverage = cover(tmp_path, catalog, "public.a: {id: {mask: permute}}")
    assert coverage.findings == ()
    assert {str(one.inherited_from) for one in coverage.decisions.values()} == {"None", "public.a.id"}


def test_a_self_reference_inherits_from_its_own_key(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("employees", "id manager_id")],
        foreign_keys=(key("employees.manager_id", "employees.id"),),
    )
    coverage = cover(tmp_path, catalog, "public.employees: {id: {mask: permute}}")
    assert coverage.findings == ()
    assert spell(coverage, "employees.manager_id") == "permute"


def test_composite_keys_inherit_column_by_column(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("customers", "tenant id"), table("orders", "id tenant customer")],
        foreign_keys=(key("orders.tenant,customer", "customers.tenant,id"),),
    )
    coverage = cover(
        tmp_path,
        catalog,
        "public.customers: {tenant: {keep: a reason}, id: {mask: permute}}\npublic.orders: {id: {keep: a reason}}",
    )
    assert (spell(coverage, "orders.tenant"), spell(coverage, "orders.customer")) == ("keep", "permute")


def test_a_composite_self_reference_leaves_its_shared_column_to_be_written(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("nodes", "tenant id parent")],
        foreign_keys=(key("nodes.tenant,parent", "nodes.tenant,id"),),
    )
    coverage = cover(tmp_path, catalog, "public.nodes: {id: {mask: permute}}")
    assert [rule.column for rule in coverage.missing] == [ref("nodes.tenant")]


CYCLE = build_catalog(
    180000,
    [table("users", "id"), table("profiles", "id")],
    foreign_keys=(key("users.id", "profiles.id"), key("profiles.id", "users.id")),
)


def test_of_keys_in_a_cycle_one_rule_is_enough(tmp_path: Path) -> None:
    for written in ("users", "profiles"):
        coverage = cover(tmp_path, CYCLE, f"public.{written}: {{id: {{mask: permute}}}}")
        assert coverage.findings == ()
        assert {spell(coverage, "users.id"), spell(coverage, "profiles.id")} == {"permute"}


def test_of_undecided_keys_in_a_cycle_one_is_asked_for(tmp_path: Path) -> None:
    coverage = cover(tmp_path, CYCLE, "{}")
    assert [rule.column for rule in coverage.missing] == [ref("profiles.id")]


def test_keys_in_a_cycle_must_not_contradict(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path, CYCLE, "public.users: {id: {mask: permute}}\npublic.profiles: {id: {keep: a reason}}"
    )
    assert checks(coverage.findings) == ["rule-contradicts-key"]


def test_an_equal_rule_on_the_referencing_side_is_fine(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        """public.customers: {id: {mask: permute, canonical: [trim]}, name: {keep: a reason}}
public.orders: {id: {keep: a reason}, customer_id: {mask: permute}}""",
    )
    assert coverage.findings == ()


def test_an_option_written_out_equals_the_default(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        """public.customers: {id: {mask: shift, days: 30}, name: {keep: a reason}}
public.orders: {id: {keep: a reason}, customer_id: {mask: shift}}""",
    )
    assert coverage.findings == ()


@pytest.mark.parametrize(
    "rule",
    [
        "{keep: a reason}",
        "{mask: email}",
        "{mask: permute, domain: other}",
        "{mask: permute, canonical: []}",
        "{json: {$.a: keep}}",
    ],
)
def test_a_contradicting_rule_is_an_error_that_names_both_places(tmp_path: Path, rule: str) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        f"public.customers: {{id: {{mask: permute}}, name: {{keep: r}}}}\npublic.orders: {{id: {{keep: r}}, customer_id: {rule}}}",
    )
    (finding,) = coverage.findings
    assert (finding.check, finding.is_error) == ("rule-contradicts-key", True)
    assert f"{tmp_path}/rules.yaml:3:" in finding.message
    assert f"{tmp_path}/rules.yaml:4:" in finding.message
    assert (
        finding.remedy
        == "remove the rule of public.orders.customer_id: it inherits that of public.customers.id"
    )


def test_two_keys_of_one_column_must_agree(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("people", "id"), table("firms", "id"), table("owners", "id")],
        foreign_keys=(key("owners.id", "people.id"), key("owners.id", "firms.id")),
    )
    apart = cover(
        tmp_path, catalog, "public.people: {id: {mask: permute}}\npublic.firms: {id: {keep: a reason}}"
    )
    assert checks(apart.findings) == ["keys-disagree"]
    alike = cover(
        tmp_path, catalog, "public.people: {id: {mask: permute}}\npublic.firms: {id: {mask: permute}}"
    )
    assert alike.findings == ()


def test_a_key_masked_by_other_columns_cannot_be_inherited(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        "public.customers: {id: {mask: shift, by: name}, name: {keep: a reason}}\npublic.orders: {id: {keep: a reason}}",
    )
    assert checks(coverage.findings) == ["key-mask-reads-columns"]


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


def test_a_reference_between_types_inherits(tmp_path: Path) -> None:
    int4 = Relation(
        name("orders"), RelationKind.TABLE, (Column("customer_id", ColumnType("integer", "int4")),)
    )
    catalog = build_catalog(
        180000, [table("customers", "id"), int4], foreign_keys=(key("orders.customer_id", "customers.id"),)
    )
    coverage = cover(tmp_path, catalog, "public.customers: {id: {mask: permute}}")
    assert spell(coverage, "orders.customer_id") == "permute"


def test_the_last_column_of_a_temporal_key_is_no_reference(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [table("rooms", "id during"), table("bookings", "room during")],
        foreign_keys=(key("bookings.room,during", "rooms.id,during", temporal=True),),
    )
    coverage = cover(tmp_path, catalog, "public.rooms: {id: {mask: permute}, during: {keep: a reason}}")
    assert [rule.column for rule in coverage.missing] == [ref("bookings.during")]


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


def test_a_rule_of_its_own_does_not_decide_the_key_it_refers_to(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        "public.customers: {name: {keep: a reason}}\npublic.orders: {id: {keep: r}, customer_id: {mask: permute}}",
    )
    assert checks(coverage.findings) == ["column-not-covered"]
    assert [rule.column for rule in coverage.missing] == [ref("customers.id")]


def test_a_key_that_nobody_may_rule_leaves_the_column_to_be_written(tmp_path: Path) -> None:
    elsewhere = replace(SHOP, foreign_keys=(key("orders.customer_id", "nowhere.id"),))
    version = replace(SHOP, alembic_version=name("customers"))
    for catalog in (elsewhere, version):
        coverage = cover(tmp_path, catalog, "public.orders: {id: {keep: a reason}}")
        assert ref("orders.customer_id") in [rule.column for rule in coverage.missing]


def test_a_contradiction_is_told_in_full(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        """public.customers: {id: {mask: permute, domain: customer}, name: {keep: a reason}}
public.orders: {id: {keep: a reason}, customer_id: {mask: permute}}""",
    )
    assert coverage.findings[0].message.replace(f"{tmp_path}/", "") == (
        "public.orders.customer_id is masked by permute at rules.yaml:4:54, but it refers to public.customers.id, which is "
        "masked by permute in domain customer at rules.yaml:3:26: rows would no longer find each other"
    )


def test_a_key_masked_by_other_columns_is_told_of_whoever_refers_to_it(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        "public.customers: {id: {mask: shift, by: name}, name: {keep: a reason}}\npublic.orders: {id: {keep: a reason}}",
    )
    assert coverage.findings[0].message == (
        "public.customers.id is masked by name, which public.orders.customer_id, referring to it, does not have"
    )


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('{json: {"$.a": keep, "$.b": {mask: email}}}', []),
        ('{json: {"$.a": {mask: email}, "$.b": {mask: email}}}', ["rule-contradicts-key"]),
        ('{json: {"$.a": keep}}', ["rule-contradicts-key"]),
        ('{json: {"$.a": keep, "$.b": {mask: email}}, unknown: keep}', ["rule-contradicts-key"]),
    ],
    ids=["same", "other mask", "fewer paths", "other unknown"],
)
def test_rules_by_path_are_compared_path_by_path(tmp_path: Path, rule: str, found: list[str]) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        f"""public.customers: {{id: {{json: {{"$.a": keep, "$.b": {{mask: email}}}}}}, name: {{keep: r}}}}
public.orders: {{id: {{keep: r}}, customer_id: {rule}}}""",
    )
    assert checks(coverage.findings) == found
