"""`when` and `otherwise` through the command line: what is planned, told, refused and copied."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.acceptance.project import Project

pytestmark = pytest.mark.one_major
_RULES = """version: 1
tables:
  public.person:
    id: {keep: a surrogate key}
    email: {mask: email, when: "%s", otherwise: {keep: they publish theirs}}
    full_name: {mask: full_name, when: "note IS NULL", otherwise: redact}
    note: {keep: says nothing}
  public.visit:
    id: {keep: a surrogate key}
    email: {mask: email, when: person_id % 2 = 0 OR person_id > 10, otherwise: {keep: they publish theirs}}
    seen_at: {keep: says when and not who}
"""
_WHEN = "id % 2 = 0 OR id > 10"


def write_rules(people: Project, when: str = _WHEN) -> None:
    people.rules.write_text(_RULES.replace("%s", when), encoding="utf-8")


def run_rules(people: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbtool", "rules", *arguments],
        cwd=people.folder,
        env=people.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_row_is_copied_as_its_decision_says(people: Project) -> None:
    write_rules(people)
    done = people.refresh("--format", "json")
    assert done.code == 0, done.messages
    originals = people.query(people.source, "SELECT id, email, full_name, note FROM person ORDER BY id")
    copies = people.query(people.target, "SELECT id, email, full_name, note FROM person ORDER BY id")
    assert len(copies) == len(originals) > 30
    for (number, email, full_name, note), copy in zip(originals, copies, strict=True):
        is_masked = number % 2 == 0 or number > 10
        assert (copy[1] != email) is is_masked
        if note is None:
            assert copy[2] not in {full_name, "Xxxxxxxxxxxx Xx00"}
        else:
            assert copy[2].startswith("Xxxxxxxxxxxx Xx")
    (person,) = (table for table in done.document["tables"] if table["name"] == "public.person")
    assert person["masked_columns"] == ["email", "full_name"]
    assert person["kept_in_part"] == ["email"]
    assert any(
        line.startswith("public.person.email: originals of its masked rows")
        for line in done.document["verification"]["not_checked"]
    )


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("idd > 3", 'rules.yaml:5:33: column "idd" does not exist'),
        ("id", "rules.yaml:5:33: argument of WHERE must be type boolean, not type integer"),
        ("id > 3) OR (true", 'rules.yaml:5:39: syntax error at or near ")"'),
        ("true; DELETE FROM person", "rules.yaml:5:33: cannot insert multiple commands"),
    ],
)
def test_a_condition_that_the_source_cannot_read_stops_the_run_and_the_check(
    people: Project, when: str, told: str
) -> None:
    write_rules(people, when)
    assert told in people.refuse(2).last_message
    checked = run_rules(people, "check", "production")
    assert checked.returncode == 2
    assert told in checked.stderr
    assert people.query(people.source, "SELECT count(*) > 30 FROM person") == [(True,)]


def test_what_another_column_masks_may_not_stand_in_kept_rows(people: Project) -> None:
    write_rules(people)
    text = people.rules.read_text()
    people.rules.write_text(
        text.replace("when: person_id % 2 = 0 OR person_id > 10, otherwise", "when: 'true', otherwise")
    )
    done = people.refresh()
    assert done.code == 1
    assert "public.person.email: 5 distinct originals of masked columns stand here" in done.messages


def test_half_a_choice_is_refused_with_what_is_missing(people: Project) -> None:
    write_rules(people)
    text = people.rules.read_text()
    people.rules.write_text(
        text.replace(", otherwise: redact", "").replace('when: "note IS NULL"', "by: id, when: 1")
    )
    assert (
        "rules.yaml:6:42: full_name of public.person has when and no otherwise; write what becomes of all"
        in (people.refuse(2).last_message)
    )


def test_two_masks_that_could_meet_under_a_unique_index_are_refused(people: Project) -> None:
    write_rules(people)
    text = people.rules.read_text()
    people.rules.write_text(text.replace("{mask: email, when", "{mask: permute_format, when"))
    done = people.refuse(1)
    assert "email is masked by permute_format or kept by its condition, which may give two" in done.messages
    assert "decide all its rows alike, or use these in both cases: mask: email" in done.messages


def test_the_plan_and_the_explanation_show_both(people: Project) -> None:
    write_rules(people)
    planned = people.refresh("--plan")
    assert planned.code == 0, planned.messages
    assert "email (email or keep), full_name (full_name or redact)" in " ".join(planned.output.split())
    (person,) = (
        table
        for table in people.refresh("--plan", "--format", "json").document["tables"]
        if table["name"] == "public.person"
    )
    assert person["masked_columns"][0] == {
        "name": "email",
        "mask": "email",
        "domain": "email",
        "otherwise": "keep",
    }
    shown = run_rules(people, "explain", "production", "public.person.email").stdout.splitlines()
    assert shown[1:6] == [
        f"  where {_WHEN}",
        "    masked by email",
        "  otherwise, and where that is NULL",
        "    kept: they publish theirs",
        "  written at rules.yaml:5:12",
    ]
    assert "  where it is true: promise: unique: collision-free in practice; overlap: disjoint" in shown[6]
    document = json.loads(
        run_rules(people, "explain", "production", "public.person.full_name", "--format", "json").stdout
    )
    (column,) = document["columns"]
    assert (column["mask"], column["when"], column["otherwise"]["mask"]) == (
        "full_name",
        "note IS NULL",
        "redact",
    )
    assert column["promise"]["unique"] == column["promise_otherwise"]["unique"] == "lossy"


def test_what_is_kept_in_some_rows_is_accepted_like_what_is_kept_in_all(people: Project) -> None:
    write_rules(people)
    done = run_rules(people, "accept", "production")
    assert done.returncode == 0, done.stderr
    lock = (people.folder / "dbtool.lock").read_text()
    assert "public.person.email  text  key\n" in lock
    assert "full_name" not in lock
    people.execute(people.source, "ALTER TABLE person ALTER email TYPE varchar(80)")
    assert "public.person.email is kept, and was accepted as text" in people.refuse(4).messages
