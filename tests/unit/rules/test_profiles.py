"""Profiles change the subset, and nothing else; they are chosen by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import RulesInvalid, UsageError
from dbtool.rules.loader import load_rules
from dbtool.rules.profiles import choose_subset
from dbtool.rules.subset_model import Follow, SubsetRules
from tests.unit.rules.reading import load

BASE = """subset:
  roots: [{table: public.tenants, percent: 5}, {table: public.users, ids: [1]}]
  referencing: {default: {max_per_row: 9}, edges: {public.a.x: none, public.b.x: none}}
  referenced: {public.c.x: nullify, public.d.x: nullify}
  tables: {public.countries: all, public.sessions: empty}
"""


def choose(folder: Path, own: str, base: str = BASE) -> SubsetRules:
    subset = choose_subset(load(folder, f"{base}profiles: {{dev: {{subset: {own}}}}}"), "dev")
    assert subset is not None
    return subset


def roots(subset: SubsetRules) -> list[str]:
    return [str(root.table) for root in subset.roots]


def edges(subset: SubsetRules) -> dict[str, int | None]:
    return {rule.relation.name: rule.follow.most for rule in subset.edges}


def policies(subset: SubsetRules) -> dict[str, str]:
    return {table.name: policy.policy for table, policy in subset.tables.items()}


def test_a_profile_that_says_little_has_the_rest_from_the_subset(tmp_path: Path) -> None:
    subset = choose(tmp_path, "{}")
    base = load(tmp_path, BASE).subset
    assert base is not None
    assert (subset.roots, subset.follow, subset.edges) == (base.roots, base.follow, base.edges)
    assert (subset.nullified, subset.tables) == (base.nullified, base.tables)
    assert subset.at.line == 7


def test_a_profiles_roots_replace_those_of_the_subset(tmp_path: Path) -> None:
    assert roots(choose(tmp_path, "{roots: [{table: public.teams, limit: 5}]}")) == ["public.teams"]


def test_a_profiles_default_replaces_that_of_the_subset(tmp_path: Path) -> None:
    subset = choose(tmp_path, "{referencing: {default: none}}")
    assert subset.follow == Follow(0)
    assert edges(subset) == {"a": 0, "b": 0}


def test_edges_referenced_and_tables_change_entry_by_entry(tmp_path: Path) -> None:
    own = """{referencing: {edges: {public.b.x: {max_per_row: 2}, public.e.x: all}},
  referenced: {public.d.x: pull, public.e.x: nullify}, tables: {public.countries: skip, public.f: all}}"""
    subset = choose(tmp_path, own)
    assert edges(subset) == {"a": 0, "b": 2, "e": None}
    assert [rule.relation.name for rule in subset.nullified] == ["c", "e"]
    assert policies(subset) == {"countries": "skip", "sessions": "empty", "f": "all"}


def test_columns_in_another_order_are_the_same_edge(tmp_path: Path) -> None:
    base = BASE.replace("public.b.x: none", "[public.b.x, public.b.y]: none")
    subset = choose(tmp_path, "{referencing: {edges: {[public.b.y, public.b.x]: {max_per_row: 2}}}}", base)
    assert edges(subset) == {"a": 0, "b": 2}


def test_a_table_that_a_profile_settles_needs_none_of_the_subsets_edges(tmp_path: Path) -> None:
    base = BASE.replace("public.b.x: none", "public.b.x: {max_per_row: 5}")
    subset = choose(tmp_path, "{tables: {public.b: empty}}", base)
    assert edges(subset) == {"a": 0}


def test_a_profile_needs_no_subset_beside_it(tmp_path: Path) -> None:
    rules = load(tmp_path, "profiles: {dev: {subset: {roots: [{table: public.teams, limit: 5}]}}}")
    assert choose_subset(rules, None) is None
    subset = choose_subset(rules, "dev")
    assert subset is not None
    assert roots(subset) == ["public.teams"]


def test_a_profile_may_copy_everything(tmp_path: Path) -> None:
    rules = load(tmp_path, f"{BASE}profiles: {{full: {{subset: everything}}}}")
    assert rules.profiles == {"full": None}
    assert choose_subset(rules, "full") is None


def test_without_a_profile_the_subset_is_as_it_stands(tmp_path: Path) -> None:
    rules = load(tmp_path, f"{BASE}profiles: {{full: {{subset: everything}}}}")
    assert choose_subset(rules, None) is rules.subset
    assert rules.subset is not None


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        (
            "{dev: {subset: everything}}",
            "the rules have no profile deb, so nothing was done; they have dev; did you mean dev?",
        ),
        (
            "{qa: {subset: everything}, ci: {subset: everything}}",
            "the rules have no profile deb, so nothing was done; they have ci, qa",
        ),
        ("{}", "the rules have no profile deb, so nothing was done; they have none"),
    ],
    ids=["alike", "unlike", "none"],
)
def test_an_unknown_profile_is_named_with_those_that_there_are(
    tmp_path: Path, profiles: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        choose_subset(load(tmp_path, f"profiles: {profiles}"), "deb")
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_profiles_may_be_spread_over_files_and_the_subset_may_not(tmp_path: Path) -> None:
    everything = "{subset: everything}"
    (tmp_path / "a.yaml").write_text(f"version: 1\n{BASE}profiles: {{dev: {everything}}}\n")
    (tmp_path / "b.yaml").write_text(f"version: 1\nprofiles: {{qa: {everything}}}\n")
    assert sorted(load_rules(tmp_path).profiles) == ["dev", "qa"]
    (tmp_path / "c.yaml").write_text(f"version: 1\nsubset: everything\nprofiles: {{qa: {everything}}}\n")
    with pytest.raises(RulesInvalid) as caught:
        load_rules(tmp_path)
    assert [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems] == [
        "c.yaml:2:1: subset is already written at a.yaml:2:1; write it in one place",
        "c.yaml:3:12: profile qa is already written at b.yaml:2:12; write it in one place",
    ]


def test_what_is_wrong_with_a_second_subset_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"version: 1\n{BASE}")
    (tmp_path / "b.yaml").write_text("version: 1\nsubset: {roots: []}\n")
    with pytest.raises(RulesInvalid) as caught:
        load_rules(tmp_path)
    assert len(caught.value.problems) == 2


def test_a_profile_in_another_file_changes_the_one_subset(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nprofiles: {dev: {subset: {tables: {public.t: all}}}}\n")
    (tmp_path / "b.yaml").write_text(f"version: 1\n{BASE}")
    subset = choose_subset(load_rules(tmp_path), "dev")
    assert subset is not None
    assert len(subset.roots) == 2
