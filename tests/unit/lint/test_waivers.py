"""Comments that allow a finding: with a reason, until their date, for one check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from dbtool.findings import Finding, Severity
from dbtool.lint.waivers import Outcome, Waiver, apply_waivers, parse_waivers
from dbtool.locks.trace import RevisionTrace, StatementTrace

_TODAY = date(2026, 11, 23)
_REWRITE = Finding("rewrite-under-lock", Severity.ERROR, "v/a.py:12", "writes public.t anew")
_WHOLE = Finding("several-tables-locked", Severity.WARNING, "v/a.py:13", "locks two tables")
_TRACE = RevisionTrace(
    "a1", "v/a.py", "ok", 1.0, (StatementTrace(1, "ALTER …", 1.0, findings=(_REWRITE,)),), (_WHOLE,)
)


@dataclass(frozen=True)
class _File:
    waivers: tuple[tuple[int, str], ...]
    id: str = "a1"
    file: str = "v/a.py"


def _parse(comment: str) -> Waiver:
    (waiver,) = parse_waivers(_File(((3, comment),)))
    return waiver


def _apply(*comments: str, beside: tuple[Finding, ...] = ()) -> Outcome:
    waivers = parse_waivers(_File(tuple(enumerate(comments, start=3))))
    return apply_waivers(_TRACE, waivers, _TODAY, beside=beside)


def _checks(outcome: Outcome) -> list[str]:
    return [finding.check for finding in outcome.revision.all_findings]


def test_a_waiver_is_a_check_a_reason_and_a_date() -> None:
    found = _parse("# dbtool: allow rewrite-under-lock because it has until noon 300 rows until 2027-01-31")
    assert found == Waiver("rewrite-under-lock", "it has until noon 300 rows", date(2027, 1, 31), "v/a.py", 3)


def test_a_waiver_without_a_date_holds_for_ever() -> None:
    found = _parse("#dbtool:allow Rewrite-Under-Lock because the table is small.")
    assert (found.check, found.until, found.problem) == ("rewrite-under-lock", None, "")


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("# dbtool: allow rewrite-under-lock", "gives no reason"),
        ("# dbtool: allow rewrite-under-lock because", "gives no reason"),
        ("# dbtool: allow rewrite-under-lock because until 2027-01-31", "gives no reason"),
        ("# dbtool: allow because it is small", "names no check"),
        ("# dbtool: allow rewrite-under-lok because it is small", "did you mean rewrite-under-lock"),
        ("# dbtool: allow rewrite-under-lock because it is small until 2027-02-31", "2027-02-31 is no date"),
        ("# dbtool: allow rewrite-under-lock because it is small until tomorrow", "followed by no date"),
        ("# dbtool: allow rewrite-under-lock, it is small", "cannot be read"),
        ("# dbtool: allow statement-fails because it works for me", "cannot be allowed"),
        ("# dbtool: allow column-without-rule because we are in a hurry", "a rule is the answer"),
        ("# dbtool: allow waiver-expired because it is one", "cannot be allowed"),
    ],
)
def test_a_waiver_that_says_too_little_is_an_error(comment: str, problem: str) -> None:
    outcome = _apply(comment)
    (found,) = (one for one in outcome.revision.findings if one.check == "waiver-invalid")
    assert problem in found.message
    assert (found.severity, found.where) == (Severity.ERROR, "v/a.py:3")
    assert "rewrite-under-lock" in _checks(outcome)


def test_a_waiver_takes_out_its_own_check_and_no_other() -> None:
    outcome = _apply("# dbtool: allow rewrite-under-lock because the table is small")
    assert _checks(outcome) == ["several-tables-locked"]
    ((finding, waiver),) = outcome.waived
    assert (finding, waiver.reason) == (_REWRITE, "the table is small")


def test_a_waiver_reaches_findings_about_the_whole_revision() -> None:
    outcome = _apply("# dbtool: allow several-tables-locked because nobody reads them at night")
    assert _checks(outcome) == ["rewrite-under-lock"]


def test_a_waiver_holds_on_its_last_day() -> None:
    assert _checks(_apply("# dbtool: allow rewrite-under-lock because small until 2026-11-23")) == [
        "several-tables-locked"
    ]


def test_a_waiver_past_its_date_allows_nothing() -> None:
    outcome = _apply("# dbtool: allow rewrite-under-lock because small until 2026-11-22")
    assert _checks(outcome) == ["several-tables-locked", "waiver-expired", "rewrite-under-lock"]
    assert outcome.waived == ()


def test_a_waiver_that_nothing_needs_is_told_of() -> None:
    outcome = _apply("# dbtool: allow rows-lost because it is a cache")
    (unused,) = (one for one in outcome.revision.findings if one.check == "waiver-unused")
    assert (unused.severity, unused.where) == (Severity.INFO, "v/a.py:3")


@pytest.mark.parametrize("status", ["failed", "not run"])
def test_a_revision_that_did_not_end_may_have_needed_its_waivers(status: str) -> None:
    waivers = parse_waivers(_File(((3, "# dbtool: allow rows-lost because it is a cache"),)))
    outcome = apply_waivers(replace(_TRACE, status=status), waivers, _TODAY)
    assert "waiver-unused" not in _checks(outcome)


def test_any_rule_of_squawk_can_be_named() -> None:
    squawk = replace(_REWRITE, check="squawk-adding-required-field")
    trace = replace(_TRACE, statements=(replace(_TRACE.statements[0], findings=(squawk,)),))
    waivers = parse_waivers(
        _File(((3, "# dbtool: allow squawk-adding-required-field because the table is empty"),))
    )
    assert apply_waivers(trace, waivers, _TODAY).waived == ((squawk, waivers[0]),)


def test_findings_beside_the_trace_can_be_allowed_as_well() -> None:
    downgrade = Finding("downgrade", Severity.WARNING, "v/a.py", "a1 has a downgrade()")
    outcome = _apply("# dbtool: allow downgrade because a test reads it", beside=(downgrade,))
    assert outcome.beside == ()
    assert _apply(beside=(downgrade,)).beside == (downgrade,)
