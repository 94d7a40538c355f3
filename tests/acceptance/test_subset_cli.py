"""Subsets that cannot be, and runs that end while rows are chosen: what is said, the exit code, and that nothing was touched."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest

from tests.acceptance.conftest import PEOPLE, PEOPLE_RULES
from tests.acceptance.project import Done, Project, wait_until

pytestmark = pytest.mark.one_major

_REMARKS = """
CREATE TABLE remark (
    id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person, about_type text NOT NULL, about_id integer NOT NULL
);
INSERT INTO remark SELECT i, i, CASE WHEN i = 9 THEN 'photo' ELSE 'visit' END, i FROM generate_series(1, 20) i;
ANALYZE
"""
_RULES = f"""{PEOPLE_RULES}  public.remark:
    id: {{keep: a number}}
    about_type: {{keep: a table}}
relations: [{{from: public.remark.about_id, by: {{public.remark.about_type: {{visit: public.visit.id}}}}}}]
"""
_LINE = _RULES.count("\n") + 1  # of the rule file, where the subset is


@pytest.fixture
def remarked(people: Project) -> Project:
    """People, their visits, and remarks on visits, one of which is on what nobody has heard of."""
    people.execute(people.source, _REMARKS)
    return people


def choose(project: Project, subset: str) -> None:
    project.rules.write_text(f"{_RULES}subset: {subset}\n", encoding="utf-8")


def refuse(project: Project, code: int) -> Done:
    """Neither a plan nor a run leaves anything behind, or takes anything away, at either end."""
    before = project.describe_source()
    project.refuse(code, "--plan")
    done = project.refuse(code)
    assert project.describe_source() == before
    return done


def told(done: Done) -> str:
    """All that was said, in one line."""
    return re.sub(r"\s+", " ", done.messages)


@pytest.mark.parametrize(
    ("subset", "said"),
    [
        (
            '{roots: [{table: public.person, where: "id > 10000"}]}',
            r"error: rules\.yaml:\d+:18: the root public\.person, where … selects no row \[subset-root-empty\]",
        ),
        (
            "{roots: [{table: public.person, ids: [10000]}]}",
            r"the root 1 id of public\.person selects no row \[subset-root-empty\]",
        ),
        (
            "{roots: [{table: public.persons, percent: 5}]}",
            r"there is no table public\.persons in this database; did you mean public\.person\?",
        ),
        (
            "{roots: [{table: public.person, percent: 5}], referencing: {edges: {public.visit.persn_id: none}}}",
            r"\[subset-unknown-(edge|column)\]",
        ),
        (
            "{roots: [{table: public.person, percent: 5}], referencing: {edges: {public.visit.id: none}}}",
            r"\[subset-unknown-edge\]",
        ),
        (
            "{roots: [{table: public.person, percent: 100}]}",
            r"error: public\.remark\.about_id: 1 chosen row of public\.remark refer.* by about_type .*\[subset-type-unmapped\]",
        ),
        (
            "{roots: [{table: public.visit, percent: 100}], tables: {public.person: empty}}",
            r"public\.visit\.person_id is NOT NULL, so every row .*\[subset-contradiction\]",
        ),
        (
            "{roots: [{table: public.person, ids: [1]}], tables: {public.visit: empty}}",
            r"chosen rows refer to 1 row of public\.visit, which subset\.tables leaves out \[subset-contradiction\]",
        ),
        (
            "{roots: [{table: public.person, ids: [[1, 2]]}]}",
            r"the key of public\.person is \(id\), .*\[subset-wrong-id\]",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_named(remarked: Project, subset: str, said: str) -> None:
    choose(remarked, subset)
    assert re.search(said, told(refuse(remarked, 1)))


@pytest.mark.parametrize(
    ("subset", "at", "said"),
    [
        ('{roots: [{table: public.person, where: "id <"}]}', '<"}', "syntax error at end of input"),
        (
            "{roots: [{table: public.person, where: \"ide = 3 AND note = 'Originalname'\"}]}",
            "ide",
            'column "ide" does not exist',
        ),
        ('{roots: [{table: public.person, where: "id"}]}', 'id"', "argument of WHERE must be type boolean"),
        (
            '{roots: [{table: public.person, where: "true) OR (true"}]}',
            ") OR",
            'syntax error at or near "\\)"',
        ),
        (
            '{roots: [{table: public.person, where: "true; DROP TABLE visit"}]}',
            "true;",
            "cannot insert multiple commands",
        ),
        ('{roots: [{table: public.person, where: "id = $1"}]}', "id =", "no parameters such as \\$1"),
        (
            (
                "{roots: [{table: public.person, ids: [1]}], tables: {public.visit: empty}, "
                "referencing: {edges: {public.visit.person_id: {max_per_row: 1}}}}"
            ),
            "public.visit.person_id",
            "public.visit is to be empty .* so max_per_row could never hold",
        ),
        ("{roots: [{table: public.person, percent: 101}]}", "101", "percent"),
        ("{roots: [{table: public.person, percent: 0}]}", "0}", "percent"),
        ("{roots: [{table: public.person, percent: five}]}", "five", "percent"),
        ("{roots: [{table: public.person, ids: []}]}", "[]", "ids"),
        ("{roots: [{table: public.person, pct: 5}]}", "pct", "unknown key pct"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    remarked: Project, subset: str, at: str, said: str
) -> None:
    choose(remarked, subset)
    column = f"subset: {subset}".index(at) + 1
    assert re.search(rf"rules\.yaml:{_LINE}:{column}: .*{said}", told(remarked.refuse(2)))


def test_an_id_of_another_type_is_refused_without_being_told(remarked: Project) -> None:
    remarked.private |= {"Originalname No7"}
    choose(remarked, '{roots: [{table: public.person, ids: ["Originalname No7"]}]}')
    done = remarked.refuse(2)
    assert f"rules.yaml:{_LINE}:" in done.messages


def test_a_condition_that_fails_on_a_row_is_refused_without_the_row(remarked: Project) -> None:
    """The server's own words would quote the name that is no number."""
    choose(remarked, '{roots: [{table: public.person, where: "full_name::int > 3"}]}')
    done = remarked.refuse(3)
    assert "public.person" in done.last_message


def test_a_refusal_is_told_to_programs_with_every_finding(remarked: Project) -> None:
    choose(remarked, "{roots: [{table: public.person, percent: 100}, {table: public.visit, ids: [10000]}]}")
    for options in ((), ("--plan",)):
        document = remarked.refuse(1, *options, "--format", "json").document
        assert document["status"] == "refused"
        errors = {one["check"] for one in document["findings"] if one["severity"] == "error"}
        assert errors == {"subset-root-empty", "subset-type-unmapped"}


def test_a_plan_writes_nothing_at_either_end_and_its_shares_add_up(remarked: Project) -> None:
    choose(
        remarked,
        '{roots: [{table: public.person, where: "id > 15"}], referencing: {edges: {public.visit.person_id: none}}}',
    )
    assert remarked.refresh("-q").code == 0
    manifests, ends, rows = remarked.manifests, remarked.describe_ends(), remarked.describe_source()
    for options in ((), ("-v",), ("--format", "json")):
        done = remarked.refresh("--plan", *options)
        assert done.code == 0, done.messages
    assert (remarked.manifests, remarked.describe_ends(), remarked.describe_source()) == (
        manifests,
        ends,
        rows,
    )
    assert_adds_up(done.document)
    assert counts(done.document) == {
        name: remarked.query(remarked.target, f"SELECT count(*) FROM {name}")[0][0]
        for name in ("public.person", "public.visit", "public.remark")
    }
    assert counts(done.document) == {
        "public.person": PEOPLE - 15,
        "public.visit": 5,
        "public.remark": 5,
    }


def counts(document: dict[str, Any]) -> dict[str, int]:
    return {table["name"]: table["rows"] for table in document["subset"]["tables"]}


def assert_adds_up(document: dict[str, Any]) -> None:
    subset = document["subset"]
    for table in subset["tables"]:
        assert sum(share["rows"] for share in table["why"]) == table["rows"]
        assert table["rows"] <= table["of_rows_estimated"]
    brought = sum(edge["rows"] for edge in subset["edges"]) + sum(root["rows"] for root in subset["roots"])
    assert brought == sum(counts(document).values())


_DAWDLING = """
CREATE FUNCTION public.dawdle(id integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN PERFORM pg_catalog.pg_sleep(600); RETURN true; END $$
"""
_ASLEEP = "{roots: [{table: public.person, where: public.dawdle(id)}]}"


def is_choosing(project: Project) -> bool:
    return bool(project.query(project.source, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))


def sessions(project: Project) -> list[Any]:
    query = (
        "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'dbtool%' "
        f"AND datname IN ('{project.source.rsplit('/', 1)[1]}', '{project.target_name}')"
    )
    return project.query(project.source, query)


@pytest.mark.parametrize("options", [(), ("--plan",)], ids=["run", "plan"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_rows_are_chosen_ends_the_question_too(
    remarked: Project, number: signal.Signals, options: tuple[str, ...]
) -> None:
    remarked.execute(remarked.source, _DAWDLING)
    choose(remarked, _ASLEEP)
    before = remarked.describe_ends()
    with remarked.start(*options) as running:
        wait_until(lambda: is_choosing(remarked) or running.process.poll() is not None, "rows are chosen")
        running.process.send_signal(number)
        done = running.finish()
    assert done.code == 128 + number, done.messages
    assert remarked.describe_ends() == before
    wait_until(lambda: not sessions(remarked) and not is_choosing(remarked), "all sessions are gone", 5)


@pytest.mark.parametrize("options", [(), ("--plan",)], ids=["run", "plan"])
def test_rows_are_not_chosen_for_longer_than_a_run_may_take(
    remarked: Project, options: tuple[str, ...]
) -> None:
    remarked.execute(remarked.source, _DAWDLING)
    choose(remarked, _ASLEEP)
    done = remarked.refuse(3, "--max-duration", "4s", *options)
    assert "took longer than --max-duration (4 s)" in done.last_message
    wait_until(lambda: not sessions(remarked) and not is_choosing(remarked), "all sessions are gone", 5)
