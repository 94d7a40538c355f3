"""What refers to a key has the key's decision, however it refers to it; what contradicts it is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind
from tests.unit.masking.coverage_cases import SHOP, checks, cover, key, name, ref, spell, table


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


def test_a_rule_of_its_own_does_not_decide_the_key_it_refers_to(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path,
        SHOP,
        "public.customers: {name: {keep: a reason}}\npublic.orders: {id: {keep: r}, customer_id: {mask: permute}}",
    )
    assert checks(coverage.findings) == ["column-not-covered"]
    assert [rule.column for rule in coverage.missing] == [ref("customers.id")]


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
