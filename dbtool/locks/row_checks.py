"""Findings on rows: changed in one go, or lost. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import rows
from dbtool.locks.modes import LockMode
from dbtool.locks.pasting import has_parameters, in_batches, paste
from dbtool.locks.projection import Task, Work, count_rows, project
from dbtool.locks.situation import Situation
from dbtool.locks.statements import Statement
from dbtool.locks.tokens import TokenKind, tokenize
from dbtool.locks.trace import RelationSize, RowChange
from dbtool.locks.wording import spell_list, spell_rows
from dbtool.locks.work import find_tasks

MANY_ROWS = 1_000  # what a busy application changes in one go itself
_MOST = 0.5  # of a table's rows
_NOTABLE = 0.1  # of a clone's: of less nobody can say whether it grows with the table


def judge_rows(situation: Situation) -> Iterator[Finding]:
    yield from _judge_unbatched(situation)
    yield from _judge_lost(situation)


def _judge_unbatched(situation: Situation) -> Iterator[Finding]:
    tasks = tuple(task for task in find_tasks(situation) if _changes_many(situation, task))
    if not tasks:
        return
    projection = project(situation.trace.seconds, tasks)
    count = sum(task.target_rows for task in tasks)
    # Row locks keep only those waiting who write the same rows: as a lock that lets reads go on.
    yield rows.UNBATCHED_CHANGE.finding(
        projection.weigh(LockMode.SHARE),
        situation.where,
        f"changes {spell_rows(sum(task.rows for task in tasks))} of {spell_list(task.relation for task in tasks)} on the clone in "
        f"one statement, {_count_on_target(count, tasks)} on the target, and keeps them locked until it commits. "
        f"{projection.describe()}",
        _suggest_batches(situation),
    )


def _count_on_target(count: int, tasks: tuple[Task, ...]) -> str:
    return "an unknown number" if any(task.target is None for task in tasks) else f"about {count:,}"


def _changes_many(situation: Situation, task: Task) -> bool:
    if task.work is not Work.ROWS or max(task.rows, task.target_rows) < MANY_ROWS:
        return False
    if task.rows < MANY_ROWS and task.clone is not None and 0 < task.rows < task.clone.rows * _NOTABLE:
        return False
    changes = [one for one in situation.trace.row_changes if one.relation == task.relation]
    return not changes or any(one.updated or one.deleted for one in changes)


def _suggest_batches(situation: Situation) -> str:
    for one in situation.parsed:
        if one.verb in {"UPDATE", "DELETE"} and one.names:
            return paste(batch_of(one))
    return "Change the rows in batches, each in a transaction of its own, in a revision of its own (autocommit_block)."


def batch_of(one: Statement) -> Iterator[str]:
    """The statement's own text, cut at its WHERE, over ranges of the key."""
    table = str(one.names[0])
    change, condition = _cut_at_where(one)
    if has_parameters(one.text) or one.says("RETURNING") or _joins(one):
        change, condition = f"{one.verb} …", "…"
    yield from in_batches(table, change, condition)


def _joins(one: Statement) -> bool:
    """UPDATE … FROM and DELETE … USING need the key qualified."""
    return not one.text[:6].upper().startswith(("UPDATE", "DELETE")) or (
        one.says("FROM") if one.verb == "UPDATE" else one.says("USING")
    )


def _cut_at_where(one: Statement) -> tuple[str, str]:
    depth = 0
    for token in tokenize(one.text):
        if token.kind is TokenKind.MARK:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif not depth and token.kind is TokenKind.WORD and token.text == "WHERE":
            return one.text[: token.start].strip(), one.text[token.end :].strip()
    return one.text, ""


def _judge_lost(situation: Situation) -> Iterator[Finding]:
    for change in situation.trace.row_changes:
        if situation.exists(change.relation):
            yield from _judge_loss(situation, change)


def _judge_loss(situation: Situation, change: RowChange) -> Iterator[Finding]:
    target, clone = situation.find_target_size(change.relation), situation.find_clone_size(change.relation)
    held = count_rows(clone) if clone is not None else 0
    if not change.truncated and (change.deleted < MANY_ROWS or change.deleted < held * _MOST):
        return
    how = "empties" if change.truncated else f"deletes {change.deleted:,} of the {held:,} rows of"
    yield rows.ROWS_LOST.finding(
        Severity.INFO if target is not None and not count_rows(target) else Severity.ERROR,
        situation.where,
        f"{how} {change.relation}, {_describe_target(target)}: there is no way back but a backup",
        "Rename the table and make a new one like it, and drop the old one in a later revision; or allow it: "
        "# dbtool: allow rows-lost because …",
    )


def _describe_target(size: RelationSize | None) -> str:
    if size is None:
        return "whose size on the target is not known"
    return f"which holds {spell_rows(count_rows(size))} on the target"
