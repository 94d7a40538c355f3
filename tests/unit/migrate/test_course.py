from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.locks.trace import HeldLock, StatementFailure, StatementTrace
from dbtool.migrate.rehearse.course import Course

_LOCK = HeldLock("public.t", LockMode.ACCESS_EXCLUSIVE, 0.0)


def _statement(
    sql: str = "ALTER TABLE t ADD c int", *locks: HeldLock, seconds: float = 1.0
) -> StatementTrace:
    return StatementTrace(1, sql, seconds, locks=locks or (_LOCK,))


def _held(course: Course) -> list[float]:
    return [lock.held_s for each in course.traces({})[0].statements for lock in each.locks]


def test_locks_are_held_from_the_statement_to_the_end_of_the_transaction() -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(), began_at=100, ours_s=0)
    course.add(_statement(), began_at=103, ours_s=0)
    course.end_transaction(110)
    assert _held(course) == [10, 7]


def test_what_looking_took_counts_for_nobody() -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(), began_at=100, ours_s=1)
    course.add(_statement(), began_at=104, ours_s=2, before_s=1)
    course.end_transaction(111)
    course.finish(13)
    assert _held(course) == [7, 5]
    assert course.traces({})[0].seconds == 9


def test_a_lock_is_held_no_shorter_than_its_statement() -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(seconds=1.0), began_at=100, ours_s=5)
    course.end_transaction(101)
    assert _held(course) == [1.0]


def test_an_ended_transaction_is_not_ended_again() -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(), began_at=100, ours_s=0)
    course.end_transaction(101)
    course.add(_statement(), began_at=102, ours_s=0)
    course.end_transaction(110)
    assert _held(course) == [1, 8]


def test_what_is_documented_alone_was_held_for_no_known_time() -> None:
    course = Course()
    course.begin("a")
    course.add(
        _statement("VACUUM t", HeldLock("public.t", LockMode.ACCESS_EXCLUSIVE, 0.0, measured=False)), 100, 0
    )
    course.end_transaction(110)
    assert _held(course) == [0.0]


@pytest.mark.parametrize("text", ["ROLLBACK TO SAVEPOINT s1", "rollback to s1;", "ROLLBACK WORK TO s1"])
def test_a_rollback_to_a_savepoint_ends_what_came_after_it(text: str) -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(), began_at=100, ours_s=0)
    course.add(StatementTrace(2, "SAVEPOINT s1", 0.0), began_at=101, ours_s=0)
    course.add(_statement(), began_at=102, ours_s=0)
    course.add(StatementTrace(4, text, 0.0), began_at=105, ours_s=0)
    course.end_transaction(110)
    assert _held(course) == [10, 3]


def test_a_failure_that_no_statement_shows_becomes_one() -> None:
    course = Course()
    course.begin("a")
    course.add(_statement(), began_at=100, ours_s=0)
    course.fail(StatementFailure("22012", "division by zero"))
    (revision,) = course.traces({"a": "a.py"})
    assert [each.sql for each in revision.statements][1:] == ["-- not sent through SQLAlchemy"]
    assert (revision.status, revision.file) == ("failed", "a.py")


def test_a_failure_that_a_statement_shows_is_told_once() -> None:
    course = Course()
    course.begin("a")
    failure = StatementFailure("22012", "division by zero")
    course.add(StatementTrace(1, "SELECT 1 / 0", 0.1, failure=failure), began_at=100, ours_s=0)
    course.fail(failure)
    assert len(course.traces({})[0].statements) == 1


def test_a_revision_is_failed_until_it_has_ended() -> None:
    course = Course()
    course.begin("a")
    assert course.traces({})[0].status == "failed"
    course.finish(1)
    assert course.traces({})[0].status == "ok"
    course.fail()  # its COMMIT
    assert course.traces({})[0].status == "failed"
