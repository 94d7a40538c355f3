"""Findings on statements that failed, and on what a failure leaves behind. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import failing
from dbtool.locks.pasting import execute, in_autocommit, paste
from dbtool.locks.remedies_failures import REMEDIES
from dbtool.locks.situation import Situation
from dbtool.locks.statements import Statement
from dbtool.locks.trace import StatementFailure

_BEFORE_THE_BUILD = ("0A", "25", "42")  # classes of what PostgreSQL refuses before it has made the index

_BY_VALUES = ("22", "23505", "23514", "23P01")  # what a stand-in may be guilty of; a NULL is never one


def judge_failure(situation: Situation) -> Iterator[Finding]:
    failure = situation.trace.failure
    if failure is None:
        return
    code = f" with {failure.sqlstate}" if failure.sqlstate else ""
    yield failing.STATEMENT_FAILS.finding(
        Severity.ERROR,
        situation.where,
        f"fails{code}: {failure.message}{_describe_stand_ins(situation)}{_describe_what_is_left(situation)}",
        suggest_after(situation, failure),
    )


def _describe_stand_ins(situation: Situation) -> str:
    """Masks draw from pools, so that two people may share a name that they do not share in production."""
    failure, population = situation.trace.failure, situation.population
    judged_by_values = failure is not None and (failure.sqlstate or "").startswith(_BY_VALUES)
    if not judged_by_values or population.data == "schema" or not population.masked:
        return ""
    return (
        " (the clone's values are stand-ins: of a masked column, ask the target itself before believing it)"
    )


def suggest_after(situation: Situation, failure: StatementFailure) -> str:
    remedy = REMEDIES.get(failure.sqlstate or "")
    found = remedy(situation) if remedy is not None else ""
    leftover = _find_leftover(situation)
    if leftover is None:
        return found
    drop = paste(["# before each attempt: what an earlier one has left", *in_autocommit([execute(leftover)])])
    return f"{found}\n{drop}" if found else drop


def _describe_what_is_left(situation: Situation) -> str:
    if _find_leftover(situation) is None:
        return ""
    return ". It commits by itself and leaves an INVALID index behind, which every write has to keep up and no query uses"


def _find_leftover(situation: Situation) -> str | None:
    failure = situation.trace.failure
    if situation.trace.in_transaction or failure is None or (failure.sqlstate or "")[:2] in _BEFORE_THE_BUILD:
        return None
    for one in situation.parsed:
        if one.verb == "CREATE INDEX" and one.concurrently:
            return f"DROP INDEX CONCURRENTLY IF EXISTS {_spell_index(situation, one)}"
    return None


def _spell_index(situation: Situation, one: Statement) -> str:
    """Of the table's schema, where that is known: DROP INDEX looks the name up by the search path."""
    table = situation.find_named(one) or ""
    index = str(one.index) if one.index is not None else "the_index"
    return f"{table.rpartition('.')[0]}.{index}" if table and '"' not in table else index
