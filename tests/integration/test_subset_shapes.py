"""Subsets of every shape that references have: exactly the rows that belong to them, told by their labels."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.rules.subset_model import Follow, NullRule, OrderTerm, Root, SqlText
from tests.databases import execute
from tests.integration.subset_database import AT, public
from tests.integration.subset_labels import EVERYTHING, NOTHING, chosen, edge, root

pytestmark = pytest.mark.one_major

LoadSchema = Callable[[str], str]


@pytest.fixture
def trees(load_schema: LoadSchema) -> str:
    return load_schema("subset_trees")


@pytest.fixture
def cycles(load_schema: LoadSchema) -> str:
    return load_schema("subset_cycles")


@pytest.fixture
def keys(load_schema: LoadSchema) -> str:
    return load_schema("subset_keys")


@pytest.fixture
def partitions(load_schema: LoadSchema) -> str:
    return load_schema("subset_partitions")


@pytest.fixture
def orphans(load_schema: LoadSchema) -> str:
    return load_schema("subset_orphans")


def test_a_tree_ten_thousand_deep_is_followed_to_its_leaves(trees: str) -> None:
    found = chosen(trees, root("chain", "id = 5000"))
    assert found == {"chain": sorted(map(str, range(1, 10_001)))}


def test_a_tree_ten_thousand_deep_is_climbed_to_its_root(trees: str) -> None:
    found = chosen(trees, root("chain", "id = 9999"), follow=NOTHING)
    assert found == {"chain": sorted(map(str, range(1, 10_000)))}


def test_several_references_to_itself_are_each_followed(trees: str) -> None:
    assert chosen(trees, root("person", "id = 2")) == {"person": ["ada", "bob", "flo"]}
    assert chosen(trees, root("person", "id = 2"), follow=NOTHING) == {"person": ["ada", "bob"]}
    assert chosen(trees, root("person", "id = 3"), follow=NOTHING) == {"person": ["ada", "cy", "di", "ed"]}


def test_a_row_that_refers_to_itself_is_there_once(trees: str) -> None:
    only_mentors = (edge("person", "manager", NOTHING),)
    assert chosen(trees, root("person", "id = 5"), edges=only_mentors) == {
        "person": ["ada", "cy", "di", "ed", "gus"]
    }


def test_two_tables_that_refer_to_one_another_pull_each_other_in(cycles: str) -> None:
    assert chosen(cycles, root("team", "id = 1"), follow=NOTHING) == {"team": ["reds"], "player": ["r1"]}
    assert chosen(cycles, root("player", "id = 13"), follow=NOTHING) == {
        "team": ["greens", "reds"],
        "player": ["g1", "r1", "r2"],
    }
    assert chosen(cycles, root("team", "id = 1")) == {
        "team": ["blues", "greens", "reds"],
        "player": ["b1", "g1", "r1", "r2"],
    }


def test_a_nulled_reference_pulls_nothing_in(cycles: str) -> None:
    captain = (NullRule(public("team"), ("captain",), AT),)
    found = chosen(cycles, root("player", "id = 13"), follow=NOTHING, nullified=captain)
    assert found == {"team": ["greens"], "player": ["g1"]}


def test_two_tables_that_cannot_be_without_one_another_are_both_there(cycles: str) -> None:
    for follow in (NOTHING, EVERYTHING):
        found = chosen(cycles, root("city", "id = 11"), follow=follow)
        assert found == {"country": ["dk"], "city": ["aarhus", "cph"]}
    assert chosen(cycles, root("country", "id = 2")) == {"country": ["no"], "city": ["oslo"]}


def test_cycles_that_overlap_are_closed(cycles: str) -> None:
    assert chosen(cycles, root("a", "id = 1"), follow=NOTHING) == {
        "a": ["a1", "a2"],
        "b": ["b1", "b3"],
        "c": ["c1", "c3"],
    }
    assert chosen(cycles, root("a", "id = 1")) == {
        "a": ["a1", "a2"],
        "b": ["b1", "b2", "b3"],
        "c": ["c1", "c2", "c3"],
    }
    assert chosen(cycles, root("a", "id = 3"), follow=NOTHING) == {"a": ["a3"]}
    assert chosen(cycles, root("c", "id = 4")) == {"a": ["a4"], "b": ["b4"], "c": ["c4"]}


def test_a_composite_key_is_met_as_a_whole(keys: str) -> None:
    found = chosen(keys, root("account", "region = 1 AND number = 2"))
    assert found == {"account": ["a12"], "payment": ["p12"], "refund": ["r12"]}
    assert chosen(keys, root("refund", "region = 2")) == {"account": ["a22"], "refund": ["r22"]}


def test_a_tuple_with_a_null_refers_to_nothing(keys: str) -> None:
    assert chosen(keys, root("payment", "number IS NULL OR region IS NULL")) == {
        "payment": ["half", "none", "other half"]
    }
    assert chosen(keys, root("refund", "region IS NULL")) == {"refund": ["rnone"]}


def test_a_reference_to_a_unique_column_is_not_one_to_the_primary_key(keys: str) -> None:
    assert chosen(keys, root("product", "id = 1")) == {"product": ["px", "py"], "stock": ["sx"]}
    assert chosen(keys, root("product", "id = 3")) == {"product": ["p0"], "stock": ["s0"]}
    assert chosen(keys, root("stock", "sku = 'y'")) == {"product": ["py"], "stock": ["sy"]}


@pytest.mark.parametrize(
    ("table", "label", "other_table", "other"),
    [
        ("wide", "w1", "narrow", "n1"),
        ("narrow", "n2", "wide", "w2"),
        ("long", "la", "short", "sa"),
        ("long", "la_", "short", "sa_"),
        ("short", "sb", "long", "lb"),
        ("padded", "cab", "less_padded", "dab"),
        ("less_padded", "dcd", "padded", "ccd"),
    ],
)
def test_a_key_of_another_type_is_the_same_key(
    keys: str, table: str, label: str, other_table: str, other: str
) -> None:
    assert chosen(keys, root(table, f"label = '{label}'")) == {table: [label], other_table: [other]}


def test_case_does_not_part_keys_of_citext(database: str) -> None:
    """But it does where the key referred to is plain text: PostgreSQL compares as that key does."""
    try:
        execute(database, "CREATE EXTENSION citext")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("cannot run here: this server has no citext")
    execute(
        database,
        """
        CREATE TABLE person (email citext PRIMARY KEY, label text);
        CREATE TABLE alias (email citext REFERENCES person, label text);
        INSERT INTO person VALUES ('Ada@x', 'ada'), ('Bob@x', 'bob');
        INSERT INTO alias VALUES ('ADA@X', 'a1'), ('bob@x', 'a2');
        CREATE TABLE word (text text PRIMARY KEY, label text);
        CREATE TABLE use (word citext REFERENCES word, label text);
        INSERT INTO word VALUES ('A', 'upper'), ('a', 'lower');
        INSERT INTO use VALUES ('A', 'u1'), ('a', 'u2');
        """,
    )
    assert chosen(database, root("person", "label = 'ada'")) == {"person": ["ada"], "alias": ["a1"]}
    assert chosen(database, root("alias", "label = 'a2'")) == {"person": ["bob"], "alias": ["a2"]}
    assert chosen(database, root("word", "label = 'upper'")) == {"word": ["upper"], "use": ["u1"]}
    assert chosen(database, root("use", "label = 'u2'")) == {"word": ["lower"], "use": ["u2"]}


def test_quoted_names_in_other_schemas_are_found(keys: str) -> None:
    order = Root(RelationName('Sales "EU"', "Order %s"), AT, where=SqlText('"Nr." = 1', AT))
    assert chosen(keys, order) == {"Order %s": ["o1"], "table": ["l1", "l1 again"]}
    line = Root(RelationName("select", "table"), AT, where=SqlText("label = 'l2'", AT))
    assert chosen(keys, line) == {"Order %s": ["o2"], "table": ["l2"]}


def test_partitions_of_partitions_are_followed_from_both_ends(partitions: str) -> None:
    assert chosen(partitions, root("customer", "id = 1")) == {
        "customer": ["c1"],
        "purchase": ["p1", "p2", "p4"],
        "line": ["l1", "l1", "l2", "l4", "l4", "l4"],
        "archive": ["x1"],
    }
    assert chosen(partitions, root("line", "label = 'l5'")) == {
        "customer": ["c3"],
        "purchase": ["p5"],
        "line": ["l5"],
    }
    assert chosen(partitions, root("archive", "true")) == {
        "customer": ["c1"],
        "purchase": ["p1"],
        "archive": ["x1"],
    }


def test_rows_that_are_the_same_are_each_there(partitions: str) -> None:
    found = chosen(partitions, root("line", "label = 'l1'"), follow=NOTHING)
    assert found == {"customer": ["c1"], "purchase": ["p1"], "line": ["l1", "l1"]}
    two = (edge("line", "purchase region year", Follow(2)),)
    assert chosen(partitions, root("purchase", "label = 'p4'"), edges=two) == {
        "customer": ["c1"],
        "purchase": ["p4"],
        "line": ["l4", "l4"],
    }


def test_orphans_come_along_without_what_is_not_there(orphans: str) -> None:
    assert chosen(orphans, root("project", "id = 2")) == {"project": ["lost"], "task": ["k2"]}
    assert chosen(orphans, root("task", "id = 3")) == {"task": ["k3"]}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), ["e1", "e2", "e3"]),
        ((OrderTerm("id", descending=True),), ["e7998", "e7999", "e8000"]),
        ((OrderTerm("seen"),), ["e1", "e1001", "e2001"]),
        ((OrderTerm("seen", nulls_first=True),), ["e1000", "e2000", "e3000"]),
        ((OrderTerm("seen", descending=True),), ["e1000", "e2000", "e3000"]),
        ((OrderTerm("seen", descending=True, nulls_first=False),), ["e1999", "e2999", "e999"]),
        ((OrderTerm("seen"), OrderTerm("id", descending=True)), ["e6001", "e7001", "e5001"]),
    ],
)
@pytest.mark.parametrize("indexed", [False, True])
def test_a_cap_takes_the_first_of_many(
    orphans: str, order: tuple[OrderTerm, ...], expected: list[str], indexed: bool
) -> None:
    if indexed:
        execute(orphans, "CREATE INDEX ON event (tenant)")
    first = (edge("event", "tenant", Follow(3, order)),)
    found = chosen(orphans, root("tenant", "id = 3"), edges=first)
    assert found == {"tenant": ["t3"], "event": sorted(expected)}


def test_a_cap_holds_for_each_row(orphans: str) -> None:
    found = chosen(orphans, root("tenant", "id >= 3"), edges=(edge("event", "tenant", Follow(1)),))
    assert found == {"tenant": ["t3", "t4", "t5"], "event": ["e1", "e8001", "e8002"]}


def test_what_is_only_referred_to_is_not_followed(orphans: str) -> None:
    assert chosen(orphans, root("tenant", "id = 1")) == {
        "tenant": ["t1", "t2"],
        "project": ["p1", "p3"],
        "task": ["k1"],
        "member": ["m11", "m13", "m21"],
    }


def test_a_row_that_two_roots_lead_to_is_there_once(orphans: str) -> None:
    assert chosen(orphans, root("tenant", "id = 1"), root("project", "id IN (1, 3)")) == {
        "tenant": ["t1", "t2"],
        "project": ["p1", "p3"],
        "task": ["k1"],
        "member": ["m11", "m13", "m21", "m23"],
    }
