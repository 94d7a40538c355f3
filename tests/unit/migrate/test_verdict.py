"""From what was seen on the clone to a verdict: what fails, what is allowed, and what nobody can vouch for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dbtool.errors import ProgramFailed
from dbtool.findings import Finding, Severity
from dbtool.ledger import Event, LedgerEntry
from dbtool.lint import squawk
from dbtool.locks.trace import Population, StatementFailure, StatementTrace
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.rehearse.verdict import Judged, judge, yardstick
from dbtool.migrate.revisions.history import Revision
from dbtool.migrate.runner.outcome import Outcome, Raised
from dbtool.postgres.unfinished import Unfinished
from dbtool.rules.model import RuleSet
from tests.unit.migrate.application_cases import DDL, history_of, revision, target_now
from tests.unit.migrate.rehearsal_cases import clone, ran, request, state, traced
from tests.unit.migrate.rehearsal_cases import yardstick as measured

_R2 = revision("r2", "r1")
_ADD = StatementTrace(1, "ALTER TABLE parcel ADD COLUMN colour text", 0.1, line=12)
_FAILED = replace(_ADD, failure=StatementFailure("42701", "column exists"))


@pytest.fixture(autouse=True)
def _no_squawk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "judge_all", lambda *_, **__: {})


def _judge(seen: Ran, *pending: Revision, **by: Any) -> Judged:
    return judge(seen, pending or (_R2,), measured(**by))


def _checks(judged: Judged) -> list[str]:
    return [one.check for one in judged.findings]


def _failed_run(**fields: Any) -> Ran:
    outcome = Outcome(
        failed="r2", sqlstate="42701", message="column exists", raised=Raised("E", "column exists")
    )
    return ran(traced("r2", _FAILED, status="failed"), outcome=outcome, after=state(heads=("r1",)), **fields)


def test_a_rehearsal_that_found_nothing_passes() -> None:
    judged = _judge(ran(traced("r2", _ADD)))
    assert (judged.verdict, judged.errors, judged.findings) == ("pass", (), ())
    assert [one.status for one in judged.revisions] == ["ok"]


def test_a_failed_revision_fails_the_rehearsal_and_those_behind_it_did_not_run() -> None:
    judged = _judge(_failed_run(), _R2, revision("r3", "r2"))
    assert judged.verdict == "fail"
    assert [(one.id, one.status) for one in judged.revisions] == [("r2", "failed"), ("r3", "not run")]
    assert "heads-differ" not in _checks(judged)
    assert "migration-fails" not in _checks(judged)  # the statement has it


def test_a_revision_that_did_not_run_is_no_pass() -> None:
    judged = _judge(ran(traced("r2", _ADD)), _R2, revision("r3", "r2"))
    assert judged.errors == ()
    assert judged.verdict == "fail"


def test_an_error_among_the_findings_fails_and_a_warning_does_not() -> None:
    for severity, verdict in ((Severity.ERROR, "fail"), (Severity.WARNING, "pass"), (Severity.INFO, "pass")):
        found = Finding("clone-kind", severity, "the clone", "is small")
        judged = _judge(ran(traced("r2", _ADD)), given=(found,))
        assert judged.findings == (found,)
        assert judged.verdict == verdict


def test_findings_of_statements_count_as_well() -> None:
    seen = ran(traced("r2", replace(_ADD, findings=(Finding("x", Severity.ERROR, "r2", "no"),))))
    judged = _judge(seen)
    assert [one.check for one in judged.errors] == [
        one.check for one in judged.revisions[0].all_findings if one.is_error
    ]


def test_other_heads_after_a_run_that_completed_are_an_error() -> None:
    judged = _judge(ran(traced("r2"), after=state(heads=("r1",))))
    assert "heads-differ" in _checks(judged)
    assert judged.verdict == "fail"


@pytest.mark.parametrize("failed", [False, True])
def test_a_new_column_without_a_rule_is_found_in_a_failed_run_too(failed: bool) -> None:
    fields: dict[str, Any] = {"before": state("id"), "after": state("id", "colour")}
    seen = replace(_failed_run(), **fields) if failed else ran(traced("r2"), **fields)
    judged = _judge(seen, rules=RuleSet({}))
    assert [one.where for one in judged.findings if one.check == "column-without-rule"] == [
        "public.parcel.colour"
    ]
    assert judged.verdict == "fail"
    assert "column-without-rule" not in _checks(_judge(seen))


@pytest.mark.parametrize("failed", [False, True])
def test_an_invalid_index_is_found_in_a_failed_run_too(failed: bool) -> None:
    left = state(unfinished=(Unfinished("index", "public.ix", "public.parcel"),))
    judged = _judge(replace(_failed_run(), after=left) if failed else ran(traced("r2"), after=left))
    assert "index-invalid" in _checks(judged)


def test_models_that_differ_are_told() -> None:
    judged = _judge(ran(traced("r2"), drift=("table a is in the models alone",)))
    assert _checks(judged) == ["model-drift"]
    assert judged.verdict == "pass"


def test_what_ended_env_py_outside_of_any_statement_is_an_error_with_its_place() -> None:
    outcome = Outcome(raised=Raised("ImportError", "no module named shop", "migrations/env.py:3"))
    (finding,) = _judge(ran(outcome=outcome)).findings
    assert (finding.check, finding.severity, finding.where) == (
        "migration-fails",
        Severity.ERROR,
        "migrations/env.py:3",
    )
    assert "ImportError at migrations/env.py:3: no module named shop" in finding.message


# Allowed by a comment


def _downgrading(waiver: str) -> Revision:
    return revision("r2", "r1", has_downgrade=True, waivers=((3, waiver),))


def test_what_a_comment_allows_is_told_with_its_reason_and_not_held_against_it() -> None:
    judged = _judge(
        ran(traced("r2")), _downgrading("# dbtool: allow downgrade because habit until 2026-12-24")
    )
    assert "downgrade" not in _checks(judged)
    assert [(one.check, reason) for one, reason in judged.waived] == [("downgrade", "habit")]
    assert [(one, waiver.check) for one, waiver in judged.waivers] == [("r2", "downgrade")]


def test_what_a_comment_allowed_until_yesterday_is_found() -> None:
    pending = _downgrading("# dbtool: allow downgrade because habit until 2026-11-22")
    assert "downgrade" in _checks(_judge(ran(traced("r2")), pending))
    assert "downgrade" not in _checks(_judge(ran(traced("r2")), pending, today=date(2026, 11, 22)))


def test_a_waiver_that_allows_several_findings_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (Finding("squawk-ban-drop-database", Severity.ERROR, "versions/r2.py:12", "no"),)
    monkeypatch.setattr(squawk, "judge_all", lambda *_, **__: {"r2": {1: found, 2: found}})
    pending = revision("r2", "r1", waivers=((3, "# dbtool: allow squawk-ban-drop-database because habit"),))
    judged = _judge(ran(traced("r2", _ADD, replace(_ADD, ordinal=2))), pending)
    assert (judged.verdict, len(judged.waived), len(judged.waivers)) == ("pass", 2, 1)


# The clone, and what nobody can vouch for


def test_a_clone_that_is_not_the_target_is_a_warning_but_for_its_extensions() -> None:
    judged = _judge(ran(traced("r2"), ddl_before=(*DDL, "table public.more")))
    assert _checks(judged) == ["clone-differs"]
    assert "table public.more was added" in judged.findings[0].message
    assert _checks(_judge(ran(traced("r2"), ddl_before=(*DDL, "extension hstore: 1.8")))) == []
    assert _checks(_judge(ran(traced("r2")), ddl=(*DDL, "extension hstore: 1.7"))) == []


def _said(seen: Ran, **by: Any) -> str:
    return "\n".join(_judge(seen, **by).not_rehearsed)


def test_what_was_not_rehearsed_is_said() -> None:
    seen = ran(traced("r2"))
    rules = RuleSet({})
    assert _judge(seen, rules=rules).not_rehearsed == (_judge(seen, rules=rules).not_rehearsed[-1],)
    assert _said(seen, rules=rules).startswith("contention: ")
    assert "data: the clone's tables were empty" in _said(seen, population=Population("schema"))
    assert "data: the clone held a subset" in _said(seen, population=Population("subset"))
    assert "masking rules: the project has none" in _said(seen)
    assert "models: they were not asked" in _said(
        replace(seen, drift=None, not_compared="they were not asked")
    )
    assert "models" not in _said(seen)
    assert "isolation: " in _said(replace(seen, outcome=Outcome(guard="drivers")))


def test_squawk_that_does_not_run_is_said_and_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ProgramFailed("squawk is not there")

    monkeypatch.setattr(squawk, "judge_all", fail)
    judged = _judge(ran(traced("r2", _ADD)))
    assert judged.verdict == "pass"
    assert judged.not_rehearsed[0] == "squawk's checks of the executed SQL: squawk is not there"


def test_what_squawk_finds_is_the_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding("squawk-ban-drop-database", Severity.WARNING, "versions/r2.py:12", "char")
    monkeypatch.setattr(squawk, "judge_all", lambda *_, **__: {"r2": {1: (found,)}})
    judged = _judge(ran(traced("r2", _ADD, replace(_ADD, ordinal=2))))
    assert [found in one.findings for one in judged.revisions[0].statements] == [True, False]


# The yardstick


def test_the_yardstick_holds_what_was_found_before_anything_ran(tmp_path: Path) -> None:
    applied = LedgerEntry(
        Event.FINISH, "run-1", "r1", "another digest", "ada", at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    seen = target_now(heads=("r1",), entries=(applied,))
    small = Finding("clone-major", Severity.WARNING, "the clone", "another major")
    found = yardstick(request(tmp_path), seen, clone(findings=(small,)), history_of(revision("r1"), _R2))
    assert (found.major, found.today, found.expected_heads) == (18, date(2026, 11, 23), ("r2",))
    assert [one.check for one in found.given] == ["clone-major", "revision-edited"]
    assert found.given[1].is_error
    assert "dbtool migrate accept r1 --target staging" in found.given[1].remedy
