"""Which of squawk's rules remain beside what the rehearsal has measured."""

from __future__ import annotations

from dbtool.findings import Finding, Severity
from dbtool.lint.squawk_rules import LEFT_OUT, STYLE, SUPERSEDED, merge
from dbtool.locks.checks import CHECKS
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import HeldLock, IndexBuild, StatementTrace

_LOCKED = StatementTrace(1, "ALTER …", 0.1, locks=(HeldLock("public.t", LockMode.ACCESS_EXCLUSIVE, 0.1),))


def _found(rule: str) -> Finding:
    return Finding(f"squawk-{rule}", Severity.WARNING, "v/a.py:1", "m")


def _merged(rule: str, statement: StatementTrace = _LOCKED) -> list[str]:
    return [str(one.severity) for one in merge(statement, [_found(rule)])]


def test_a_change_of_type_without_a_rewrite_is_not_squawks_to_judge() -> None:
    assert _merged("changing-column-type") == []


def test_what_was_not_measured_is_left_to_squawk() -> None:
    assert _merged("changing-column-type", StatementTrace(1, "ALTER …", 0.1)) == ["warning"]


def test_work_under_a_lock_that_an_earlier_statement_took_was_measured_too() -> None:
    built = (IndexBuild("public.key", "public.t"),)
    assert (
        _merged("disallowed-unique-constraint", StatementTrace(2, "ALTER …", 0.1, index_builds=built)) == []
    )


def test_a_lock_timeout_is_dbtools_to_set_whatever_was_measured() -> None:
    assert _merged("require-lock-timeout", StatementTrace(1, "CREATE TYPE …", 0.1)) == []


def test_what_only_squawk_says_remains_a_warning() -> None:
    assert _merged("adding-required-field") == ["warning"]


def test_style_is_an_info() -> None:
    assert _merged("prefer-timestamp-tz") == ["info"]


def test_what_postgresql_has_parsed_is_no_syntax_error() -> None:
    assert _merged("syntax-error", StatementTrace(1, "ALTER …", 0.1)) == []


def test_the_statements_own_findings_come_first() -> None:
    own = Finding("lock-queue", Severity.INFO, "v/a.py:1", "m")
    statement = StatementTrace(1, "ALTER …", 0.1, findings=(own,))
    assert merge(statement, [_found("ban-truncate-cascade")]) == (own, _found("ban-truncate-cascade"))


def test_a_rule_stands_in_one_table_only() -> None:
    assert not set(SUPERSEDED) & set(LEFT_OUT)
    assert not STYLE & {*SUPERSEDED, *LEFT_OUT}


def test_every_check_that_a_rule_is_left_to_exists() -> None:
    named = {
        word.rstrip(";,") for reason in SUPERSEDED.values() for word in reason.split() if word.count("-")
    }
    assert named <= set(CHECKS)
    assert named
