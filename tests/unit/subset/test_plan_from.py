"""A selection counted: shares, sizes, states, and the cap that would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.rules.loader import load_rules
from dbtool.rules.model import RuleSet
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Follow, Root
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.plan import Advice, Share, SubsetPlan, TableShare
from dbtool.subset.plan_from import make_plan
from dbtool.subset.row_set import RowSet
from dbtool.subset.selection import Direction, Nulled, Pull, RootPull, Selection

AT = Position("rules.yaml", 1, 1)


def table(name: str) -> RelationName:
    return RelationName("public", name)


def rows(count: int, first: int = 1) -> RowSet:
    made = RowSet()
    made.add(np.arange(first, first + count, dtype=np.uint64))
    return made


def edge(referencing: str, columns: str, referenced: str, most: int | None = None) -> Edge:
    names = tuple(columns.split())
    operators = (EqualityOperator(),) * len(names)
    return Edge(table(referencing), names, table(referenced), names, operators, follow=Follow(most))


def pulled(along: Edge, direction: Direction, from_rows: int, held: Mapping[str, RowSet]) -> Pull:
    counts = {table(leaf): found for leaf, found in held.items()}
    return Pull(along, direction, from_rows, sum(map(len, counts.values())), rounds=1, held=counts)


ROOT = BoundRoot(Root(table("tenants"), AT, percent=5), (table("tenants"),), ("id",))
EVENTS = edge("events", "tenant_id", "tenants")
KIND = edge("events", "kind_id", "kinds")
AUDIT = edge("audit", "tenant_id", "tenants", most=0)
LEAVES = {"events": ("events_1", "events_2")}
TABLES = ("audit", "countries", "empty_one", "events_1", "events_2", "kinds", "lonely", "tenants")
GRAPH = Graph(
    edges=(EVENTS, KIND, AUDIT),
    roots=(ROOT,),
    leaves={
        table("events"): (table("events_1"), table("events_2")),
        **{table(t): (table(t),) for t in TABLES},
    },
    tables={table(t): table("events" if t.startswith("events") else t) for t in TABLES},
    policies={table("countries"): "all", table("empty_one"): "empty"},
    unreached=(table("lonely"),),
)
SELECTION = Selection(
    rows={
        table("tenants"): rows(100),
        table("events_1"): rows(9_000),
        table("events_2"): rows(3_000),
        table("kinds"): rows(7),
    },
    whole={table("countries"): 250},
    roots=[RootPull(ROOT, 100, 100)],
    pulls=[
        pulled(EVENTS, "referencing", 100, {"events_1": rows(9_000), "events_2": rows(3_000)}),
        pulled(KIND, "referenced", 12_000, {"kinds": rows(7)}),
    ],
    nulled={table("events_2"): (Nulled(("a",), rows(2)), Nulled(("a", "b"), rows(3, first=10)))},
)


def catalog(**estimates: int) -> Catalog:
    sizes = {"events_1": 90 << 20, "events_2": 60 << 20}
    return build_catalog(
        180000,
        [
            Relation(
                table(t), RelationKind.TABLE, (), rows=estimates.get(t, 30_000), bytes=sizes.get(t, 30_000)
            )
            for t in TABLES
        ],
    )


def planned(graph: Graph = GRAPH, selection: Selection = SELECTION, **estimates: int) -> SubsetPlan:
    return make_plan(graph, selection, catalog(**estimates), profile="dev", orphans=[("x", 1)], seconds=2.0)


def share_of(plan: SubsetPlan, name: str) -> TableShare:
    return next(each for each in plan.tables if each.name == table(name))


def test_leaves_are_summed_under_their_table() -> None:
    events = share_of(planned(), "events")
    assert (events.rows, events.of_rows, events.nulled) == (12_000, 60_000, 5)
    assert events.bytes == (90 << 20) * 9_000 // 30_000 + (60 << 20) * 3_000 // 30_000
    assert events.shares == (Share("referencing", "public.events.tenant_id → public.tenants", 12_000),)


def test_a_leaf_that_was_never_analysed_makes_the_total_unknown_and_its_size_the_whole() -> None:
    events = share_of(planned(events_2=-1), "events")
    assert events.of_rows == -1
    assert events.bytes == (90 << 20) * 9_000 // 30_000 + (60 << 20)


def test_an_estimate_older_than_the_rows_does_not_make_a_table_larger_than_it_is() -> None:
    assert share_of(planned(tenants=10), "tenants").bytes == 30_000


def test_a_table_that_is_copied_whole_has_its_whole_size() -> None:
    countries = share_of(planned(), "countries")
    assert (countries.state, countries.rows, countries.bytes) == ("all", 250, 30_000)
    assert countries.shares == (Share("all", "all", 250),)


@pytest.mark.parametrize(
    ("name", "state"), [("empty_one", "empty"), ("lonely", "unreached"), ("audit", "rows"), ("kinds", "rows")]
)
def test_a_table_says_why_it_has_the_rows_that_it_has(name: str, state: str) -> None:
    assert share_of(planned(), name).state == state


def test_an_edge_that_nothing_follows_is_told_where_something_could_have() -> None:
    told = [(pull.columns, pull.direction, pull.rows, pull.most) for pull in planned().pulls]
    assert told == [
        ("public.events.tenant_id", "referencing", 12_000, None),
        ("public.events.kind_id", "referenced", 7, None),
        ("public.audit.tenant_id", "referencing", 0, 0),
    ]
    unchosen = replace(SELECTION, rows={}, pulls=[], roots=[])
    assert planned(selection=unchosen).pulls == ()


def test_two_references_that_read_alike_are_one_reason() -> None:
    polymorphic = [replace(EVENTS, type_column="kind", type_value=value) for value in ("a", "b")]
    pulls = [
        pulled(polymorphic[0], "referencing", 50, {"events_1": rows(9_000)}),
        pulled(polymorphic[1], "referencing", 50, {"events_2": rows(3_000)}),
    ]
    plan = planned(replace(GRAPH, edges=tuple(polymorphic)), replace(SELECTION, pulls=pulls))
    assert share_of(plan, "events").shares == (
        Share("referencing", "public.events.tenant_id → public.tenants", 12_000),
    )


def advice(plan: SubsetPlan) -> Advice:
    assert plan.advice is not None
    return plan.advice


def rules_with(yaml: str, folder: Path) -> RuleSet:
    """A rule file in which what is to be pasted has its place."""
    roots = "  roots: [{table: public.tenants, percent: 5}]\n"
    subset, profiles = (yaml, "") if yaml.startswith("subset:\n") else ("subset:\n", yaml)
    file = folder / "rules.yaml"
    file.write_text("version: 1\n" + subset.replace("subset:\n", f"subset:\n{roots}") + "\n" + profiles)
    return load_rules(file, (), {})


def test_what_dominates_is_named_with_the_cap_to_paste(tmp_path: Path) -> None:
    found = advice(planned())
    assert (found.table, found.edge, found.mean_rows) == (table("events"), "public.events.tenant_id", 120.0)
    assert found.share == pytest.approx(1.0, abs=0.01)
    rules = rules_with(found.yaml, tmp_path).profiles["dev"]
    assert rules is not None
    assert [(rule.columns, rule.follow.most) for rule in rules.edges] == [(("tenant_id",), 10)]


@pytest.mark.parametrize(("from_rows", "cap"), [(5_000, 1), (3_000, 2), (600, 10), (6_000, 1)])
def test_the_cap_is_ten_or_half_of_the_mean(from_rows: int, cap: int) -> None:
    pulls = [replace(SELECTION.pulls[0], from_rows=from_rows)]
    assert f"max_per_row: {cap}}}" in advice(planned(selection=replace(SELECTION, pulls=pulls))).yaml


def test_a_reference_that_brings_one_row_for_each_is_not_to_be_capped() -> None:
    pulls = [replace(SELECTION.pulls[0], from_rows=12_000)]
    found = advice(planned(selection=replace(SELECTION, pulls=pulls)))
    assert (found.table, found.edge, found.yaml) == (table("events"), "", "")


def test_a_table_that_others_need_is_traced_to_what_brought_those() -> None:
    big_kinds = catalog(kinds=7)
    relations = dict(big_kinds.relations)
    relations[table("kinds")] = replace(relations[table("kinds")], bytes=1 << 40)
    plan = make_plan(GRAPH, SELECTION, replace(big_kinds, relations=relations))
    assert (advice(plan).table, advice(plan).edge) == (table("kinds"), "public.events.tenant_id")


def test_a_small_subset_needs_no_advice() -> None:
    small = replace(
        SELECTION,
        rows={table("tenants"): rows(100)},
        pulls=[],
    )
    assert planned(selection=small).advice is None


@pytest.mark.parametrize("profile", [None, "dev team"])
def test_names_that_need_quotes_are_spelt_so_that_the_rules_read_them(
    profile: str | None, tmp_path: Path
) -> None:
    odd = replace(edge("events", "a b", "tenants"), columns=("x, y", 'tenant #"1": z'))
    pulls = [pulled(odd, "referencing", 100, {"events_1": rows(9_000), "events_2": rows(3_000)})]
    graph = replace(GRAPH, edges=(odd,))
    plan = make_plan(graph, replace(SELECTION, pulls=pulls), catalog(), profile=profile)
    rules = rules_with(advice(plan).yaml, tmp_path)
    subset = rules.subset if profile is None else rules.profiles[profile]
    assert subset is not None
    assert [rule.columns for rule in subset.edges] == [odd.columns]
