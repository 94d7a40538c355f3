"""Findings that a statement's own words give: what reaches beyond the database, what cannot be changed later. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import contract
from dbtool.locks.situation import Situation
from dbtool.locks.statements import Statement

_CLUSTER_WIDE = frozenset(
    f"{verb} {kind}"
    for verb in ("CREATE", "ALTER", "DROP")
    for kind in ("ROLE", "USER", "GROUP", "TABLESPACE", "DATABASE", "SYSTEM", "SUBSCRIPTION")
)


_IN_CODE = re.compile(
    r"\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|TABLESPACE|DATABASE|SYSTEM)\b(?!\s+MAPPING\b)", re.IGNORECASE
)


def judge_statement(situation: Situation) -> Iterator[Finding]:
    for one in situation.parsed:
        if one.verb == "DO" and (found := _IN_CODE.search(one.text)):
            yield _cluster_wide_in_code(situation, " ".join(found[0].upper().split()))
        if one.verb in _CLUSTER_WIDE or (one.verb == "COMMENT DATABASE"):
            yield _cluster_wide(situation, one)
        if one.verb == "ALTER TYPE" and one.says("ADD", "VALUE") and not {"BEFORE", "AFTER"} & set(one.words):
            yield _enum_order(situation)


def _cluster_wide(situation: Situation, one: Statement) -> Finding:
    return contract.CLUSTER_WIDE_STATEMENT.finding(
        Severity.ERROR,
        situation.where,
        f"{one.verb} reaches beyond the database: a rehearsal cannot vouch for it, and a clone that is dropped does not undo it",
        "Take it out of the migrations: whoever administers the server does it, before the release. GRANT within the database "
        "may stay.",
    )


def _cluster_wide_in_code(situation: Situation, words: str) -> Finding:
    """A block of code is text: whether it came to that place, or only speaks of it, nobody has seen."""
    return contract.CLUSTER_WIDE_STATEMENT.finding(
        Severity.WARNING,
        situation.where,
        f"a block of code holds the words {words}, which reach beyond the database: a rehearsal cannot vouch for them",
        "Take it out of the migrations: whoever administers the server does it, before the release.",
    )


def _enum_order(situation: Situation) -> Finding:
    return contract.ENUM_ORDER.finding(
        Severity.INFO,
        situation.where,
        "adds a value to an enum without its place: it becomes the greatest, and the order cannot be changed later",
        "ALTER TYPE … ADD VALUE … BEFORE or AFTER one of the others, where the order matters",
    )
