"""Findings on locks that are taken without work under them, or on relations that nobody named. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import holding
from dbtool.locks.modes import LockMode
from dbtool.locks.projection import Projection
from dbtool.locks.remedies import attach_instead, suggest, suggest_for_moment
from dbtool.locks.situation import Situation
from dbtool.locks.trace import HeldLock
from dbtool.locks.wording import spell_list, spell_size
from dbtool.locks.work import project_statement
from dbtool.locks.work_checks import describe_waiting

_APPLY = "Nothing to rewrite: apply gives up after its lock_timeout, lets the queue pass, and tries again."


def judge_locks(situation: Situation) -> Iterator[Finding]:
    if any(one.verb == "REFRESH" for one in situation.parsed):
        return  # view-locked says it
    projection = project_statement(situation)
    idle = _find_idle(situation, projection)
    others = [lock for lock in idle if _is_other(situation, lock)]
    if not projection.tasks:
        yield from _judge_own(situation, [lock for lock in idle if lock not in others])
    elif not situation.is_about_known_relations:
        others = (
            idle  # of a block of code: what one of its statements locks, lasts through the work of the next
        )
    yield from _judge_others(situation, others, projection)


def _find_idle(situation: Situation, projection: Projection) -> list[HeldLock]:
    """The locks that no other finding speaks of. A partitioned table is locked as long as its partitions, whose finding says
    how long that is.
    """
    spoken_of = {task.relation for task in projection.tasks} | set(situation.trace.dropped)
    return [lock for lock in situation.locks if lock.relation not in spoken_of]


def _is_other(situation: Situation, lock: HeldLock) -> bool:
    """DROP INDEX names an index; the table's lock is what it takes, not another's."""
    names = {lock.relation, *(pair[0] for pair in situation.trace.renamed if pair[1] == lock.relation)}
    return (
        situation.is_about_known_relations
        and not any(situation.is_about(name) for name in names)
        and not any(one.verb in {"DROP INDEX", "REINDEX", "ALTER DOMAIN"} for one in situation.parsed)
    )


def _judge_own(situation: Situation, locks: list[HeldLock]) -> Iterator[Finding]:
    for mode, group in _by_mode(locks):
        relations = [lock.relation for lock in group]
        yield holding.LOCK_QUEUE.finding(
            Severity.INFO,
            situation.where,
            f"takes {mode} on {spell_list(relations)}{_describe_use(situation, relations)} and does no work under it: "
            f"{describe_waiting(mode)} for a moment, and as long as it waits for its turn, those that come later wait "
            "behind it",
            suggest_for_moment(situation, relations[0]) or _APPLY,
        )


def _judge_others(situation: Situation, locks: list[HeldLock], projection: Projection) -> Iterator[Finding]:
    """As long as the statement's work lasts; without any, for a moment."""
    for mode, group in _by_mode(locks):
        relations = [lock.relation for lock in group]
        seen = "" if all(lock.measured for lock in group) else " (documented, not measured)"
        lasts = f". {projection.describe()}" if projection.tasks else ", for a moment"
        yield holding.LOCK_ON_OTHER_RELATION.finding(
            projection.weigh(mode) if projection.tasks else Severity.INFO,
            situation.where,
            f"also takes {mode} on {spell_list(relations)}{seen}{_describe_use(situation, relations)}: "
            f"{describe_waiting(mode)} there as well{lasts}",
            _suggest_for_others(situation, relations[0]),
        )


def _suggest_for_others(situation: Situation, relation: str) -> str:
    for one in situation.parsed:
        named = situation.find_named(one)
        if one.actions and named is not None:
            found = suggest(situation, holding.LOCK_ON_OTHER_RELATION, named)
            if found:
                return found
        if one.verb == "CREATE TABLE" and one.says("PARTITION", "OF"):
            return attach_instead(relation)
    return _APPLY


def _by_mode(locks: list[HeldLock]) -> Iterator[tuple[LockMode, list[HeldLock]]]:
    ordered = sorted(locks, key=lambda lock: -lock.mode)
    for mode, group in groupby(ordered, key=lambda lock: lock.mode):
        yield mode, list(group)


def _describe_use(situation: Situation, relations: list[str]) -> str:
    sizes = [size for one in relations if (size := situation.find_target_size(one)) is not None]
    return f" ({spell_size(sizes)} on the target)" if sizes else ""
