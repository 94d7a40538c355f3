"""Findings on work under a lock of the statement itself: rewrites, scans, index builds, refreshed views. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import holding, rows
from dbtool.locks.checks.check import Check
from dbtool.locks.modes import LockMode
from dbtool.locks.projection import Projection, Task, Work, weigh
from dbtool.locks.remedies import suggest
from dbtool.locks.situation import Situation
from dbtool.locks.wording import spell_list, spell_seconds
from dbtool.locks.work import find_tasks, project_statement

_SLOW_S = 0.1  # on the clone: less is noise
_WORDS = {
    holding.REWRITE_UNDER_LOCK: "writes {} anew",
    holding.SCAN_UNDER_LOCK: "reads all of {} to prove a constraint",
    holding.INDEX_BUILD_UNDER_LOCK: "builds an index on {}",
}


def judge_work(situation: Situation) -> Iterator[Finding]:
    if any(one.verb == "REFRESH" for one in situation.parsed):
        yield from _judge_refresh(situation)
        return
    projection = project_statement(situation)
    tasks = projection.tasks
    yield from _judge(situation, holding.REWRITE_UNDER_LOCK, _pick(tasks, Work.REWRITE), projection)
    built = _pick(tasks, Work.INDEX)
    read = _without(
        _pick(tasks, Work.SCAN, Work.KEY_CHECK), built
    )  # a primary key's scan is a part of its build
    yield from _judge(situation, holding.SCAN_UNDER_LOCK, read, projection)
    yield from _judge(situation, holding.INDEX_BUILD_UNDER_LOCK, built, projection)
    yield from _judge_slow(situation, projection)
    yield from _judge_volatility(situation)


def _pick(tasks: Sequence[Task], *works: Work) -> tuple[Task, ...]:
    return tuple(task for task in tasks if task.work in works)


def _without(tasks: Sequence[Task], others: Sequence[Task]) -> tuple[Task, ...]:
    relations = {task.relation for task in others}
    return tuple(task for task in tasks if task.relation not in relations)


def _judge(
    situation: Situation, check: Check, tasks: tuple[Task, ...], projection: Projection
) -> Iterator[Finding]:
    """One finding for all relations: an ALTER of a partitioned table works on each of its partitions."""
    modes = [find_working_mode(situation, task) for task in tasks]
    if not modes or not max(modes).blocks_writes:
        return
    mode, relations = max(modes), [task.relation for task in tasks]
    held = f"{mode} on the indexes, which queries are planned with" if _closes_indexes(situation) else mode
    yield check.finding(
        projection.weigh(mode),
        situation.where,
        f"{_WORDS[check].format(spell_list(relations))} under {held}: {describe_waiting(mode)} meanwhile. "
        f"{projection.describe()}",
        suggest(situation, check, relations[0]),
    )


def find_working_mode(situation: Situation, task: Task) -> LockMode:
    """The lock that the work is done under: the trace's, and at least what the manual says of such work.

    A lock that the transaction held already is not shown anew, so that a statement's own may be missing. One that does
    its work under a weak lock of its own does not need the strong one: data-change-under-lock speaks of that.
    """
    own = [lock.mode for lock in situation.trace.locks if lock.relation == task.relation]
    documented = _find_documented_mode(situation, task.work)
    if own or documented < LockMode.SHARE:
        return max([documented, *own])
    return situation.find_mode(task.relation, documented)


def _find_documented_mode(situation: Situation, work: Work) -> LockMode:
    if work is Work.REWRITE:
        return LockMode.ACCESS_EXCLUSIVE
    if _closes_indexes(situation):
        return LockMode.ACCESS_EXCLUSIVE
    if work is Work.INDEX:
        concurrent = any(build.concurrently for build in situation.trace.index_builds)
        return LockMode.SHARE_UPDATE_EXCLUSIVE if concurrent else LockMode.SHARE
    if work is Work.ROWS or any(
        one.find("VALIDATE CONSTRAINT", "ATTACH PARTITION") for one in situation.parsed
    ):
        return LockMode.ACCESS_SHARE
    return LockMode.SHARE


def _closes_indexes(situation: Situation) -> bool:
    """REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on its indexes, each of which every query is planned with."""
    return any(one.verb == "REINDEX" and not one.concurrently for one in situation.parsed)


def describe_waiting(mode: LockMode) -> str:
    return "reads and writes wait" if mode.blocks_reads else "writes wait, reads go on"


def _judge_refresh(situation: Situation) -> Iterator[Finding]:
    for lock in situation.locks:
        if lock.kind != "m" and not situation.is_about(lock.relation):
            continue
        clone, target = situation.find_clone_size(lock.relation), situation.find_target_size(lock.relation)
        projection = _project_refresh(situation, Task(lock.relation, Work.INDEX, clone, target))
        severity = projection.weigh(lock.mode)
        if not lock.mode.blocks_reads:  # nobody writes to a materialized view but another refresh
            severity = Severity.INFO
        yield holding.VIEW_LOCKED.finding(
            severity,
            situation.where,
            f"refreshes {lock.relation} under {lock.mode}: "
            f"{'reads wait' if lock.mode.blocks_reads else 'reads go on'} meanwhile. {projection.describe()}",
            suggest(situation, holding.VIEW_LOCKED, lock.relation),
        )


def _project_refresh(situation: Situation, task: Task) -> Projection:
    """The view's query takes the time, and grows as its result does, as far as anybody can tell."""
    seconds = situation.trace.seconds
    if task.target is None:
        return Projection(seconds, None, measured=False, tasks=(task,))
    if task.ratio is None:
        return Projection(seconds, max(seconds, task.estimate_s), measured=False, tasks=(task,))
    return Projection(seconds, seconds * task.ratio, measured=True, tasks=(task,))


def _judge_slow(situation: Situation, projection: Projection) -> Iterator[Finding]:
    locks = situation.locks
    if projection.tasks or not locks or situation.trace.seconds < _SLOW_S:
        return
    mode = max(lock.mode for lock in locks)
    yield holding.SLOW_UNDER_LOCK.finding(
        weigh(mode, situation.trace.seconds),
        situation.where,
        f"took {spell_seconds(situation.trace.seconds)} on the clone under {mode} on "
        f"{spell_list(lock.relation for lock in locks)}: {describe_waiting(mode)} meanwhile, and how long on the target "
        "cannot be told from the trace",
        "Move what takes the time to a revision of its own, whose transaction holds no lock on these relations.",
    )


def _judge_volatility(situation: Situation) -> Iterator[Finding]:
    rewritten = {task.relation for task in find_tasks(situation) if task.work is Work.REWRITE}
    for one in situation.parsed:
        for action in one.actions:
            if action.kind == "ADD COLUMN" and "(" in action.default and rewritten:
                yield rows.FUNCTION_VOLATILITY.finding(
                    Severity.INFO,
                    situation.where,
                    f"the default {action.default} of {action.name} is evaluated for every row of "
                    f"{spell_list(sorted(rewritten))}, which is why the table is written anew",
                    "Add the column without it, as the remedy of rewrite-under-lock does; or give a constant, where one value for all "
                    "old rows will do.",
                )
