"""Which edges are asked first: none before another that may still bring it rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import RelationName
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import Edge
from dbtool.subset.ways import Order, Way, order_ways
from tests.examples import examples


def name(table: str) -> RelationName:
    return RelationName("public", table)


def down(referencing: str, referenced: str) -> Way:
    column = f"{referenced}_id"
    edge = Edge(name(referencing), (column,), name(referenced), ("id",), (EqualityOperator(),))
    return Way(edge, "referencing")


def order_of(*ways: Way) -> Order:
    leaving: dict[RelationName, list[Way]] = {}
    for way in ways:
        leaving.setdefault(way.start, []).append(way)
    return order_ways(ways, leaving, lambda way: (way.end,))


ORDERS, ADDRESSES = down("orders", "customers"), down("addresses", "customers")
SHIPPED = down("orders", "addresses")
LINES, PAYMENTS = down("lines", "orders"), down("payments", "orders")
SHOP = order_of(ORDERS, ADDRESSES, SHIPPED, LINES, PAYMENTS)


def test_what_none_of_the_others_feeds_is_ready_together() -> None:
    assert set(SHOP.ready([PAYMENTS, ADDRESSES, ORDERS])) == {ADDRESSES, ORDERS}
    assert set(SHOP.ready([PAYMENTS, LINES])) == {PAYMENTS, LINES}


def test_what_another_feeds_through_others_waits() -> None:
    assert SHOP.ready([LINES, ADDRESSES]) == [ADDRESSES]
    assert SHOP.ready([LINES, SHIPPED, PAYMENTS]) == [SHIPPED]


def test_a_tree_feeds_itself_and_is_ready() -> None:
    tree = down("tree", "tree")
    assert order_of(tree).ready([tree]) == [tree]


def test_of_a_cycle_the_first_is_ready_alone_unless_something_else_is() -> None:
    there, back, apart = down("teams", "people"), down("people", "teams"), down("notes", "visits")
    order = order_of(there, back, apart)
    first = min([there, back], key=order.ranks.__getitem__)
    assert order.ready([there, back]) == [first]
    assert order.ready([there, back, apart]) == [apart]


def reached(ways: list[Way], start: Way) -> set[Way]:
    found: set[Way] = set()
    left = [start]
    while left:
        end = left.pop().end
        new = {way for way in ways if way.start == end} - found
        found |= new
        left.extend(new)
    return found


TABLES = "abcdef"
networks = st.sets(st.tuples(st.sampled_from(TABLES), st.sampled_from(TABLES)), max_size=14)


@examples(150)
@given(networks, st.data())
def test_ready_are_those_that_cannot_be_reached_from_another(
    pairs: set[tuple[str, str]], data: st.DataObject
) -> None:
    ways = [down(*pair) for pair in sorted(pairs)]
    order = order_of(*ways)
    for way in ways:
        assert {other for other in ways if order.fed[way] >> order.ranks[other] & 1} == reached(ways, way)
    if ways:
        pending = data.draw(st.lists(st.sampled_from(ways), min_size=1, unique=True))
        ready = order.ready(pending)
        apart = {
            way
            for way in pending
            if not any(way in reached(ways, other) for other in pending if other != way)
        }
        assert set(ready) == apart if apart else len(ready) == 1


@pytest.mark.parametrize("length", [2_000])
def test_a_chain_is_ordered_in_one_pass(length: int) -> None:
    chain = [down(f"t{number + 1}", f"t{number}") for number in range(length)]
    order = order_of(*chain)
    assert order.ready(chain) == chain[:1]
