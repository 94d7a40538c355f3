"""`dbtool rules accept`, and what dbtool.lock stops, as processes of their own: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.acceptance.project import Done, Project

pytestmark = pytest.mark.one_major

_LINES = [
    "public.person.id  integer  key",
    "public.person.note  text",
    "public.visit.id  integer  key",
    "public.visit.person_id  integer",
    "public.visit.seen_at  timestamp with time zone",
]


def rules(project: Project, *arguments: str) -> Done:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "dbtool", "rules", *arguments],
        cwd=project.folder,
        env={**inherited, **project.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def lines_of(project: Project) -> list[str]:
    text = (project.folder / "dbtool.lock").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith(("#", "version"))]


@pytest.fixture
def accepted(people: Project) -> Project:
    done = rules(people, "accept", "production")
    assert done.code == 0, done.messages
    return people


def test_accepting_says_what_it_added_and_needs_no_key(people: Project) -> None:
    del people.environ["DBTOOL_MASK_KEY"]
    done = rules(people, "accept", "production")
    assert done.code == 0, done.messages
    assert done.output.splitlines() == [
        *(f"+ {line}" for line in _LINES),
        "dbtool.lock has 5 lines now: 5 added, 0 removed; have its diff reviewed with the rules",
    ]
    assert lines_of(people) == _LINES
    again = rules(people, "accept", "production")
    assert again.output == "dbtool.lock has all of it: 5 lines, none added or removed\n"


def test_a_kept_column_that_has_changed_ends_with_4_until_it_is_accepted(accepted: Project) -> None:
    assert accepted.refresh("--plan").code == 0
    accepted.execute(accepted.source, "ALTER TABLE visit ALTER seen_at TYPE text")
    told = (
        "public.visit.seen_at is kept, and was accepted as timestamp with time zone, part of no key (dbtool.lock:8:1); it is "
        "text, part of no key now"
    )
    refused = accepted.refuse(4)
    assert told in refused.messages
    assert "dbtool rules accept production" in refused.messages
    assert refused.last_message.endswith(
        "must be settled first; nothing was copied and staging is as it was."
    )
    checked = rules(accepted, "check", "production")
    assert (checked.code, told in checked.output) == (4, True)
    document = json.loads(rules(accepted, "check", "production", "--format", "json").output)
    assert [one["check"] for one in document["findings"] if one["severity"] == "error"] == [
        "kept-column-changed"
    ]
    accepting = rules(accepted, "accept", "production")
    assert accepting.output.splitlines()[:2] == [
        "+ public.visit.seen_at  text",
        "  public.visit.seen_at  timestamp with time zone   accepted before, and still is",
    ]
    assert rules(accepted, "check", "production").code == 0
    assert accepted.refresh("--plan").code == 0


def test_the_json_of_a_refresh_that_stops_says_so(accepted: Project) -> None:
    accepted.execute(accepted.source, "CREATE UNIQUE INDEX ON person (note) WHERE id < 2")
    document = accepted.refuse(4, "--format", "json").document
    assert (document["status"], document["error"]["exit_code"]) == ("refused", 4)
    (error,) = (one for one in document["findings"] if one["severity"] == "error")
    assert (error["check"], error["where"]) == ("kept-column-changed", "public.person.note")


def test_a_column_that_is_undecided_as_well_ends_with_1(accepted: Project) -> None:
    accepted.execute(
        accepted.source, "ALTER TABLE visit ALTER seen_at TYPE text; ALTER TABLE visit ADD room text"
    )
    assert rules(accepted, "check", "production").code == 1
    assert accepted.refuse(1).messages.count("error: ") == 2


def test_nothing_is_accepted_where_the_rules_leave_a_column_undecided(people: Project) -> None:
    people.execute(people.source, "ALTER TABLE visit ADD room text")
    done = rules(people, "accept", "production", "--format", "json")
    assert done.code == 1
    document = json.loads(done.output)
    assert (document["command"], document["status"]) == ("rules accept", "refused")
    assert [one["where"] for one in document["findings"]] == ["public.visit.room"]
    assert not (people.folder / "dbtool.lock").exists()
    text = rules(people, "accept", "production")
    assert "decided by no rule" in text.messages
    assert "dbtool.lock is as it was" in text.last_message


def test_a_kept_column_without_a_line_stops_with_the_line(accepted: Project) -> None:
    accepted.execute(accepted.source, "ALTER TABLE visit ADD room text")
    rules_file = accepted.rules.read_text(encoding="utf-8")
    accepted.rules.write_text(rules_file + "    room: {keep: a number on a door}\n", encoding="utf-8")
    refused = accepted.refuse(4)
    assert "\n    public.visit.room  text\n" in refused.messages
    lock = accepted.folder / "dbtool.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "public.visit.room  text\n", encoding="utf-8")
    assert rules(accepted, "check", "production").code == 0


def test_lines_of_what_is_gone_are_told_where_that_is_asked_and_pruned(accepted: Project) -> None:
    accepted.execute(accepted.source, "ALTER TABLE person DROP note")
    rules_file = accepted.rules.read_text(encoding="utf-8")
    accepted.rules.write_text(rules_file.replace("    note: {keep: says nothing}\n", ""), encoding="utf-8")
    assert "lock-names-nothing" not in rules(accepted, "check", "production").output
    strict = rules(accepted, "check", "production", "--strict")
    assert strict.code == 0
    assert "warning: dbtool.lock:5:1: no column public.person.note is kept in this database" in strict.output
    pruned = json.loads(rules(accepted, "accept", "production", "--prune", "--format", "json").output)
    assert pruned["removed"] == [{"column": "public.person.note", "type": "text", "key": False}]
    assert lines_of(accepted) == [line for line in _LINES if "note" not in line]


def test_a_broken_lock_ends_with_2_and_its_place(accepted: Project) -> None:
    (accepted.folder / "dbtool.lock").write_text("version: 1\npublic.person.id bigint\n", encoding="utf-8")
    for command in ("check", "accept"):
        done = rules(accepted, command, "production")
        assert done.code == 2
        assert "dbtool.lock:2:1: a line is a column, its type, and key where it is one" in done.messages
    assert accepted.refuse(2).last_message.startswith("dbtool: 1 problem in the rules")


def test_a_server_that_is_not_there_ends_with_3(people: Project) -> None:
    people.environ["PRODUCTION_URL"] = "postgresql://app:hunter2@127.0.0.1:1/shop"
    done = rules(people, "accept", "production")
    assert done.code == 3
    assert "hunter2" not in done.output + done.messages


def test_the_schema_is_printed_without_a_project(people: Project) -> None:
    people.configuration.unlink()
    done = rules(people, "schema")
    assert done.code == 0, done.messages
    assert "mask email" in json.loads(done.output)["$defs"]
