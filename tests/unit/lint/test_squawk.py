"""squawk is run once over the executed SQL, and whatever it prints is read with care."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dbtool.errors import ProgramFailed
from dbtool.findings import Severity
from dbtool.lint import squawk
from dbtool.lint.squawk import find_squawk, judge_all, judge_statements, parse_violations, run_squawk
from dbtool.locks.trace import RevisionTrace, StatementTrace

_NOT_NULL = "ALTER TABLE users ADD COLUMN age int NOT NULL"


def _revision(*statements: str, identity: str = "a1", **seen: tuple[str, ...]) -> RevisionTrace:
    traces = tuple(
        StatementTrace(number, sql, 0.001, line=10 + number, **seen if number == 1 else {})  # type: ignore[arg-type]
        for number, sql in enumerate(statements, start=1)
    )
    return RevisionTrace(identity, f"v/{identity}.py", "ok", 1.0, traces)


def test_a_finding_of_squawk_is_on_its_statement_and_line() -> None:
    found = judge_statements(_revision("SELECT 1", _NOT_NULL), major=18)
    assert list(found) == [2]
    by_check = {one.check: one for one in found[2]}
    required = by_check["squawk-adding-required-field"]
    assert (required.severity, required.where) == (Severity.WARNING, "v/a1.py:12")
    assert "NOT NULL" in required.message
    assert required.remedy


def test_all_revisions_are_judged_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def count(statements: list[str], major: int) -> str:
        calls.append(len(statements))
        return run_squawk(statements, major)

    monkeypatch.setattr(squawk, "run_squawk", count)
    found = judge_all([_revision(_NOT_NULL), _revision(_NOT_NULL, identity="b2")], major=18)
    assert calls == [2]
    assert all(
        "squawk-adding-required-field" in [one.check for one in found[each][1]] for each in ("a1", "b2")
    )


def test_no_process_runs_for_data_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "run_squawk", None)
    assert judge_statements(_revision("INSERT INTO t VALUES (%(a)s)", "DO $$ BEGIN END $$"), major=18) == {}


def test_a_statement_that_squawk_cannot_parse_does_not_silence_the_others() -> None:
    found = judge_statements(_revision("ALTER TABLE users NONSENSE", _NOT_NULL), major=18)
    assert "squawk-adding-required-field" in [one.check for one in found[2]]


def test_a_rule_is_told_once_for_a_statement() -> None:
    found = judge_statements(_revision("CREATE TABLE t (a timestamp, b timestamp)"), major=18)
    checks = [one.check for one in found[1]]
    assert "squawk-prefer-timestamp-tz" in checks
    assert len(checks) == len(set(checks))


def test_a_table_that_the_revision_made_is_left_alone() -> None:
    revision = _revision("CREATE TABLE users (id bigint)", _NOT_NULL, created=("public.users",))
    assert 2 not in judge_statements(revision, major=18)


def test_the_major_of_the_target_counts() -> None:
    sql = "ALTER TABLE users ADD COLUMN age int DEFAULT 1"
    old, new = (judge_statements(_revision(sql), major=major)[1] for major in (10, 18))
    assert "squawk-adding-field-with-default" in [one.check for one in old]
    assert "squawk-adding-field-with-default" not in [one.check for one in new]


def test_settings_of_the_folder_that_we_run_in_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["adding-required-field"]\n')
    monkeypatch.chdir(tmp_path)
    found = judge_statements(_revision(_NOT_NULL), major=18)
    assert "squawk-adding-required-field" in [one.check for one in found[1]]


def test_squawk_that_fails_is_a_failed_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "find_squawk", lambda: sys.executable)
    with pytest.raises(ProgramFailed):
        run_squawk([_NOT_NULL], 18)


def test_squawk_that_is_not_there_is_a_failed_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ProgramFailed, match="pip install squawk-cli"):
        find_squawk()


@pytest.mark.parametrize(
    "output", ["[", "{}", "[1]", '[{"file": "0.sql"}]', '[{"file": 1, "rule_name": "a", "message": "b"}]']
)
def test_output_of_another_shape_is_one_warning(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "run_squawk", lambda *_: output)
    ((found,),) = judge_statements(_revision(_NOT_NULL), major=18).values()
    assert (found.check, found.severity) == ("squawk-failed", Severity.WARNING)
    assert "squawk could not say what it found" in found.message


def test_help_may_be_missing() -> None:
    (violation,) = parse_violations(
        json.dumps([{"file": "/tmp/x/7.sql", "rule_name": "r", "message": "m", "help": None}])  # noqa: S108  no file is made
    )
    assert (violation.file, violation.rule, violation.help) == ("7.sql", "r", "")
