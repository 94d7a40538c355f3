"""What a subset begins with, what follows, what stays out: as values."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position
from dbtool.rules.subset_model import EdgeRule, Follow, NullRule, OrderTerm, Root, SqlText, TablePolicy
from tests.unit.rules.reading import load, load_subset

ROOTS = "roots: [{table: public.tenants, percent: 5}]"


def name(relation: str) -> RelationName:
    return RelationName("public", relation)


def at(folder: Path, line: int, column: int) -> Position:
    return Position(str(folder / "rules.yaml"), line, column)


def read_root(folder: Path, text: str) -> Root:
    (root,) = load_subset(folder, f"{{roots: [{{table: public.t, {text}}}]}}").roots
    return root


def test_without_a_subset_there_is_none(tmp_path: Path) -> None:
    rules = load(tmp_path, "tables: {}")
    assert (rules.subset, rules.profiles) == (None, {})


def test_everything_is_what_there_is_without_a_subset(tmp_path: Path) -> None:
    assert load(tmp_path, "subset: everything").subset is None


def test_what_is_not_said_is_followed_and_pulled_in(tmp_path: Path) -> None:
    rules = load_subset(tmp_path, f"{{{ROOTS}}}")
    assert (rules.follow, rules.edges, rules.nullified, dict(rules.tables)) == (Follow(), (), (), {})
    assert rules.at == at(tmp_path, 2, 9)
    assert rules.roots == (Root(name("tenants"), at(tmp_path, 2, 18), percent=5.0),)


@pytest.mark.parametrize(
    ("text", "percent"), [("5", 5.0), ("0.5", 0.5), ("100", 100.0), ("1e-3", 0.001), ("100.0", 100.0)]
)
def test_percent_is_a_number_up_to_100(tmp_path: Path, text: str, percent: float) -> None:
    assert read_root(tmp_path, f"percent: {text}").percent == percent


def test_percent_where_and_limit_stand_beside_each_other(tmp_path: Path) -> None:
    root = read_root(tmp_path, "percent: 5, where: a > 1, limit: 10")
    assert (root.percent, root.where and root.where.text, root.limit) == (5.0, "a > 1", 10)


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ("[1, 2]", (("1",), ("2",))),
        ("[010, true, 1.50, 2024-01-31]", (("010",), ("true",), ("1.50",), ("2024-01-31",))),
        ("['null', '', ' x ']", (("null",), ("",), (" x ",))),
        ("[[1, a], [2, b]]", (("1", "a"), ("2", "b"))),
        ("[[1], 2]", (("1",), ("2",))),
    ],
    ids=["numbers", "as written", "quoted", "composite", "one value or a list of it"],
)
def test_ids_are_texts_as_written(tmp_path: Path, written: str, texts: tuple[tuple[str, ...], ...]) -> None:
    assert read_root(tmp_path, f"ids: {written}").ids == texts


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plan <> 'test'", ("plan <> 'test'", 5, 14)),
        ("\"plan <> 'test'\"", ("plan <> 'test'", 5, 15)),
        ("'plan <> ''test'''", ("plan <> 'test'", 5, 15)),
        ('"  a = 1 "', ("a = 1", 5, 17)),
        ("|\n        a = 1\n        and b = 2", ("a = 1\nand b = 2", 6, 9)),
        (">-\n\n        a = 1\n        and b = 2", ("a = 1 and b = 2", 7, 9)),
        ("\n        a = 1\n        and b = 2", ("a = 1 and b = 2", 6, 9)),
    ],
    ids=["plain", "double quotes", "single quotes", "blanks", "literal", "folded", "below"],
)
def test_where_knows_where_its_first_character_stands(
    tmp_path: Path, written: str, expected: tuple[str, int, int]
) -> None:
    subset = load(tmp_path, f"subset:\n  roots:\n    - table: public.t\n      where: {written}").subset
    assert subset is not None
    text, line, column = expected
    assert subset.roots[0].where == SqlText(text, at(tmp_path, line, column))


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("created_at", [OrderTerm("created_at")]),
        ("created_at desc", [OrderTerm("created_at", descending=True)]),
        ("Created_At ASC", [OrderTerm("Created_At")]),
        ("a desc nulls last", [OrderTerm("a", descending=True, nulls_first=False)]),
        ("a NULLS FIRST", [OrderTerm("a", nulls_first=True)]),
        ("'a desc, b'", [OrderTerm("a", descending=True), OrderTerm("b")]),
        ("[a desc, b]", [OrderTerm("a", descending=True), OrderTerm("b")]),
        ('\'"Odd, ""Name" desc,ключ\'', [OrderTerm('Odd, "Name', descending=True), OrderTerm("ключ")]),
        ('"Odd"', [OrderTerm("Odd")]),
        ('\'"a""b"\'', [OrderTerm('a"b')]),
    ],
)
def test_order_names_columns_exactly(tmp_path: Path, written: str, terms: list[OrderTerm]) -> None:
    assert read_root(tmp_path, f"limit: 5, order: {written}").order == tuple(terms)


@pytest.mark.parametrize(
    ("written", "follow"),
    [
        ("all", Follow()),
        ("none", Follow(0)),
        ("{max_per_row: 1}", Follow(1)),
        ("always", Follow(always=True)),
        ("{max_per_row: 3, always: true}", Follow(3, always=True)),
        ("{max_per_row: 3, always: false}", Follow(3)),
        ("{max_per_row: 50, order: id desc}", Follow(50, (OrderTerm("id", descending=True),))),
    ],
)
def test_rows_follow_as_the_default_and_the_edges_say(tmp_path: Path, written: str, follow: Follow) -> None:
    text = f"{{{ROOTS}, referencing: {{default: {written}, edges: {{public.a.x: {written}}}}}}}"
    rules = load_subset(tmp_path, text)
    (edge,) = rules.edges
    assert (rules.follow, edge.follow) == (follow, follow)


def test_edges_are_named_by_a_column_or_by_several(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        f"""subset:
  {ROOTS}
  referencing:
    edges:
      public.events.user_id: none
      [public.a.x, public.a.y]: all
      ? [public.b."Odd Name"]
      : none
  referenced:
    public.employees.manager_id: nullify
    public.events.user_id: pull
    [public.a.x, public.a.y]: nullify""",
    ).subset
    assert rules is not None
    assert rules.edges == (
        EdgeRule(name("events"), ("user_id",), Follow(0), at(tmp_path, 6, 7)),
        EdgeRule(name("a"), ("x", "y"), Follow(), at(tmp_path, 7, 7)),
        EdgeRule(name("b"), ("Odd Name",), Follow(0), at(tmp_path, 8, 9)),
    )
    assert rules.nullified == (
        NullRule(name("employees"), ("manager_id",), at(tmp_path, 11, 5)),
        NullRule(name("a"), ("x", "y"), at(tmp_path, 13, 5)),
    )


def test_a_reference_may_follow_and_be_nullified_for_these_are_two_directions(tmp_path: Path) -> None:
    text = "referencing: {edges: {public.a.x: none}}, referenced: {public.a.x: nullify}"
    rules = load_subset(tmp_path, f"{{{ROOTS}, {text}}}")
    assert (len(rules.edges), len(rules.nullified)) == (1, 1)


def test_tables_are_all_empty_or_skipped(tmp_path: Path) -> None:
    rules = load_subset(
        tmp_path, f'{{{ROOTS}, tables: {{public.a: all, public."B": empty, public.c: skip}}}}'
    )
    assert dict(rules.tables) == {
        name("a"): TablePolicy("all", at(tmp_path, 2, 65)),
        name("B"): TablePolicy("empty", at(tmp_path, 2, 80)),
        name("c"): TablePolicy("skip", at(tmp_path, 2, 99)),
    }


@pytest.mark.parametrize(
    ("follow", "policy"), [("none", "all"), ("none", "empty"), ("none", "skip"), ("all", "all")]
)
def test_an_edge_may_say_again_what_the_table_says(tmp_path: Path, follow: str, policy: str) -> None:
    text = f"referencing: {{edges: {{public.a.x: {follow}}}}}, tables: {{public.a: {policy}}}"
    assert len(load_subset(tmp_path, f"{{{ROOTS}, {text}}}").edges) == 1
