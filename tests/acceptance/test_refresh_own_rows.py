"""What is told of rows that staging keeps, and of a copy that there is no room for."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from tests.acceptance.conftest import PEOPLE_RULES
from tests.acceptance.project import Project, wait_until

_VISIT_RULES = """\
  public.visit:
    id: {keep: a surrogate key}
    email: {mask: email}
    seen_at: {keep: says when and not who}
"""


def _keep_visits(people: Project) -> None:
    people.configure(staging='preserve = ["public.visit"]')
    people.rules.write_text(PEOPLE_RULES.replace(_VISIT_RULES, ""), encoding="utf-8")


def test_the_summary_the_json_and_the_plan_tell_what_was_kept(people: Project) -> None:
    """The table needs no rule, since no row of production's is read."""
    _keep_visits(people)
    assert people.refresh().code == 0
    people.execute(
        people.target,
        "INSERT INTO visit (person_id, email, seen_at) SELECT id, 'own', now() FROM person WHERE id < 8",
    )
    plan = people.refresh("--plan")
    assert "the rows that staging has of public.visit stay" in plan.output
    assert people.refresh("--plan", "--format", "json").document["preserved"] == ["public.visit"]
    done = people.refresh()
    assert done.code == 0, done.messages
    assert "7 rows of 1 table preserved, as staging had them" in done.output
    assert "- (kept, as staging had it)" in done.output
    assert (
        "7 rows of 1 preserved tables compared with the live database's, by count and content" in done.output
    )
    assert "preserve\n  public.visit: 7 rows" in done.messages
    document = people.refresh("--format", "json").document
    (table,) = document["preserved"]
    assert (table["name"], table["rows"], table["made_as"]) == ("public.visit", 7, "source")
    assert "preserve" in document["stages"]
    assert [one["name"] for one in document["tables"]] == ["public.person"]
    assert people.query(people.target, "SELECT count(*) FROM visit WHERE email = 'own'") == [(7,)]


def test_references_that_lead_nowhere_are_told_with_the_ways_out(people: Project) -> None:
    _keep_visits(people)
    assert people.refresh().code == 0
    people.execute(
        people.target,
        "INSERT INTO person (email, full_name) VALUES ('own@example.com', 'Own');"
        "INSERT INTO visit (person_id, seen_at) SELECT max(id), now() FROM person",
    )
    before = people.databases()
    done = people.refresh("--format", "json")
    assert done.code == 1
    (finding,) = [one for one in done.document["findings"] if one["severity"] == "error"]
    assert finding["check"] == "preserve-orphans"
    assert finding["message"].startswith(
        "1 kept row refers by visit_person_id_fkey (person_id) to public.person"
    )
    assert people.databases() == before
    assert people.query(people.target, "SELECT count(*) FROM visit") == [(1,)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_ended_while_it_waits_to_hold_the_rows_leaves_nobody_waiting(
    people: Project, number: signal.Signals, code: int
) -> None:
    _keep_visits(people)
    assert people.refresh().code == 0
    before = people.databases()
    with psycopg.connect(people.target) as writer:
        writer.execute("INSERT INTO visit (person_id, seen_at) VALUES (1, now())")
        with people.start() as running:
            wait_until(lambda: people.has_waiting("LOCK TABLE%"), "the run waits to hold the rows")
            os.kill(running.pid, number)
            done = running.finish()
        assert done.code == code, done.messages
        writer.execute("SET lock_timeout = '2s'")
        writer.execute("INSERT INTO visit (person_id, seen_at) VALUES (2, now())")
    assert people.databases() == before
    assert people.query(people.target, "SELECT count(*) FROM visit") == [(2,)]


def test_refuses_a_copy_that_there_is_no_room_for(people: Project) -> None:
    people.configure(staging='disk_limit = "1MB"')
    done = people.refuse(3)
    assert "0 MB are left of the 1 MB that dbtool.toml gives staging (disk_limit)" in done.messages
    people.configure(staging='disk_limit = "100TB"')
    assert people.refresh().code == 0
    people.configure(staging='disk_limit = "much"')
    assert "write a size as 500MB, 200GB or 1TB" in people.refresh().last_message
