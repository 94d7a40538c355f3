"""Rules that cannot hold together stop the run; tables that nothing leads to are named."""

from __future__ import annotations

from typing import Literal

import pytest

from dbtool.findings import Severity
from dbtool.rules.subset_model import EdgeRule
from tests.unit.subset.bind_cases import (
    SHOP,
    bind,
    catalog,
    edge,
    errors,
    key,
    name,
    null,
    policies,
    primary,
    relation,
    root,
    table,
)

Policy = Literal["all", "empty", "skip"]
USERS = table("users", "id!")


@pytest.mark.parametrize("policy", ["all", "empty", "skip"])
def test_a_root_is_in_no_table_with_a_policy(policy: Policy) -> None:
    _, findings = bind(catalog(USERS), root("users"), tables=policies(users=policy))
    assert errors(findings) == ["subset-contradiction"]
    assert findings[0].message.startswith("public.users is a root")


@pytest.mark.parametrize(
    ("column", "tables", "contradicts"),
    [
        ("user_id!", policies(users="empty", events="all"), True),
        ("user_id", policies(users="empty", events="all"), False),
        ("user_id!", policies(users="empty"), True),  # it is the root's
        ("user_id!", policies(users="all", events="all"), True),  # only because a root may not be all
    ],
)
def test_rows_that_are_certain_to_be_there_need_what_they_refer_to(
    column: str, tables: dict[object, object], contradicts: bool
) -> None:
    found = catalog(USERS, table("events", f"id! {column}"), key("events.user_id", "users.id"))
    roots = [] if name("events") in tables else [root("events")]
    _, findings = bind(found, *roots, tables=tables)  # type: ignore[arg-type]
    expected = contradicts and tables != policies(users="all", events="all")
    assert errors(findings) == ["subset-contradiction"] * expected


def test_an_optional_reference_into_an_empty_table_is_for_the_walk_to_judge() -> None:
    found = catalog(USERS, table("events", "id! user_id"), key("events.user_id", "users.id"))
    _, findings = bind(found, root("events"), null("events.user_id"), tables=policies(users="empty"))
    assert findings == ()


def test_of_a_polymorphic_reference_no_row_need_be_of_that_type() -> None:
    found = catalog(USERS, table("events", "id! subject_id! kind!"))
    reference = relation("events.subject_id", ("users.id", "user"), type_column="kind")
    assert bind(found, root("events"), reference, tables=policies(users="empty"))[1] == ()


def test_a_virtual_reference_needs_its_row_as_a_declared_one_does() -> None:
    found = catalog(USERS, table("events", "id! user_id!"))
    reference = relation("events.user_id", ("users.id", None))
    _, findings = bind(found, root("events"), reference, tables=policies(users="skip"))
    assert errors(findings) == ["subset-contradiction"]
    assert "which is to be skipped" in findings[0].message


@pytest.mark.parametrize(
    ("tables", "contradicts"),
    [
        (policies(users="skip"), True),
        (policies(users="skip", events="empty"), True),
        (policies(users="skip", events="skip"), False),
        (policies(users="empty", events="skip"), False),
    ],
)
def test_no_constraint_can_be_made_to_a_table_that_is_not_there(
    tables: dict[object, object], contradicts: bool
) -> None:
    found = catalog(
        table("other", "id!"), USERS, table("events", "id! user_id"), key("events.user_id", "users.id")
    )
    _, findings = bind(found, root("other"), tables=tables)  # type: ignore[arg-type]
    assert errors(findings) == ["subset-contradiction"] * contradicts
    if contradicts:
        assert findings[0].remedy == "make public.users empty instead of skip, or skip public.events, too"


def test_copies_of_a_key_that_partitions_have_are_not_said_again() -> None:
    found = catalog(
        table("other", "id!"),
        USERS,
        table("log", "day! user_id", partitioned_by="day"),
        table("log_1", "day! user_id", root="log"),
        key("log.user_id", "users.id"),
        key("log_1.user_id", "users.id", is_inherited=True),
    )
    _, findings = bind(found, root("other"), tables=policies(users="skip"))
    assert errors(findings) == ["subset-contradiction"]


def test_a_table_that_refers_to_itself_can_be_skipped() -> None:
    found = catalog(table("other", "id!"), table("tree", "id! up"), key("tree.up", "tree.id"))
    assert bind(found, root("other"), tables=policies(tree="skip"))[1] == ()


def test_one_contradiction_is_said_once() -> None:
    found = catalog(USERS, table("events", "id! user_id!"), key("events.user_id", "users.id"))
    _, findings = bind(found, root("events"), tables=policies(users="skip"))
    assert errors(findings) == ["subset-contradiction"]


@pytest.mark.parametrize(
    ("rule", "policy", "contradicts"),
    [
        (edge("events.user_id", 5), "all", True),
        (edge("events.user_id", 5), "empty", True),
        (edge("events.user_id"), "skip", True),
        (edge("events.user_id"), "all", False),
        (edge("events.user_id", 0), "all", False),
        (edge("events.user_id", 0), "empty", False),
    ],
)
def test_nothing_follows_into_a_table_with_a_policy(
    rule: EdgeRule, policy: Policy, contradicts: bool
) -> None:
    found = catalog(USERS, table("events", "id! user_id"), key("events.user_id", "users.id"))
    _, findings = bind(found, root("users"), rule, tables=policies(events=policy))
    assert errors(findings) == ["subset-contradiction"] * contradicts


def test_the_version_table_cannot_be_empty() -> None:
    found = catalog(USERS, table("versions", "v!"), version_table="versions")
    _, findings = bind(found, root("users"), tables=policies(versions="empty"))
    assert errors(findings) == ["subset-contradiction"]


def test_tables_that_no_root_leads_to_are_named_with_what_to_paste() -> None:
    found = catalog(
        *SHOP.relations.values(), *SHOP.foreign_keys, primary("orders"), table("currencies", "id!")
    )
    graph, findings = bind(found, root("tenants"))
    assert graph.unreached == (name("currencies"),)
    (finding,) = findings
    assert (finding.check, finding.severity) == ("subset-unreached", Severity.WARNING)
    assert finding.remedy == "subset:\n  tables:\n    public.currencies: all  # or empty"


@pytest.mark.parametrize(
    ("rules", "unreached"),
    [
        ([root("orders")], ["tenants", "customers", "orders", "coupons"]),
        ([root("coupons"), edge("orders.coupon_id", 0)], ["coupons"]),
        ([root("coupons")], ["tenants", "customers", "orders", "coupons"]),
        ([root("orders"), null("orders.coupon_id")], ["tenants", "customers", "orders"]),
        ([root("customers"), edge("orders.customer_id", 0)], ["tenants", "customers"]),
    ],
)
def test_down_as_far_as_rows_follow_and_up_without_end(rules: list[EdgeRule], unreached: list[str]) -> None:
    graph, _ = bind(SHOP, *rules)
    everything = {"tenants", "customers", "orders", "coupons"}
    assert {one.name for one in graph.unreached} == everything - set(unreached)


def test_what_is_pulled_in_brings_nothing_that_refers_to_it() -> None:
    found = catalog(
        table("a", "id! b_id"),
        table("b", "id!"),
        table("c", "b_id"),
        key("a.b_id", "b.id"),
        key("c.b_id", "b.id"),
    )
    graph, (finding,) = bind(found, root("a"))
    assert graph.unreached == (name("c"),)
    assert finding.remedy == (
        "subset:\n  referencing:\n    edges:\n      public.c.b_id: always\n"
        "# or, for what is to be empty, under tables: public.x: empty"
    )


def test_all_that_is_unreached_is_one_warning_with_one_block_to_paste() -> None:
    found = catalog(
        table("a", "id! b_id"), table("b", "id!"), table("c", "b_id"), table("d", "c_id"), table("e", "id!"),
        key("a.b_id", "b.id"), key("c.b_id", "b.id"),
    )  # fmt: skip
    _, (finding,) = bind(found, root("a"))
    assert finding.message == (
        "no root leads to 3 tables, so they will be empty: public.c, public.d, public.e"
    )
    assert finding.remedy == (
        "subset:\n  referencing:\n    edges:\n      public.c.b_id: always\n  tables:\n"
        "    public.d: all  # or empty\n    public.e: all  # or empty\n"
        "# or, for what is to be empty, under tables: public.x: empty"
    )


def test_but_what_follows_always() -> None:
    found = catalog(
        table("a", "id! b_id"),
        table("b", "id!"),
        table("c", "b_id d_id"),
        table("d", "id!"),
        key("a.b_id", "b.id"),
        key("c.b_id", "b.id"),
        key("c.d_id", "d.id"),
    )
    assert bind(found, root("a"), edge("c.b_id", always=True))[0].unreached == ()
    assert bind(found, root("a"), edge("c.b_id", 0, always=True))[0].unreached == (name("c"), name("d"))


@pytest.mark.parametrize("policy", ["all", "empty"])
def test_nothing_is_reached_through_a_table_that_brings_no_rows_to_follow(policy: Policy) -> None:
    found = catalog(
        USERS,
        table("a", "id! user_id"),
        table("b", "a_id"),
        key("a.user_id", "users.id"),
        key("b.a_id", "a.id"),
    )
    assert bind(found, root("users"), tables=policies(a=policy))[0].unreached == (name("b"),)


def test_tables_copied_whole_reach_what_they_refer_to_and_empty_ones_nothing() -> None:
    found = catalog(
        USERS,
        table("a", "b_id"),
        table("b", "id! c_id"),
        table("c", "id!"),
        table("d", "c_id"),
        key("a.b_id", "b.id"),
        key("b.c_id", "c.id"),
        key("d.c_id", "c.id"),
    )
    assert bind(found, root("users"), tables=policies(a="all", d="all"))[0].unreached == ()
    assert bind(found, root("users"), tables=policies(a="all", b="empty", d="empty"))[0].unreached == (
        name("c"),
    )


def test_a_partition_is_reached_with_its_root() -> None:
    found = catalog(
        USERS,
        table("log", "day! user_id", partitioned_by="day"),
        table("log_1", "day! user_id", root="log"),
        key("log_1.user_id", "users.id"),
        table("notes", "day!"),
        key("notes.day", "log_1.day"),
    )
    assert bind(found, root("users"))[0].unreached == ()


def test_of_many_unreached_tables_some_are_told_and_all_are_there_to_paste() -> None:
    found = catalog(USERS, *(table(f"t{number:02}", "id!") for number in range(23)))
    _, (finding,) = bind(found, root("users"))
    assert finding.message.startswith("no root leads to 23 tables, so they will be empty: public.t00, ")
    assert finding.message.endswith(", public.t09 and 13 more")
    assert finding.remedy.count(": all  # or empty") == 23
