"""The commands of migrate over a pipeline that answers at once: what goes where, and the exit codes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dbtool.cli.root import main
from dbtool.errors import CloneImpossible, EvidenceRefused
from dbtool.migrate import pipeline
from dbtool.migrate.result import EnvironmentStatus, Status
from tests.unit.report.rehearsals import EVIDENCE, FAILING, NOT_COVERED, PASSING
from tests.unit.report.test_migrate_places import APPLICATION, ENTRY, PRODUCTION, STATUS

TOML = """
[environments.production]
tier = "production"
[environments.staging]
tier = "staging"
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    (tmp_path / "dbtool.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dbtool.cli.root.outlive_readers", lambda: None)  # the streams are the test's
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(["migrate", *arguments])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, said.out, said.err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], list[tuple[Any, ...]]]:
    """The pipeline's function of that name answers so, or raises it; what it was asked is kept."""

    def answer(name: str, with_: Any) -> list[tuple[Any, ...]]:
        asked: list[tuple[Any, ...]] = []

        def function(*arguments: Any, **options: Any) -> Any:
            asked.append((*arguments, options) if options else arguments)
            if isinstance(with_, Exception):
                raise with_
            return with_

        monkeypatch.setattr(pipeline, name, function)
        return asked

    return answer


Answer = Callable[[str, Any], list[tuple[Any, ...]]]


def test_a_rehearsal_that_passes_ends_with_0_and_the_next_command(run: Run, answer: Answer) -> None:
    answer("rehearse", PASSING)
    said = run("rehearse", "--target", "production")
    assert said.code == 0
    assert said.out.startswith("PASS production: ")
    assert said.out.endswith(
        "dbtool migrate apply --target production --evidence .dbtool/evidence/r-20261123-073500-5f2c.json\n"
    )
    assert said.err == ""


def test_a_rehearsal_that_fails_ends_with_1_after_the_whole_report(run: Run, answer: Answer) -> None:
    answer("rehearse", FAILING)
    said = run("rehearse", "--target", "production")
    assert said.code == 1
    assert said.out.startswith("FAIL production: ")
    assert said.out.endswith("dbtool migrate rehearse --target production\n")
    assert said.err.startswith(
        "dbtool: the rehearsal for production fails: 3 errors. production was only read."
    )


@pytest.mark.parametrize(("rehearsal", "code"), [(PASSING, 0), (FAILING, 1)])
def test_programs_get_one_document_whatever_the_answer(
    run: Run, answer: Answer, rehearsal: Any, code: int
) -> None:
    answer("rehearse", rehearsal)
    said = run("rehearse", "--target", "production", "--format", "json")
    assert said.code == code
    assert json.loads(said.out)["verdict"] == rehearsal.verdict


def test_a_change_request_gets_markdown(run: Run, answer: Answer) -> None:
    answer("rehearse", FAILING)
    said = run("rehearse", "--target", "production", "--format", "markdown")
    assert said.code == 1
    assert said.out.startswith("## ❌ Migrations for production: fail\n")


def test_a_quiet_rehearsal_speaks_of_failures_alone(run: Run, answer: Answer) -> None:
    answer("rehearse", PASSING)
    assert run("rehearse", "--target", "production", "-q") == Said(0, "", "")
    answer("rehearse", FAILING)
    assert run("rehearse", "--target", "production", "-q").out.startswith("FAIL")


def test_the_path_of_evidence_is_spelt_from_here_and_the_configuration_repeated(
    run: Run, answer: Answer, tmp_path: Path
) -> None:
    (tmp_path / "my app").mkdir()
    (tmp_path / "dbtool.toml").rename(tmp_path / "my app" / "dbtool.toml")
    file = tmp_path / "my app" / ".dbtool" / "evidence" / "e.json"
    answer("rehearse", replace(PASSING, evidence=replace(EVIDENCE, file=file)))
    said = run("rehearse", "--target", "production", "--config", "my app/dbtool.toml")
    assert said.out.endswith("--evidence 'my app/.dbtool/evidence/e.json' --config 'my app/dbtool.toml'\n")


IMPOSSIBLE = CloneImpossible("no server can hold it; nothing was done", [NOT_COVERED])


def test_what_stops_a_rehearsal_is_told_with_its_findings(run: Run, answer: Answer) -> None:
    answer("rehearse", IMPOSSIBLE)
    said = run("rehearse", "--target", "production")
    assert (said.code, said.out) == (3, "")
    assert "[column-not-covered]" in said.err
    assert said.err.endswith("dbtool: no server can hold it; nothing was done\n")


def test_what_stops_a_rehearsal_is_told_to_programs_and_change_requests(run: Run, answer: Answer) -> None:
    answer("rehearse", IMPOSSIBLE)
    told = json.loads(run("rehearse", "--target", "production", "--format", "json").out)
    assert (told["status"], told["error"]["exit_code"], len(told["findings"])) == ("failed", 3, 1)
    comment = run("rehearse", "--target", "production", "--format", "markdown").out
    assert comment.startswith("## ❌ Migrations for production: not rehearsed\n")


def test_options_of_a_rehearsal_reach_the_pipeline(run: Run, answer: Answer) -> None:
    asked = answer("rehearse", PASSING)
    run("rehearse", "--target", "production", "--data", "schema", "--clone", "container", "--timeout", "2m")
    ((request,),) = asked
    assert (request.target.name, request.data, request.provider, request.timeout_s) == (
        "production",
        "schema",
        "container",
        120.0,
    )


def test_an_application_is_told(run: Run, answer: Answer) -> None:
    asked = answer("apply", APPLICATION)
    said = run("apply", "--target", "production", "--evidence", "e.json", "--wait", "0")
    assert said.code == 0
    assert said.out.startswith("production: 2 revisions applied in 5.2 s")
    ((request,),) = asked
    assert (request.wait_s, request.lock_timeout_ms, request.patience_s) == (0.0, 2000, 300.0)
    assert run("apply", "--target", "production", "-q") == Said(0, "", "")


def test_an_application_that_is_refused_is_told_to_programs(run: Run, answer: Answer) -> None:
    answer("apply", EvidenceRefused("the evidence is too old; nothing was done"))
    said = run("apply", "--target", "production", "--format", "json")
    told = json.loads(said.out)
    assert (said.code, told["status"], told["command"], told["target"]) == (
        5,
        "refused",
        "migrate apply",
        "production",
    )


def test_the_status_of_all_environments_is_no_failure_where_one_is_away(run: Run, answer: Answer) -> None:
    gone = EnvironmentStatus("staging", "staging", problem="cannot connect")
    asked = answer("status", replace(STATUS, environments=(PRODUCTION, gone)))
    said = run("status")
    assert said.code == 0
    assert "staging: cannot connect" in said.out
    assert [one.name for one in asked[0][0].targets] == ["production", "staging"]
    assert run("status", "--target", "staging").code == 3


@pytest.mark.parametrize(
    "status",
    [
        replace(STATUS, heads=("c41d", "dddd")),
        replace(STATUS, environments=(replace(PRODUCTION, unknown=("ffff",)),)),
        replace(STATUS, environments=(replace(PRODUCTION, edited=("1b7e",)),)),
    ],
)
def test_drift_ends_with_4_after_the_table(run: Run, answer: Answer, status: Status) -> None:
    answer("status", status)
    said = run("status")
    assert said.code == 4
    assert said.out.startswith("environment")
    assert said.err.startswith("dbtool: ")
    assert json.loads(run("status", "--format", "json").out)["status"] == "drift"


def test_a_new_revision_s_path_is_all_that_is_printed(run: Run, answer: Answer, tmp_path: Path) -> None:
    asked = answer("new", tmp_path / "migrations" / "a.py")
    assert run("new", "add currency") == Said(0, "migrations/a.py\n", "")
    assert asked[0][1:] == ("add currency", {"autogenerate": None, "merge": False})
    assert json.loads(run("new", "x", "--format", "json").out)["file"] == "migrations/a.py"
    run("new", "--merge")
    assert asked[2][1:] == ("merge heads", {"autogenerate": None, "merge": True})
    run("new", "x", "--autogenerate", "--target", "staging")
    assert asked[3][2]["autogenerate"].name == "staging"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new"], "Missing argument 'MESSAGE'"),
        (["new", "x", "--autogenerate"], "--autogenerate needs --target"),
        (["new", "x", "--target", "staging"], "--target is for --autogenerate"),
        (["new", "--merge", "--autogenerate", "--target", "staging"], "goes without --autogenerate"),
        (["rehearse"], "Missing option '--target'"),
        (["rehearse", "--target", "production", "--data", "raw"], "'raw' is not one of"),
        (["apply", "--target", "production", "--lock-timeout", "0"], "longer than nothing"),
        (["apply", "--target", "production", "--without-staging", " "], "--without-staging needs a reason"),
        (["apply", "--target", "production", "--format", "markdown"], "'markdown' is not one of"),
        (["history"], "Missing option '--target'"),
        (["accept", "8f2c", "--target", "production"], "Missing option '--reason'"),
        (["accept", "8f2c", "--target", "production", "--reason", ""], "--reason needs words"),
    ],
)
def test_contradictions_are_usage_errors(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


EVERY_COMMAND = [
    ("rehearse", "--target", "production"),
    ("apply", "--target", "production"),
    ("history", "--target", "production"),
    ("accept", "8f2c1a9b3d10", "--target", "production", "--reason", "r"),
    ("status", "--target", "production"),
    ("new", "m", "--autogenerate", "--target", "production"),
]


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: str(command[0]))
def test_every_command_refuses_an_environment_that_is_not_configured(
    run: Run, command: tuple[str, ...]
) -> None:
    done = run(*("prodution" if word == "production" else word for word in command))
    assert (done.code, done.out) == (2, "")
    assert "did you mean production?" in done.err


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: str(command[0]))
def test_every_refusal_is_one_document_for_programs(
    run: Run, command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "dbtool.toml").unlink()
    done = run(*command, "--format", "json")
    told = json.loads(done.out)
    assert (done.code, told["schema"], told["status"], told["error"]["exit_code"]) == (2, 1, "refused", 2)
    assert (told["command"], told["target"]) == (f"migrate {command[0]}", "production")


def test_a_ledger_is_shown(run: Run, answer: Answer) -> None:
    asked = answer("history", (ENTRY,))
    assert "2026-11-23 07:35:00 UTC" in run("history", "--target", "production").out
    assert asked[0][0].name == "production"
    told = json.loads(run("history", "--target", "production", "--format", "json").out)
    assert [one["event"] for one in told["entries"]] == ["finish"]


def test_what_is_accepted_goes_on_record(run: Run, answer: Answer) -> None:
    asked = answer("accept", ENTRY)
    said = run("accept", "8f2c", "--target", "production", "--reason", "a comment was mended")
    assert said.code == 0
    assert said.out.startswith("production: revision 8f2c1a9b3d10 may differ")
    _, target, revision, reason = asked[0]
    assert (target.name, revision, reason) == ("production", "8f2c", "a comment was mended")
