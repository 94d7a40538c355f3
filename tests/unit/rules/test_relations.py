"""The references that the catalog cannot see: as the subset follows them, and as masks are inherited by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.rules.loader import load_rules
from dbtool.rules.model import RelationTarget, RuleSet, VirtualRelation
from dbtool.rules.position import Position
from tests.unit.rules.reading import load


def name(relation: str) -> RelationName:
    return RelationName("public", relation)


def at(folder: Path, line: int, column: int) -> Position:
    return Position(str(folder / "rules.yaml"), line, column)


def pairs(rules: RuleSet) -> list[tuple[str, str, str, str]]:
    return [
        (one.relation.name, one.column, one.referenced.name, one.referenced_column)
        for one in rules.virtual_references
    ]


def test_a_plain_relation_has_one_target_without_a_type(tmp_path: Path) -> None:
    rules = load(tmp_path, "relations:\n  - {from: public.events.user_id, to: public.users.id}")
    place = at(tmp_path, 3, 5)
    target = RelationTarget(name("users"), ("id",), None, place)
    assert rules.relations == (VirtualRelation(name("events"), ("user_id",), (target,), None, place),)
    assert pairs(rules) == [("events", "user_id", "users", "id")]


def test_a_composite_relation_is_followed_as_one_and_inherited_column_by_column(tmp_path: Path) -> None:
    rules = load(tmp_path, "relations: [{from: [public.a.x, public.a.y], to: [public.b.v, public.b.w]}]")
    (relation,) = rules.relations
    assert relation.columns == ("x", "y")
    assert relation.targets[0].referenced_columns == ("v", "w")
    assert pairs(rules) == [("a", "x", "b", "v"), ("a", "y", "b", "w")]


def test_a_polymorphic_relation_has_a_target_for_each_type_in_the_order_written(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        """relations:
  - from: public.comments.target_id
    by:
      public.comments.target_type:
        post: public.posts.id
        'null': public.photos.id
        010: public.pages.id
        legacy: null
        gone:""",
    )
    (relation,) = rules.relations
    assert (relation.columns, relation.type_column) == (("target_id",), "target_type")
    assert relation.at == at(tmp_path, 3, 5)
    assert relation.targets == (
        RelationTarget(name("posts"), ("id",), "post", at(tmp_path, 6, 9)),
        RelationTarget(name("photos"), ("id",), "null", at(tmp_path, 7, 9)),
        RelationTarget(name("pages"), ("id",), "010", at(tmp_path, 8, 9)),
        RelationTarget(None, (), "legacy", at(tmp_path, 9, 9)),
        RelationTarget(None, (), "gone", at(tmp_path, 10, 9)),
    )
    assert pairs(rules) == [
        ("comments", "target_id", "posts", "id"),
        ("comments", "target_id", "photos", "id"),
        ("comments", "target_id", "pages", "id"),
    ]


def test_a_polymorphic_relation_may_be_composite(tmp_path: Path) -> None:
    text = (
        "relations: [{from: [public.a.t, public.a.x], by: {public.a.kind: {b: [public.b.t, public.b.id]}}}]"
    )
    (relation,) = load(tmp_path, text).relations
    assert (relation.columns, relation.targets[0].referenced_columns) == (("t", "x"), ("t", "id"))


@pytest.mark.parametrize(
    "other",
    [
        "{from: public.a.x, to: public.c.id}",
        "{from: [public.a.x, public.a.y], to: [public.b.x, public.b.id]}",
        "{from: public.a.x, by: {public.a.kind: {b: public.b.id}}}",
    ],
    ids=["another table", "more columns", "polymorphic"],
)
def test_a_column_may_be_in_several_relations(tmp_path: Path, other: str) -> None:
    rules = load(tmp_path, f"relations:\n  - {{from: public.a.x, to: public.b.id}}\n  - {other}")
    assert len(rules.relations) == 2


def test_relations_may_be_spread_over_files_but_not_said_twice(tmp_path: Path) -> None:
    for file, other in (("a.yaml", "b"), ("b.yaml", "c"), ("c.yaml", "b")):
        text = f"version: 1\nrelations: [{{from: public.a.x, to: public.{other}.id}}]\n"
        (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(RulesInvalid) as caught:
        load_rules(tmp_path)
    assert [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems] == [
        "c.yaml:2:13: the relation of public.a.x is already written at a.yaml:2:13; remove one of the two"
    ]
    (tmp_path / "c.yaml").unlink()
    assert len(load_rules(tmp_path).relations) == 2
