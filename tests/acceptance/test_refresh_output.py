"""What people and programs see of a refresh: the summary, the JSON, the plan; and what nobody may see."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import PEOPLE
from tests.acceptance.project import Project, descendants_of, wait_until


def test_the_summary_tells_what_was_done(people: Project) -> None:
    done = people.refresh()
    assert done.code == 0, done.messages
    assert "staging is a masked copy of production as of 2" in done.output
    assert "0 orphans, 0 surviving values" in done.output
    assert f"{2 * PEOPLE} rows" in done.output
    (person,) = (line for line in done.output.splitlines() if line.startswith("public.person"))
    assert "email, full_name" in person
    assert [line for line in done.messages.splitlines() if line in {"preflight", "stream", "verify", "swap"}]


def test_a_quiet_run_that_succeeds_says_nothing(people: Project) -> None:
    done = people.refresh("-q")
    assert (done.code, done.output, done.messages) == (0, "", "")
    assert people.refresh("-q", "--format", "json").document["status"] == "ok"


def test_the_json_of_a_refresh_is_what_programs_were_promised(people: Project) -> None:
    done = people.refresh("--format", "json")
    document = done.document
    assert document["status"] == "ok"
    assert (document["source"], document["target"]) == ("production", "staging")
    assert set(document["snapshot"]) == {"lsn", "taken_at"}
    assert {table["name"]: table["rows"] for table in document["tables"]} == {
        "public.person": PEOPLE,
        "public.visit": PEOPLE,
    }
    (person,) = (table for table in document["tables"] if table["name"] == "public.person")
    assert set(person) == {"name", "rows", "bytes", "seconds", "masked_columns", "kept_in_part"}
    verification = document["verification"]
    assert (verification["orphans"], verification["surviving_values"]) == (0, 0)
    assert verification["checked"]
    for finding in document["findings"]:
        assert set(finding) == {"check", "severity", "where", "message", "remedy"}
    (manifest,) = people.manifests
    assert json.loads(manifest.read_text(encoding="utf-8")) == document


def test_the_refreshed_database_says_which_refresh_it_is(people: Project) -> None:
    document = people.refresh("--format", "json").document
    query = "SELECT made_at, source, key_id, manifest ->> 'made_at' FROM dbtool.refresh"
    assert people.query(people.target, query) == [
        (document["made_at"], "production", document["key_id"], document["made_at"])
    ]


def test_the_json_of_a_refusal_holds_its_findings(people: Project) -> None:
    people.execute(people.source, "ALTER TABLE person ADD birthday date")
    document = people.refuse(1, "--format", "json").document
    assert document["status"] == "refused"
    assert document["error"]["exit_code"] == 1
    assert any(one["check"] == "column-not-covered" for one in document["findings"])


def test_the_json_of_a_missing_consent_is_a_refusal(people: Project) -> None:
    people.execute(people.server_url, f"CREATE DATABASE {people.target_name}")
    people.execute(people.target, "CREATE TABLE precious (id int)")
    document = people.refuse(5, "--format", "json").document
    assert (document["status"], document["error"]["exit_code"]) == ("refused", 5)


def test_the_json_of_a_failure_says_so(people: Project) -> None:
    people.environ["STAGING_URL"] = "postgresql://nobody:the-password@127.0.0.1:1/shop"
    document = people.refuse(3, "--format", "json").document
    assert (document["status"], document["error"]["exit_code"]) == ("failed", 3)
    assert "staging: cannot connect" in document["error"]["message"]


def test_the_json_of_a_configuration_error_is_a_refusal(people: Project) -> None:
    people.configure(staging="colour = 1")
    document = people.refuse(2, "--format", "json").document
    assert (document["status"], document["error"]["exit_code"]) == ("refused", 2)


def test_a_failed_verification_names_the_column_and_no_value(people: Project) -> None:
    people.execute(people.source, "UPDATE person SET note = 'mail to ' || email WHERE id < 4")
    document = people.refuse(1, "--format", "json").document
    assert document["status"] == "failed"
    (finding,) = (one for one in document["findings"] if one["check"] == "surviving-value")
    assert finding["where"] == "public.person.note"
    assert "3 distinct originals" in finding["message"]


def test_a_plan_writes_nothing_at_either_end(people: Project) -> None:
    before = people.describe_ends(), people.describe_source()
    done = people.refresh("--plan")
    assert done.code == 0, done.messages
    assert "public.person" in done.output
    assert "email (email), full_name (full_name)" in " ".join(done.output.split())
    assert f"{people.target_name} does not exist yet and will be made" in done.output
    assert "nothing was written" in done.output
    assert (people.describe_ends(), people.describe_source()) == before
    assert not (people.folder / ".dbtool").exists()


def test_the_json_of_a_plan_says_what_would_be_masked(people: Project) -> None:
    document = people.refresh("--plan", "--format", "json").document
    assert document["status"] == "planned"
    (person,) = (table for table in document["tables"] if table["name"] == "public.person")
    assert [column["name"] for column in person["masked_columns"]] == ["email", "full_name"]


def test_the_source_is_never_written(people: Project) -> None:
    before = people.describe_source()
    assert people.refresh("-q").code == 0
    assert people.describe_source() == before


@pytest.mark.parametrize("options", [[], ["--format", "json"]], ids=["text", "json"])
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_has_gone_changes_nothing(people: Project, options: list[str], closed: str) -> None:
    """The refresh is done all the same, and its exit code says so."""
    reading, writing = os.pipe()
    os.close(reading)
    with contextlib.closing(os.fdopen(writing, "wb")) as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "dbtool", "refresh", "production", "staging", *options],
            cwd=people.folder,
            env=people.environment(),
            check=False,
            stdout=pipe if closed == "stdout" else subprocess.PIPE,
            stderr=pipe if closed == "stderr" else subprocess.PIPE,
        )
    assert done.returncode == 0
    assert b"BrokenPipe" not in (done.stderr or b"")
    assert people.query(people.target, "SELECT count(*) FROM person") == [(PEOPLE,)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="cannot run here: processes are looked for in /proc")
def test_no_argument_of_any_program_tells_a_secret(people: Project) -> None:
    # Dead rows make the relation large enough for psql; the driver reads small ones.
    people.execute(
        people.source, "DO $$ BEGIN FOR i IN 1..900 LOOP UPDATE person SET email = email; END LOOP; END $$"
    )
    seen: dict[int, list[str]] = {}
    with people.start() as running:
        wait_until(
            lambda: seen.update(descendants_of(running.pid)) or running.process.poll() is not None,
            "the run has ended",
        )
        assert running.finish().code == 0
    told = [" ".join(arguments) for arguments in seen.values()]
    for program in ("pg_dump", "pg_restore", "psql"):
        assert any(program in arguments for arguments in told), program
    port = people.source.rsplit(":", 1)[1].split("/")[0]
    for secret in (*people.secrets(), *people.private, port):
        assert not [arguments for arguments in told if secret in arguments]
