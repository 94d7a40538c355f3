"""What a rehearsed revision's trace means on a database in use: Findings on its statements and on the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dbtool.findings import Finding
from dbtool.locks.contract_checks import judge_contract
from dbtool.locks.failures import judge_failure
from dbtool.locks.lineage import Lineage
from dbtool.locks.lock_checks import judge_locks
from dbtool.locks.row_checks import judge_rows
from dbtool.locks.situation import Situation, read_situations
from dbtool.locks.statement_checks import judge_statement
from dbtool.locks.trace import Population, RevisionTrace
from dbtool.locks.transaction_checks import judge_held_locks, judge_own_locks, judge_whole
from dbtool.locks.work_checks import judge_work

_JUDGES = (
    judge_work,
    judge_own_locks,
    judge_held_locks,
    judge_rows,
    judge_contract,
    judge_statement,
    judge_locks,
)


def judge_revision(
    revision: RevisionTrace, population: Population, *, major: int, before: Sequence[RevisionTrace] = ()
) -> RevisionTrace:
    """The same trace with its findings. ``before`` are the pending revisions that ran before it: what they made is new to
    the target, and keeps nobody waiting there.
    """
    lineage = Lineage()
    for earlier in (statement for one in before for statement in one.statements):
        lineage = lineage.after(earlier)
    situations = list(read_situations(revision, population, lineage, major=major))
    statements = tuple(
        replace(one.trace, findings=(*one.trace.findings, *_judge_statement(one))) for one in situations
    )
    return replace(revision, statements=statements, findings=(*revision.findings, *judge_whole(situations)))


def judge_revisions(
    revisions: Sequence[RevisionTrace], population: Population, *, major: int
) -> tuple[RevisionTrace, ...]:
    """All of a rehearsal, in the order in which they ran."""
    return tuple(
        judge_revision(one, population, major=major, before=revisions[:position])
        for position, one in enumerate(revisions)
    )


def _judge_statement(situation: Situation) -> Iterator[Finding]:
    """Of one that failed it is not known what it would have locked, had it gone on."""
    if situation.trace.failure is not None:
        yield from judge_failure(situation)
        yield from judge_statement(situation)
        return
    for judge in _JUDGES:
        yield from judge(situation)
