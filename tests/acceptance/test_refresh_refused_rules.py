"""Rules that leave something open, or cannot be kept: what is wrong, where, and what to write instead."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.acceptance.project import Project


def add_rule(project: Project, old: str, new: str) -> None:
    text = project.rules.read_text(encoding="utf-8")
    assert old in text
    project.rules.write_text(text.replace(old, new), encoding="utf-8")


def test_an_undecided_column_stops_the_run(people: Project) -> None:
    people.execute(people.source, "ALTER TABLE person ADD birthday date, ADD shoe_size int")
    document = people.refuse(1, "--format", "json").document
    assert document["status"] == "refused"
    undecided = [one["where"] for one in document["findings"] if one["check"] == "column-not-covered"]
    assert undecided == ["public.person.birthday", "public.person.shoe_size"]


def test_the_yaml_it_gives_decides_the_columns_once_it_is_pasted_with_reasons(people: Project) -> None:
    people.execute(people.source, 'CREATE TABLE "Odd Names: all" (id int, "e-mail" text, "a""b" varchar(30))')
    people.execute(people.source, 'CREATE SCHEMA "Other"; CREATE TABLE "Other"."on" ("yes" int, "#" int)')
    done = people.refuse(1)
    assert "5 columns are decided by no rule, so nothing may be copied" in done.messages
    assert "must be settled first; nothing was copied and staging is as it was" in done.last_message
    yaml = done.messages[done.messages.index("tables:\n") : done.messages.index("dbtool: ")]
    assert yaml.count('{keep: ""}') == 5
    pasted = yaml.replace('{keep: ""}', "{keep: decided by a person}")
    (people.folder / "more.yaml").write_text(f"version: 1\n{pasted}", encoding="utf-8")
    add_rule(people, "version: 1\n", "version: 1\ninclude: [more.yaml]\n")
    done = people.refresh("--plan")
    assert done.code == 0, done.messages


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("    id: {keep", "\tid: {keep", r"rules.yaml:\d+:\d+: "),
        ("version: 1", "version: 1\nversion: 1", r"rules.yaml:2:1: duplicate key version"),
        ("{mask: full_name}", "{mask: ful_name}", r"rules.yaml:6:23: unknown mask ful_name.*full_name"),
        ("{keep: says nothing}", "{keep: }", r"rules.yaml:7:\d+: .*keep needs a reason"),
        (
            "{mask: full_name}",
            '{mask: full_name, when: "id > 3"}',
            r"rules.yaml:6:34: full_name of public.person has when and no otherwise",
        ),
        ("tables:", "subset: {roots: []}\ntables:", r"rules.yaml:2:17: roots names no rows to begin with"),
        ("tables:", "profiles: {dev: {}}\ntables:", r"rules.yaml:2:17: profile dev changes nothing"),
        (
            "{mask: email}",
            "{mask: email, domane: x}",
            r"rules.yaml:5:26: unknown key domane in the options of mask email; did you mean domain",
        ),
    ],
)
def test_every_mistake_in_a_rule_file_is_named_with_its_place(
    people: Project, old: str, new: str, problem: str
) -> None:
    add_rule(people, old, new)
    done = people.refuse(2)
    assert re.search(problem, done.last_message)


def test_all_mistakes_are_named_at_once(people: Project) -> None:
    add_rule(people, "{mask: email}", "{mask: emial}")
    add_rule(people, "{mask: full_name}", "{mask: ful_name}")
    message = people.refuse(2).last_message
    assert "emial" in message
    assert "ful_name" in message


def test_refuses_a_rules_folder_without_rules(people: Project) -> None:
    people.rules.unlink()
    assert "rules.yaml" in people.refuse(2).last_message


def test_refuses_a_mask_whose_values_would_not_fit(people: Project) -> None:
    people.execute(people.source, "ALTER TABLE visit DROP email, ADD email varchar(10)")
    done = people.refuse(1)
    assert re.search(
        r"error: public\.visit\.email: mask email at rules\.yaml:\d+:\d+ does not fit: ", done.messages
    )
    assert "10" in done.messages


def test_refuses_a_mask_that_could_break_a_unique_index(people: Project) -> None:
    add_rule(people, "email: {mask: email}\n    full_name", "email: {mask: first_name}\n    full_name")
    done = people.refuse(1)
    assert "unique index person_email_key would not hold" in done.messages
    assert re.search(r"use (mask: \w+, )*mask: email\b", done.messages)


def test_refuses_a_rule_that_contradicts_the_key_it_refers_to(people: Project) -> None:
    add_rule(people, "    seen_at", "    person_id: {mask: permute_integer}\n    seen_at")
    done = people.refuse(1)
    assert "rows would no longer find each other" in done.messages


def test_warns_of_a_rule_that_names_nothing_and_goes_on(people: Project) -> None:
    extra = textwrap.dedent("""\
      public.persons:
        id: {keep: a table that a later release adds}
    """)
    add_rule(people, "tables:\n", "tables:\n" + textwrap.indent(textwrap.dedent(extra), "  "))
    done = people.refresh("--plan")
    assert done.code == 0, done.messages
    assert "public.persons" in done.messages + done.output
    assert "public.person" in done.messages + done.output
