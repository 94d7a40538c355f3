"""What people and programs see of a subset: the plan, what is copied by it, the manifest, and profiles."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import PEOPLE, PEOPLE_RULES
from tests.acceptance.project import Project

pytestmark = pytest.mark.one_major

_SUBSET = """
subset: {roots: [{table: public.person, where: "id <= 12"}]}
profiles: {few: {subset: {roots: [{table: public.person, ids: [3, 4]}], tables: {public.visit: empty}}}}
"""


@pytest.fixture
def chosen(people: Project) -> Project:
    people.rules.write_text(PEOPLE_RULES + _SUBSET, encoding="utf-8")
    people.execute(people.source, "ANALYZE")
    return people


def test_a_plan_tells_the_rows_of_a_subset_and_why_they_are_in_it(chosen: Project) -> None:
    done = chosen.refresh("--plan")
    assert done.code == 0, done.messages
    lines = [line.rstrip() for line in done.output.splitlines()]
    assert lines[0].split() == ["table", "rows", "of", "size", "≈", "why"]
    assert {line.split("  ")[0]: line.rsplit("  ", 1)[1] for line in lines[1:3]} == {
        "public.person": "root where … (12)",
        "public.visit": "person_id → public.person (12)",
    }
    assert any(line.startswith(f"subset: 24 of about {2 * PEOPLE} rows") for line in lines)
    assert "keys" in done.messages.splitlines()


def test_what_is_planned_is_copied_and_kept_in_the_manifest(chosen: Project) -> None:
    planned = chosen.refresh("--plan", "--format", "json").document
    assert [(table["name"], table["rows"], table["rows_estimated"]) for table in planned["tables"]] == [
        ("public.person", 12, PEOPLE),
        ("public.visit", 12, PEOPLE),
    ]
    copied = chosen.refresh("--format", "json").document
    assert {table["name"]: table["rows"] for table in copied["tables"]} == {
        "public.person": 12,
        "public.visit": 12,
    }
    assert {**copied["subset"], "seconds": 0} == {**planned["subset"], "seconds": 0}
    (manifest,) = chosen.manifests
    assert json.loads(manifest.read_text(encoding="utf-8"))["subset"] == copied["subset"]


def test_a_result_names_its_profile_and_its_roots(chosen: Project) -> None:
    done = chosen.refresh("--profile", "few")
    assert done.code == 0, done.messages
    assert (
        f"subset few of 2 ids of public.person (2): 2 of about {2 * PEOPLE} rows" in done.output.splitlines()
    )
    assert chosen.query(chosen.target, "SELECT count(*) FROM visit") == [(0,)]


@pytest.mark.parametrize("option", ["--plan", "--yes"])
def test_a_profile_that_is_not_there_is_refused_before_anything_is_connected_to(
    option: str, chosen: Project
) -> None:
    chosen.environ["PRODUCTION_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    done = chosen.refuse(2, option, "--profile", "fev")
    assert "no profile fev" in done.last_message
    assert "few" in done.last_message
