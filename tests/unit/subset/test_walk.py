"""The walk on small databases that are drawn by hand: who refers to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Follow, Root
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge, Graph, Policy
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Pairs, Question, answer_in_turn
from dbtool.subset.selection import Selection, Step
from dbtool.subset.walk import walk

AT = Position("rules.yaml", 1, 1)
Links = Mapping[Edge, list[tuple[int, int]]]


def name(text: str) -> RelationName:
    return RelationName("public", text)


def edge(columns: str, referenced: str, *, most: int | None = None, nulled: str = "") -> Edge:
    referencing, column = columns.split(".")
    return Edge(
        name(referencing),
        (column,),
        name(referenced),
        ("id",),
        (EqualityOperator(),),
        constraint=f"{columns}_fkey",
        follow=Follow(most),
        nulled=tuple(nulled.split()),
    )


class Drawn:
    """``links``: row 1 of the referencing table refers to row 7 of the referenced one: (1, 7). ``roots``: rows by table.
    Every table has the rows 1 to 9.
    """

    def __init__(self, links: Links, roots: Mapping[str, list[int]]) -> None:
        self.links, self.roots = links, {name(table): rows for table, rows in roots.items()}
        self.asked: list[str] = []

    def graph(self, **policies: Policy) -> Graph:
        ends = {end for one in self.links for end in (one.referencing, one.referenced)} | self.roots.keys()
        leaves = {end: (end,) for end in ends}
        roots = tuple(BoundRoot(Root(table, AT), (table,), ("id",)) for table in self.roots)
        by_leaf = {name(table): policy for table, policy in policies.items()}
        return Graph(tuple(self.links), roots, leaves, {end: end for end in ends}, by_leaf)

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]:
        yield {root.rule.table: ids(self.roots[root.rule.table])}

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        return answer_in_turn(self, questions)

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        self.asked.append(f"who is {edge}")
        for wanted in rows[edge.referenced].tolist():
            found = [one for one, other in self.links[edge] if other == wanted]
            yield {edge.referencing: ids(found[: edge.follow.most])}

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        self.asked.append(str(edge))
        wanted = set(rows[edge.referencing].tolist())
        yield {edge.referenced: ids([other for one, other in self.links[edge] if one in wanted])}

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]:
        self.asked.append(f"all of {leaf}: {edge}")
        yield {edge.referenced: ids([other for _, other in self.links[edge]])}

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        wanted = set(rows.tolist())
        found = [(one, other) for one, other in self.links[edge] if one in wanted]
        yield Pairs(leaf, edge.referenced, ids([one for one, _ in found]), ids([one for _, one in found]))

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]:
        assert leaf in self.graph().leaves
        yield ids(list(range(1, 10)))

    def count(self, leaf: RelationName) -> int:
        return len(next(self.all_rows(leaf)))


def ids(numbers: list[int]) -> RowIds:
    return np.array(numbers, np.uint64)


def chosen(selection: Selection) -> dict[str, list[int]]:
    return {
        leaf.name: rows.between(None, None).tolist() for leaf, rows in selection.rows.items() if len(rows)
    }


def pulled(selection: Selection) -> dict[str, tuple[int, int]]:
    """By edge and direction: (rows it brought, rows it was asked for)."""
    return {
        f"{pull.direction} {pull.edge.where.removeprefix('public.')}": (pull.rows, pull.from_rows)
        for pull in selection.pulls
        if pull.from_rows
    }


OWNER = edge("orders.customer", "customers")
LINE = edge("lines.sale", "orders")
PRODUCT = edge("lines.product", "products")


def test_down_to_what_refers_then_up_to_what_is_referred_to() -> None:
    source = Drawn(
        {
            OWNER: [(1, 1), (2, 1), (3, 2)],
            LINE: [(1, 1), (2, 2), (3, 3)],
            PRODUCT: [(1, 7), (2, 8), (3, 9)],
        },
        {"customers": [1]},
    )
    selection = walk(source.graph(), source)
    assert chosen(selection) == {"customers": [1], "orders": [1, 2], "lines": [1, 2], "products": [7, 8]}
    assert pulled(selection) == {
        "referencing orders.customer": (2, 1),
        "referencing lines.sale": (2, 2),
        "referenced lines.product": (2, 2),
    }


def test_rows_that_two_edges_lead_to_are_not_asked_where_they_came_from() -> None:
    """Order 1 was there when the address led to it: that its address is there, too, is known."""
    addresses, shipped = edge("addresses.customer", "customers"), edge("orders.address", "addresses")
    source = Drawn(
        {OWNER: [(1, 1), (2, 1)], addresses: [(1, 1)], shipped: [(1, 1), (2, 9)]}, {"customers": [1]}
    )
    selection = walk(source.graph(), source)
    assert chosen(selection) == {"customers": [1], "orders": [1, 2], "addresses": [1, 9]}
    assert pulled(selection)["referenced orders.address"] == (1, 1)


class Hasty(Drawn):
    """Takes all questions before it answers the first."""

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        return answer_in_turn(self, list(questions))


@pytest.mark.parametrize("kind", [Drawn, Hasty])
def test_what_is_told_does_not_depend_on_how_much_is_asked_ahead(kind: type[Drawn]) -> None:
    """All nine orders come by their seller: whether the customer's edge is asked at all, it brings nothing."""
    seller = edge("orders.seller", "sellers")
    everybody = [(number, 1) for number in range(1, 10)]
    source = kind({OWNER: everybody, seller: everybody}, {"customers": [1], "sellers": [1]})
    graph = replace(source.graph(), estimates={name("orders"): 9})
    assert pulled(walk(graph, source)) == {
        "referencing orders.customer": (0, 1),
        "referencing orders.seller": (9, 1),
    }


def test_a_row_that_is_only_referred_to_brings_nothing_along() -> None:
    source = Drawn({LINE: [(1, 1), (2, 1)], PRODUCT: [(1, 7), (2, 7), (3, 7)]}, {"lines": [1]})
    selection = walk(source.graph(), source)
    assert chosen(selection) == {"lines": [1], "orders": [1], "products": [7]}
    assert source.asked == [str(LINE), str(PRODUCT)] or source.asked == [str(PRODUCT), str(LINE)]


def test_a_row_that_is_referred_to_and_followed_too_brings_its_own() -> None:
    source = Drawn({OWNER: [(1, 1), (2, 1)]}, {"orders": [1], "customers": [1]})
    assert chosen(walk(source.graph(), source)) == {"orders": [1, 2], "customers": [1]}


def test_a_tree_that_refers_to_itself_is_walked_to_its_leaves_and_to_its_top() -> None:
    tree = edge("tree.up", "tree")
    # 1 is above 2 and 3, 2 above 4, 4 above 5; 9 is its own
    source = Drawn({tree: [(2, 1), (3, 1), (4, 2), (5, 4), (9, 9)]}, {"tree": [2]})
    assert chosen(walk(source.graph(), source)) == {"tree": [1, 2, 4, 5]}
    alone = Drawn(source.links, {"tree": [9]})
    assert chosen(walk(alone.graph(), alone)) == {"tree": [9]}


def test_a_cycle_of_two_ends() -> None:
    boss, team = edge("teams.boss", "people"), edge("people.team", "teams")
    source = Drawn({boss: [(1, 1), (2, 3)], team: [(1, 1), (2, 1), (3, 2), (4, 2)]}, {"teams": [1]})
    assert chosen(walk(source.graph(), source)) == {"teams": [1], "people": [1, 2]}
    across = Drawn({boss: [(1, 3), (2, 3)], team: [(1, 1), (2, 1), (3, 2), (4, 2)]}, {"teams": [1]})
    # 3 is only referred to, and so is team 2: nobody else of it comes
    assert chosen(walk(across.graph(), across)) == {"teams": [1, 2], "people": [1, 2, 3]}


def test_as_many_rows_follow_each_row_as_the_cap_says() -> None:
    capped = replace(OWNER, follow=Follow(2))
    source = Drawn(
        {capped: [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 3)]}, {"customers": [1, 2, 3]}
    )
    assert chosen(walk(source.graph(), source)) == {"customers": [1, 2, 3], "orders": [1, 2, 4, 5, 6]}


def test_where_none_follow_what_rows_refer_to_still_comes() -> None:
    source = Drawn({replace(OWNER, follow=Follow(0)): [(1, 1), (2, 1)]}, {"customers": [1], "orders": [2]})
    assert chosen(walk(source.graph(), source)) == {"customers": [1], "orders": [2]}


def test_nothing_follows_into_an_empty_table_and_what_needs_its_rows_is_told() -> None:
    source = Drawn(
        {OWNER: [(1, 1), (2, 1)], LINE: [(1, 1), (2, 2)], PRODUCT: [(1, 7), (2, 7)]}, {"orders": [1, 2]}
    )
    selection = walk(source.graph(customers="empty", lines="empty"), source)
    assert chosen(selection) == {"orders": [1, 2]}
    assert selection.blocked == {OWNER: 1}


def test_a_table_copied_whole_brings_what_it_refers_to_and_nothing_follows_it() -> None:
    source = Drawn({OWNER: [(1, 1), (2, 4)], LINE: [(1, 1)]}, {"products": [5]})
    selection = walk(source.graph(orders="all"), source)
    assert selection.whole == {name("orders"): 9}
    assert selection.count(name("orders")) == 9
    assert chosen(selection) == {"products": [5], "customers": [1, 4]}
    assert pulled(selection) == {"referenced orders.customer": (2, 9)}


def test_rows_of_a_table_copied_whole_are_not_chosen_one_by_one() -> None:
    source = Drawn({OWNER: [(1, 1)]}, {"orders": [1]})
    selection = walk(source.graph(customers="all"), source)
    assert chosen(selection) == {"orders": [1]}
    assert source.asked == []


def test_a_nulled_reference_pulls_nothing_and_is_null_only_where_its_row_stays_out() -> None:
    loose = replace(OWNER, nulled=("customer",))
    source = Drawn({loose: [(1, 1), (2, 2)]}, {"orders": [1, 2], "tenants": [1]})
    selection = walk(source.graph(), source)
    assert chosen(selection) == {"orders": [1, 2], "tenants": [1]}
    assert nulls(selection) == {("customer",): [1, 2]}
    with_one = Drawn(source.links, {"orders": [1, 2], "customers": [2]})
    assert nulls(walk(with_one.graph(), with_one)) == {("customer",): [1]}


def test_rows_are_parted_by_the_columns_that_they_lose() -> None:
    one, two = edge("t.a", "x", nulled="a"), edge("t.b", "x", nulled="b")
    source = Drawn(
        {one: [(1, 1), (2, 1), (3, 2)], two: [(2, 3), (3, 3), (4, 2)]}, {"t": [1, 2, 3, 4], "x": [2]}
    )
    graph = source.graph()
    assert [one.follow.most for one in graph.edges] == [None, None]
    assert nulls(walk(graph, source)) == {("a",): [1], ("a", "b"): [2], ("b",): [3]}


def test_the_rows_of_a_whole_table_are_told_apart_where_references_become_null() -> None:
    loose = replace(OWNER, nulled=("customer",))
    source = Drawn({loose: [(1, 1), (2, 2)]}, {"customers": [2]})
    selection = walk(source.graph(orders="all"), source)
    assert selection.whole == {}
    assert chosen(selection) == {"orders": list(range(1, 10)), "customers": [2]}
    assert nulls(selection) == {("customer",): [1]}


def nulls(selection: Selection) -> dict[tuple[str, ...], list[int]]:
    (found,) = selection.nulled.values()
    return {one.columns: one.rows.between(None, None).tolist() for one in found}


def test_a_row_that_is_reached_twice_counts_once_and_is_told_once() -> None:
    told: list[tuple[str, int]] = []

    def hear(leaf: RelationName, rows: RowIds, _step: Step) -> None:
        told.extend((leaf.name, row) for row in rows.tolist())

    gift = edge("orders.receiver", "customers")
    source = Drawn({OWNER: [(1, 1), (2, 2)], gift: [(1, 1), (1, 2), (2, 1)]}, {"customers": [1, 2]})
    selection = walk(source.graph(), source, hear)
    assert sorted(told) == [("customers", 1), ("customers", 2), ("orders", 1), ("orders", 2)]
    assert sum(pull.rows for pull in selection.pulls) == 2


def test_a_row_that_two_roots_select_is_new_to_one() -> None:
    source = Drawn({OWNER: []}, {"customers": [1, 2]})
    graph = source.graph()
    twice = replace(graph, roots=graph.roots * 2)
    assert [(root.rows, root.new) for root in walk(twice, source).roots] == [(2, 2), (2, 0)]


def test_nobody_asks_for_what_a_row_came_down_from() -> None:
    source = Drawn({OWNER: [(1, 1), (2, 1)]}, {"customers": [1]})
    walk(source.graph(), source)
    assert source.asked == [f"who is {OWNER}"]


def test_where_a_row_may_refer_to_several_it_is_asked_for_them_all() -> None:
    for several in (replace(OWNER, temporal=True), replace(OWNER, constraint=None)):
        source = Drawn({several: [(1, 1), (1, 2)]}, {"customers": [1]})
        assert chosen(walk(source.graph(), source)) == {"customers": [1, 2], "orders": [1]}
