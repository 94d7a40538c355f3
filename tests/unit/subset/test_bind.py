"""The references become edges; what is misspelt or cannot be done is said, all of it at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.catalog.constraints import ForeignKey, UniqueIndex
from dbtool.catalog.relations import Persistence, Relation, RelationKind
from dbtool.findings import Severity
from dbtool.rules.subset_model import EdgeRule, Follow, OrderTerm, Root
from dbtool.subset.facts import EqualityOperator, SourceFacts, virtual_key
from dbtool.subset.keys import find_key
from tests.unit.subset.bind_cases import (
    AT,
    SHOP,
    bind,
    catalog,
    edge,
    edge_of,
    errors,
    facts_of,
    key,
    name,
    null,
    policies,
    primary,
    relation,
    root,
    table,
)

EVENTS = table("events", "id! user_id subject_id subject_type!")
USERS = table("users", "id!")
PHOTOS = table("photos", "id!")


def test_every_declared_key_becomes_an_edge_with_its_constraint() -> None:
    graph, findings = bind(SHOP, root("tenants"))
    assert not findings
    assert [str(one) for one in graph.edges] == [
        "public.customers.tenant_id → public.tenants",
        "public.customers.referred_by → public.customers",
        "public.orders.customer_id → public.customers",
        "public.orders.coupon_id → public.coupons",
    ]
    assert edge_of(graph, "orders.coupon_id").constraint == "orders_coupon_id_fkey"


@pytest.mark.parametrize(
    ("parts", "vouched"),
    [({}, True), ({"validated": False}, False), ({"enforced": False}, False)],
)
def test_only_keys_that_postgresql_validates_in_the_copy_are_vouched_for(
    parts: dict[str, bool], vouched: bool
) -> None:
    found = catalog(USERS, EVENTS, key("events.user_id", "users.id", **parts))
    graph, _ = bind(found, root("users"))
    assert edge_of(graph, "events.user_id").vouched is vouched


def test_copies_of_a_key_that_partitions_have_are_left_out() -> None:
    found = catalog(USERS, EVENTS, key("events.user_id", "users.id", is_inherited=True))
    assert bind(found, root("users"))[0].edges == ()


def test_a_key_whose_other_end_holds_no_rows_here_is_left_out() -> None:
    facts = facts_of(SHOP)
    leaves = {one: found for one, found in facts.leaves.items() if one != name("coupons")}
    graph, findings = bind(
        SHOP, root("tenants"), edge("orders.coupon_id"), facts=replace(facts, leaves=leaves)
    )
    assert name("coupons") not in {one.referenced for one in graph.edges}
    assert not findings


def test_a_temporal_key_stays_one() -> None:
    found = catalog(USERS, EVENTS, key("events.user_id", "users.id", temporal=True))
    assert edge_of(bind(found, root("users"))[0], "events.user_id").temporal


def test_operators_are_the_constraints_own_or_plain_equality() -> None:
    found = catalog(USERS, EVENTS, PHOTOS, key("events.user_id", "users.id"), key("events.id", "photos.id"))
    own = (EqualityOperator("OPERATOR(public.===)"),)
    facts = replace(facts_of(found), operators={(name("events"), "events_user_id_fkey"): own})
    graph, _ = bind(found, root("users"), facts=facts)
    assert edge_of(graph, "events.user_id").operators == own
    assert edge_of(graph, "events.id").operators == (EqualityOperator(),)


def test_an_edge_knows_which_side_an_index_serves() -> None:
    facts = facts_of(SHOP, {"orders": "coupon_id,id", "customers": "id; tenant_id"})
    graph, _ = bind(SHOP, root("tenants"), facts=facts)
    coupons, customers = edge_of(graph, "orders.coupon_id"), edge_of(graph, "orders.customer_id")
    assert (coupons.referencing_indexed, coupons.referenced_indexed) == (True, False)
    assert (customers.referencing_indexed, customers.referenced_indexed) == (False, True)


def test_no_index_serves_where_texts_are_compared() -> None:
    operators = {(name("events"), "events_user_id_fkey"): (EqualityOperator(as_text=True),)}
    found = catalog(USERS, EVENTS, key("events.user_id", "users.id"))
    facts = replace(facts_of(found, {"events": "user_id", "users": "id"}), operators=operators)
    made = edge_of(bind(found, root("users"), facts=facts)[0], "events.user_id")
    assert not made.referencing_indexed
    assert not made.referenced_indexed


def test_a_virtual_reference_is_an_edge_that_nobody_vouches_for() -> None:
    operators = {
        (name("events"), virtual_key(("user_id",), name("users"), ("id",))): (EqualityOperator(as_text=True),)
    }
    found = catalog(USERS, EVENTS)
    facts = replace(facts_of(found), operators=operators)
    graph, findings = bind(found, root("users"), relation("events.user_id", ("users.id", None)), facts=facts)
    made = edge_of(graph, "events.user_id")
    assert (made.constraint, made.vouched) == (None, False)
    assert made.operators == (EqualityOperator(as_text=True),)
    assert graph.checks == ()
    assert not findings


def test_a_virtual_reference_that_a_declared_key_makes_already_is_no_second_edge() -> None:
    found = catalog(table("a", "x! y!"), table("b", "x y"), key("b.x,y", "a.x,y"), table("c", "x y"))
    graph, _ = bind(
        found,
        root("a"),
        relation("b.y,x", ("a.y,x", None)),
        relation("c.x,y", ("a.x,y", None)),
        relation("c.y,x", ("a.y,x", None)),
    )
    assert [(str(one.referencing), one.constraint) for one in graph.edges] == [
        ("public.b", "b_x,y_fkey"),
        ("public.c", None),
    ]


def test_a_polymorphic_reference_is_an_edge_per_type_and_knows_the_types_that_lead_nowhere() -> None:
    found = catalog(USERS, EVENTS, PHOTOS)
    graph, findings = bind(
        found,
        root("users"),
        relation(
            "events.subject_id",
            ("users.id", "user"),
            ("photos.id", "photo"),
            (None, "import"),
            type_column="subject_type",
        ),
        edge("events.subject_id", 7),
    )
    assert [(one.referenced.name, one.type_value, one.follow.most) for one in graph.edges] == [
        ("users", "user", 7),
        ("photos", "photo", 7),
    ]
    (check,) = graph.checks
    assert check.known == ("user", "photo", "import")
    assert check.where == "public.events.subject_id"
    assert errors(findings) == []


@pytest.mark.parametrize(
    ("start", "target", "type_column", "check", "said"),
    [
        ("event.user_id", "users.id", None, "subset-unknown-table", "did you mean public.events?"),
        ("events.user", "users.id", None, "subset-unknown-column", "did you mean user_id?"),
        ("events.user_id", "user.id", None, "subset-unknown-table", "did you mean public.users?"),
        ("events.user_id", "users.idd", None, "subset-unknown-column", "did you mean id?"),
        ("events.user_id", "users.id", "kind", "subset-unknown-column", "no column kind"),
    ],
)
def test_relations_must_name_what_is_there(
    start: str, target: str, type_column: str | None, check: str, said: str
) -> None:
    graph, findings = bind(
        catalog(USERS, EVENTS),
        root("users"),
        relation(start, (target, "t" if type_column else None), type_column=type_column),
    )
    assert [finding.check for finding in findings] == [check]
    assert said in findings[0].message
    assert findings[0].where == "rules.yaml:3:5"
    assert graph.edges == ()


def test_what_follows_is_said_per_edge_or_for_all() -> None:
    graph, _ = bind(SHOP, root("tenants"), Follow(0), edge("orders.customer_id", 5))
    assert edge_of(graph, "orders.customer_id").follow.most == 5
    assert edge_of(graph, "customers.tenant_id").follow.most == 0


def test_an_edge_is_known_by_its_columns_in_any_order() -> None:
    found = catalog(table("a", "x! y!"), table("b", "x y"), key("b.x,y", "a.x,y"))
    graph, findings = bind(found, root("a"), edge("b.y,x", 3))
    assert edge_of(graph, "b.x,y").follow.most == 3
    assert errors(findings) == []


def test_the_root_of_a_partitioned_table_speaks_for_a_key_that_one_partition_has() -> None:
    found = catalog(
        USERS,
        table("log", "day! user_id", partitioned_by="day"),
        table("log_1", "day! user_id", root="log"),
        key("log_1.user_id", "users.id"),
    )
    graph, findings = bind(found, root("users"), edge("log.user_id", 2))
    assert edge_of(graph, "log_1.user_id").follow.most == 2
    assert errors(findings) == []


@pytest.mark.parametrize(
    ("rule", "check", "said"),
    [
        (edge("order.customer_id"), "subset-unknown-table", "did you mean public.orders?"),
        (edge("orders.custmer_id"), "subset-unknown-column", "did you mean customer_id?"),
        (edge("orders.id"), "subset-unknown-edge", "did you mean public.orders.coupon_id?"),
        (null("orders.id"), "subset-unknown-edge", "refers to nothing"),
        (edge("orders.customer_id,coupon_id"), "subset-unknown-edge", "[public.orders.customer_id, "),
        (root("order"), "subset-unknown-table", "did you mean public.orders?"),
        (Root(name("orders"), AT, order=(OrderTerm("at"),)), "subset-unknown-column", "no column at"),
        (
            EdgeRule(name("orders"), ("customer_id",), Follow(2, (OrderTerm("at"),)), AT),
            "subset-unknown-column",
            "public.orders has no column at",
        ),
        (Follow(2, (OrderTerm("customer_id"),)), "subset-unknown-column", "public.customers has no column"),
    ],
)
def test_what_is_misspelt_is_an_error_with_the_nearest_spelling(
    rule: EdgeRule | Root, check: str, said: str
) -> None:
    _, findings = bind(SHOP, root("tenants"), rule)
    assert errors(findings) == [check]
    assert said in findings[0].message
    assert findings[0].where == "rules.yaml:3:5"


def test_a_reference_nobody_knows_of_can_be_declared() -> None:
    _, findings = bind(catalog(USERS, EVENTS, primary("users")), root("users"), edge("events.user_id"))
    assert "relations:\n  - from: public.events.user_id\n" in findings[0].remedy


def test_all_that_is_wrong_is_said_at_once() -> None:
    _, findings = bind(SHOP, root("nobody"), edge("orders.x"), null("x.y"), tables=policies(z="all"))
    assert errors(findings) == [
        "subset-unknown-table",
        "subset-unknown-table",
        "subset-unknown-column",
        "subset-unknown-table",
    ]


@pytest.mark.parametrize(
    ("relation_name", "said", "remedy"),
    [
        ("log_1", "a partition of public.log", "name public.log"),
        ("seen", "public.seen is a view", "name the table that the rows are in"),
        ("passing", "there is no table public.passing", "correct or remove it"),
    ],
)
def test_partitions_views_and_temporary_tables_are_refused_by_name(
    relation_name: str, said: str, remedy: str
) -> None:
    found = catalog(
        table("log", "id!", partitioned_by="id"),
        table("log_1", "id!", root="log"),
        table("seen", "id", kind=RelationKind.VIEW),
        replace(table("passing", "id"), persistence=Persistence.TEMPORARY),
    )
    _, findings = bind(found, root(relation_name))
    assert errors(findings) == ["subset-unknown-table"]
    assert said in findings[0].message
    assert findings[0].remedy == remedy


def test_a_root_has_the_key_and_the_leaves_of_its_table() -> None:
    found = catalog(
        table("log", "day! id!", partitioned_by="day"),
        table("log_1", "day! id!", root="log"),
        table("log_2", "day! id!", root="log"),
        primary("log", "id,day"),
    )
    graph, findings = bind(found, root("log", percent=5))
    (bound,) = graph.roots
    assert bound.key == ("id", "day")
    assert bound.leaves == (name("log_1"), name("log_2"))
    assert graph.tables == {name("log_1"): name("log"), name("log_2"): name("log")}
    assert not findings


def test_without_a_primary_key_the_narrowest_unique_index_that_no_null_gets_past_is_the_key() -> None:
    def unique(index: str, *columns: str | None, **parts: object) -> UniqueIndex:
        return UniqueIndex(index, name("t"), columns, **parts)  # type: ignore[arg-type]

    found = catalog(
        table("t", "a! b! c d!"),
        unique("wide", "a", "b"),
        unique("with_null", "c"),
        unique("partial", "a", predicate="(a > 0)"),
        unique("expression", None, expressions=("lower(a)",)),
        unique("exclusion", "a", is_exclusion=True),
        unique("z", "d"),
        unique("y", "b"),
    )
    assert bind(found, root("t"))[0].roots[0].key == ("b",)


def test_a_primary_key_comes_first_however_wide_and_serves_each_partition() -> None:
    found = catalog(
        USERS,
        table("log", "day! id! user_id", partitioned_by="day"),
        table("log_1", "day! id! user_id", root="log"),
        UniqueIndex("narrow", name("log"), ("day",)),
        primary("log", "id,day"),
    )
    assert find_key(found, name("log")) == ("id", "day")
    assert find_key(found, name("log_1")) == ("id", "day")


@pytest.mark.parametrize(
    "asked",
    [
        Root(name("t"), AT, percent=5),
        Root(name("t"), AT, limit=5),
        Root(name("t"), AT, ids=(("1",),)),
    ],
)
def test_what_needs_a_key_is_refused_of_a_table_without_one(asked: Root) -> None:
    _, findings = bind(catalog(table("t", "a! b")), asked)
    assert errors(findings) == ["subset-no-key"]
    assert "limit with order" in findings[0].remedy


def test_a_condition_or_an_order_needs_no_key() -> None:
    found = catalog(table("t", "a! b"))
    ordered = Root(name("t"), AT, limit=5, order=(OrderTerm("b"),))
    assert bind(found, root("t"), ordered)[1] == ()


def test_a_cap_without_an_order_or_a_key_is_not_the_same_every_night() -> None:
    found = catalog(USERS, EVENTS, key("events.user_id", "users.id"), primary("users"))
    _, findings = bind(found, root("users"), edge("events.user_id", 5))
    assert [(finding.check, finding.severity) for finding in findings] == [
        ("subset-no-key", Severity.WARNING)
    ]


def test_a_cap_with_an_order_or_a_key_is_the_same_every_night() -> None:
    parts = USERS, EVENTS, key("events.user_id", "users.id"), primary("users")
    ordered = EdgeRule(name("events"), ("user_id",), Follow(5, (OrderTerm("id"),)), AT)
    assert bind(catalog(*parts), root("users"), ordered)[1] == ()
    assert bind(catalog(*parts, primary("events")), root("users"), edge("events.user_id", 5))[1] == ()


def test_the_order_of_all_others_need_not_fit_an_edge_with_its_own() -> None:
    found = catalog(USERS, EVENTS, PHOTOS, key("events.user_id", "users.id"), key("photos.id", "users.id"))
    every = Follow(5, (OrderTerm("user_id"),))
    assert errors(bind(found, root("users"), every)[1]) == ["subset-unknown-column"]
    assert errors(bind(found, root("users"), every, edge("photos.id"))[1]) == []


def test_ids_are_as_long_as_the_key() -> None:
    found = catalog(table("t", "a! b!"), primary("t", "a,b"))
    _, findings = bind(found, Root(name("t"), AT, ids=(("1", "2"), ("3",))))
    assert errors(findings) == ["subset-wrong-id"]
    assert "(a, b)" in findings[0].message
    assert "3" not in findings[0].message.replace("3:5", "")
    assert bind(found, Root(name("t"), AT, ids=(("1", "2"),)))[1] == ()


def test_policies_are_by_leaf_and_the_version_table_is_copied_whole() -> None:
    found = catalog(
        USERS,
        table("log", "day!", partitioned_by="day"),
        table("log_1", "day!", root="log"),
        table("alembic_version", "version_num!"),
        version_table="alembic_version",
    )
    graph, findings = bind(found, root("users"), tables=policies(log="empty"))
    assert graph.policies == {name("log_1"): "empty", name("alembic_version"): "all"}
    assert not findings


def test_a_nulled_reference_loses_what_no_other_reference_needs() -> None:
    found = catalog(
        table("tenants", "id!"),
        table("users", "tenant_id! id!"),
        table("tasks", "id! tenant_id owner_id"),
        key("tasks.tenant_id", "tenants.id"),
        key("tasks.tenant_id,owner_id", "users.tenant_id,id"),
    )
    graph, findings = bind(found, root("tenants"), null("tasks.tenant_id,owner_id"))
    assert edge_of(graph, "tasks.tenant_id,owner_id").nulled == ("owner_id",)
    assert edge_of(graph, "tasks.tenant_id").nulled == ()
    assert errors(findings) == []


def test_a_nulled_reference_loses_all_it_can_where_every_column_is_shared() -> None:
    found = catalog(
        table("a", "x! y!"),
        table("b", "x y z"),
        key("b.x,y", "a.x,y"),
        key("b.x,z", "a.x,y"),
        key("b.y,z", "a.x,y"),
    )
    graph, _ = bind(found, root("a"), null("b.x,y"))
    assert edge_of(graph, "b.x,y").nulled == ("x", "y")


@pytest.mark.parametrize(
    "columns",
    ["id! user_id!", "id! user_id="],
)
def test_a_reference_that_cannot_be_null_must_be_pulled_in(columns: str) -> None:
    found = catalog(USERS, table("events", columns), key("events.user_id", "users.id"))
    graph, findings = bind(found, root("events"), null("events.user_id"))
    assert errors(findings) == ["subset-not-nullable"]
    assert "public.events.user_id cannot become NULL" in findings[0].message
    assert "pulled in" in findings[0].message
    assert edge_of(graph, "events.user_id").nulled == ()


def test_match_full_is_null_in_all_columns_or_in_none() -> None:
    parts: list[Relation | ForeignKey] = [
        table("a", "x! y!"),
        table("c", "x!"),
        key("b.x,y", "a.x,y", match="full"),
        key("b.x", "c.x"),
    ]
    free, findings = bind(catalog(*parts, table("b", "x y")), root("a"), null("b.x,y"))
    assert edge_of(free, "b.x,y").nulled == ("x", "y")
    assert errors(findings) == []
    _, findings = bind(catalog(*parts, table("b", "x! y")), root("a"), null("b.x,y"))
    assert errors(findings) == ["subset-not-nullable"]


def test_a_null_never_breaks_another_reference() -> None:
    found = catalog(
        table("a", "x! y!"),
        table("b", "x y code"),
        table("c", "code"),
        key("b.x,y", "a.x,y", match="full"),
        key("b.x", "a.x"),
        key("c.code", "b.code"),
        key("b.code", "a.x"),
    )
    _, findings = bind(found, root("a"), null("b.x"), null("b.code"))
    assert errors(findings) == ["subset-not-nullable", "subset-not-nullable"]


def test_a_row_stays_in_its_partition() -> None:
    found = catalog(
        USERS,
        table("log", "region user_id", partitioned_by="region"),
        table("log_1", "region user_id!", root="log"),
        table("log_2", "region user_id", root="log"),
        key("log.user_id", "users.id"),
        key("log.region", "users.id"),
    )
    _, findings = bind(found, root("users"), null("log.region"), null("log.user_id"))
    assert errors(findings) == ["subset-not-nullable", "subset-not-nullable"]


def test_a_row_stays_in_its_partition_at_every_level() -> None:
    found = catalog(
        USERS,
        table("log", "day! a b c", partitioned_by="day"),
        replace(table("log_1", "day! a b c", root="log", partitioned_by="a"), partition_mentions=("b",)),
        table("log_1_1", "day! a b c", root="log"),
        *(key(f"log.{column}", "users.id") for column in "abc"),
    )
    graph, findings = bind(found, root("users"), null("log.a"), null("log.b"), null("log.c"))
    assert errors(findings) == ["subset-not-nullable", "subset-not-nullable"]
    assert edge_of(graph, "log.c").nulled == ("c",)


def test_a_polymorphic_reference_loses_its_value_and_keeps_its_type() -> None:
    found = catalog(USERS, PHOTOS, table("events", "subject_id subject_type"))
    graph, _ = bind(
        found,
        root("events"),
        relation(
            "events.subject_id",
            ("users.id", "user"),
            ("photos.id", "photo"),
            type_column="subject_type",
        ),
        null("events.subject_id"),
    )
    assert [one.nulled for one in graph.edges] == [("subject_id",), ("subject_id",)]


def test_an_index_serves_whose_first_columns_are_the_references_in_any_order() -> None:
    facts = SourceFacts({}, {}, indexes={name("t"): (("b", "a", "c"),)})
    assert facts.is_indexed(name("t"), ("a", "b"))
    assert not facts.is_indexed(name("t"), ("a", "c"))


def test_a_virtual_key_tells_references_apart() -> None:
    one = virtual_key(("x, y",), name("t"), ("a",))
    assert one == '"x, y" → public.t (a)'
    assert one != virtual_key(("x", "y"), name("t"), ("a",))
