"""Findings on what a transaction holds while it goes on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import holding
from dbtool.locks.modes import LockMode
from dbtool.locks.pasting import execute, paste
from dbtool.locks.projection import Work, count_rows
from dbtool.locks.row_checks import batch_of
from dbtool.locks.situation import EarlierLock, Situation
from dbtool.locks.wording import spell_list
from dbtool.locks.work import is_ours_alone, project_statement
from dbtool.locks.work_checks import describe_waiting, find_working_mode

_SLOW_S = 0.1


def judge_own_locks(situation: Situation) -> Iterator[Finding]:
    """A block of code, or several statements in one text, that change rows under a lock they took themselves."""
    if any(one.verb == "REFRESH" for one in situation.parsed):
        return
    projection = project_statement(situation)
    changed = {task.relation for task in projection.tasks if task.work is Work.ROWS}
    judged = {task.relation for task in projection.tasks if task.work is not Work.ROWS}
    locks = [lock for lock in situation.locks if lock.relation in changed - judged]
    if not locks:
        return
    mode = max(lock.mode for lock in locks)
    yield holding.DATA_CHANGE_UNDER_LOCK.finding(
        projection.weigh(mode),
        situation.where,
        f"changes rows while it holds {mode} on {spell_list(lock.relation for lock in locks)} itself: "
        f"{describe_waiting(mode)} meanwhile. {projection.describe()}",
        "Take it apart: what locks the table in one revision, what changes its rows, in batches, in the next.",
    )


def judge_held_locks(situation: Situation) -> Iterator[Finding]:
    """Work under locks of earlier statements; what the statement would lock as strongly itself is its own finding's."""
    held = _find_strongest_held(situation)
    projection = project_statement(situation)
    if not held or not (projection.tasks or situation.trace.seconds >= _SLOW_S):
        return
    mode = max(one.lock.mode for one in held)
    held = [one for one in held if one.lock.mode is mode]
    relations = list(dict.fromkeys(one.lock.relation for one in held))
    since = held[0].since
    yield holding.DATA_CHANGE_UNDER_LOCK.finding(
        projection.weigh(mode),
        situation.where,
        f"works while its transaction still holds {mode} on {spell_list(relations)}, taken by statement "
        f"{since.ordinal} ({situation.place(since)}): {describe_waiting(mode)} meanwhile. {projection.describe()}",
        _suggest_split(situation),
    )


def _find_strongest_held(situation: Situation) -> list[EarlierLock]:
    own = {lock.relation: lock.mode for lock in situation.trace.locks}
    for task in project_statement(situation).tasks:
        if task.work is not Work.ROWS:
            own[task.relation] = find_working_mode(situation, task)
    return [
        one
        for one in situation.earlier
        if own.get(one.lock.relation, LockMode.ACCESS_SHARE) < one.lock.mode
        and situation.exists(one.lock.relation)
    ]


def _suggest_split(situation: Situation) -> str:
    head = "# a revision of its own, after this one:"
    for one in situation.parsed:
        if one.find("VALIDATE CONSTRAINT") is not None:
            return paste([head, execute(one.text)])
        if one.verb in {"UPDATE", "DELETE"} and one.names:
            return paste([head, *batch_of(one)])
    return "Move this statement to a revision of its own: each revision is a transaction of its own."


def judge_whole(situations: Sequence[Situation]) -> Iterator[Finding]:
    yield from _judge_several_tables(situations)
    yield from _judge_atomicity(situations)


def _judge_several_tables(situations: Sequence[Situation]) -> Iterator[Finding]:
    """Once for each transaction, where the second table comes in."""
    for transaction in _split_into_transactions(situations):
        taken: dict[str, tuple[int, int]] = {}
        by_ordinal = {situation.trace.ordinal: situation for situation in transaction}
        for situation in transaction:
            for lock in situation.locks:
                if lock.kind in "rp":
                    taken.setdefault(lock.relation, _find_taker(situation, lock.relation))
        takers = sorted(set(taken.values()))
        if len(takers) > 1:
            yield _several_tables(by_ordinal[takers[1][0]], list(taken))


def _find_taker(situation: Situation, relation: str) -> tuple[int, int]:
    """The statement's number, and which of several in one text it is."""
    about = [place for place, one in enumerate(situation.parsed) if one.is_about(relation)]
    return situation.trace.ordinal, min(about, default=0)


def _several_tables(second: Situation, taken: Sequence[str]) -> Finding:
    used = [one for one in taken if _is_used(second, one)]
    return holding.SEVERAL_TABLES_LOCKED.finding(
        Severity.WARNING if len(used) > 1 else Severity.INFO,
        second.where,
        f"one transaction locks {spell_list(taken)} one after the other: it waits for each lock with the others in hand, and "
        "ends in a deadlock with whoever takes them in another order",
        "Split the revision, so that each transaction locks one of them: dbtool applies each revision in a transaction of "
        "its own.",
    )


def _is_used(situation: Situation, relation: str) -> bool:
    size = situation.find_target_size(relation)
    return size is None or count_rows(size) > 0


def _split_into_transactions(situations: Sequence[Situation]) -> Iterator[list[Situation]]:
    transaction: list[Situation] = []
    for situation in situations:
        if situation.trace.in_transaction:
            transaction.append(situation)
        else:
            yield transaction
            transaction = []
    yield transaction


def _judge_atomicity(situations: Sequence[Situation]) -> Iterator[Finding]:
    """A single step that commits by itself either happened or did not; together with others it may be half done."""
    alone = [one for one in situations if not one.trace.in_transaction and not _is_quiet(one)]
    rest = [one for one in situations if one.trace.in_transaction and not _is_quiet(one)]
    if alone and len(alone) + len(rest) > 1:
        yield holding.REVISION_NOT_ATOMIC.finding(
            Severity.INFO,
            alone[0].where,
            f"statement {alone[0].trace.ordinal} commits by itself, beside {len(alone) + len(rest) - 1} more in the revision: "
            "when a later one fails, the revision is half applied",
            "Give each step that commits by itself a revision of its own; apply's journal skips what was done, where it can "
            "prove it.",
        )


def _is_quiet(situation: Situation) -> bool:
    verbs = {one.verb for one in situation.parsed}
    return verbs <= {"SET", "SELECT", "RESET", "SHOW", "COMMIT", "BEGIN", ""} or (
        bool(situation.trace.locks) and is_ours_alone(situation) and not situation.trace.created
    )
