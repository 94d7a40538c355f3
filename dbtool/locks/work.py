"""What a statement did to which relation, from its trace and, where a trace is silent, from its keywords. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.locks.modes import LockMode
from dbtool.locks.projection import Projection, Task, Work, project
from dbtool.locks.situation import Situation


def find_tasks(situation: Situation) -> tuple[Task, ...]:
    """The work on relations that the target has; a rewrite reads the table and builds its indexes, too."""
    found = dict.fromkeys(_find_work(situation))
    rewritten = {relation for relation, work, _ in found if work is Work.REWRITE}
    return tuple(
        _make_task(situation, relation, work, rows)
        for relation, work, rows in found
        if situation.exists(relation) and (work is Work.REWRITE or relation not in rewritten)
    )


def _make_task(situation: Situation, relation: str, work: Work, rows: int) -> Task:
    clone = situation.find_clone_size(relation)
    is_bound = (
        work is Work.ROWS and not rows and (clone is None or clone.rows <= 0) and _has_condition(situation)
    )
    return Task(relation, work, clone, situation.find_target_size(relation), rows, is_bound)


def _has_condition(situation: Situation) -> bool:
    return any(one.says("WHERE") for one in situation.parsed)


def project_statement(situation: Situation) -> Projection:
    return project(situation.trace.seconds, find_tasks(situation))


def is_ours_alone(situation: Situation) -> bool:
    """Whether it touches nothing but what pending revisions made, or Alembic's own table."""
    touched = [lock.relation for lock in situation.trace.locks if lock.mode > LockMode.ROW_SHARE]
    return all(not situation.exists(one) or one.endswith("alembic_version") for one in touched)


def _find_work(situation: Situation) -> Iterator[tuple[str, Work, int]]:
    trace = situation.trace
    for relation in (*trace.rewrites, *_find_silent_rewrites(situation)):
        yield relation, Work.REWRITE, 0
    scans = (*trace.scans, *_find_silent_scans(situation))
    scan = Work.KEY_CHECK if _checks_a_key(situation) else Work.SCAN
    for relation in scans:
        yield relation, scan, 0
    for build in trace.index_builds:
        yield build.table, Work.INDEX, 0
    yield from _find_changes(situation)


def _find_silent_rewrites(situation: Situation) -> Iterator[str]:
    """CLUSTER and VACUUM FULL print no notice."""
    if any(one.verb == "CLUSTER" or (one.verb == "VACUUM" and one.says("FULL")) for one in situation.parsed):
        for lock in situation.trace.locks:
            if lock.mode is LockMode.ACCESS_EXCLUSIVE and lock.kind in "rm":
                yield lock.relation


def _find_silent_scans(situation: Situation) -> Iterator[str]:
    """A domain's constraint reads every table that uses it, a foreign key its table, without the usual notice."""
    for one in situation.parsed:
        if one.verb == "ALTER DOMAIN" and not one.says("NOT", "VALID"):
            yield from (lock.relation for lock in situation.locks if lock.mode is LockMode.SHARE)
        if one.verb == "CREATE TABLE" and one.says(
            "PARTITION", "OF"
        ):  # the default partition is asked for the rows
            locks = (lock for lock in situation.locks if lock.kind == "r")
            yield from (lock.relation for lock in locks if lock.mode is LockMode.ACCESS_EXCLUSIVE)
        added = one.find("ADD FOREIGN KEY")
        if added is not None and not added.not_valid:
            yield from (lock.relation for lock in situation.trace.locks if one.is_about(lock.relation))


def _checks_a_key(situation: Situation) -> bool:
    return any(one.find("ADD FOREIGN KEY") is not None for one in situation.parsed)


def _find_changes(situation: Situation) -> Iterator[tuple[str, Work, int]]:
    """Rows given one by one do not grow with the table."""
    if situation.parsed and all(one.verb == "INSERT" and not one.says("SELECT") for one in situation.parsed):
        return
    changed = {change.relation: change.rows for change in situation.trace.row_changes if change.rows}
    for relation, rows in changed.items():
        yield relation, Work.ROWS, rows
    for relation in _find_changes_without_rows(situation):
        if relation not in changed:
            yield relation, Work.ROWS, 0


def _find_changes_without_rows(situation: Situation) -> Iterator[str]:
    """UPDATE and DELETE read the table, also where they met no row."""
    for one in situation.parsed:
        named = situation.find_named(one)
        if one.verb in {"UPDATE", "DELETE", "MERGE"} and named is not None:
            yield named
