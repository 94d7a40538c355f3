from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.findings import Finding, Severity
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import HeldLock, IndexBuild, RowChange, StatementFailure, StatementTrace
from dbtool.report.traces import (
    count_of,
    describe_failure,
    describe_lock,
    describe_work,
    is_telling,
    list_in_words,
    telling_locks,
)

QUIET = StatementTrace(1, "SELECT 1", 0.001)


def lock(mode: LockMode, relation: str = "public.t", kind: str = "r", *, measured: bool = True) -> HeldLock:
    return HeldLock(relation, mode, 1.5, kind, measured)


def test_a_statement_of_no_consequence_has_nothing_to_tell() -> None:
    assert not is_telling(QUIET)
    assert not is_telling(replace(QUIET, locks=(lock(LockMode.SHARE_UPDATE_EXCLUSIVE),)))
    assert not is_telling(replace(QUIET, findings=(Finding("x", Severity.INFO, "w", "m"),)))


@pytest.mark.parametrize(
    "statement",
    [
        replace(QUIET, failure=StatementFailure(None, "m")),
        replace(QUIET, locks=(lock(LockMode.SHARE),)),
        replace(QUIET, rewrites=("public.t",)),
        replace(QUIET, scans=("public.t",)),
        replace(QUIET, index_builds=(IndexBuild("public.i", "public.t"),)),
        replace(QUIET, row_changes=(RowChange("public.t", inserted=1),)),
        replace(QUIET, row_changes=(RowChange("public.t", truncated=True),)),
        replace(QUIET, dropped=("public.t",)),
        replace(QUIET, findings=(Finding("x", Severity.WARNING, "w", "m"),)),
    ],
)
def test_a_statement_that_did_something_is_told(statement: StatementTrace) -> None:
    assert is_telling(statement)


def test_locks_that_make_others_wait_come_strongest_first() -> None:
    locks = (
        lock(LockMode.ROW_EXCLUSIVE, "public.c"),
        lock(LockMode.SHARE_ROW_EXCLUSIVE, "public.b"),
        lock(LockMode.ACCESS_EXCLUSIVE, "public.a"),
    )
    assert [one.relation for one in telling_locks(replace(QUIET, locks=locks))] == ["public.a", "public.b"]


def test_where_nobody_waits_the_strongest_lock_is_told() -> None:
    locks = (lock(LockMode.ACCESS_SHARE, "public.a"), lock(LockMode.ROW_EXCLUSIVE, "public.b"))
    assert [one.relation for one in telling_locks(replace(QUIET, locks=locks))] == ["public.b"]


def test_an_index_is_locked_with_its_table_unless_its_lock_is_stronger() -> None:
    table = lock(LockMode.SHARE)
    weaker, stronger = (
        lock(LockMode.SHARE, "public.i", "i"),
        lock(LockMode.ACCESS_EXCLUSIVE, "public.i", "i"),
    )
    assert telling_locks(replace(QUIET, locks=(table, weaker))) == (table,)
    assert telling_locks(replace(QUIET, locks=(table, stronger))) == (stronger, table)


@pytest.mark.parametrize(
    ("mode", "waits"),
    [
        (LockMode.ACCESS_EXCLUSIVE, "reads and writes wait"),
        (LockMode.EXCLUSIVE, "writes wait"),
        (LockMode.SHARE, "writes wait"),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, "reads and writes go on"),
        (LockMode.ROW_EXCLUSIVE, "who writes the same rows waits"),
        (LockMode.ACCESS_SHARE, "reads and writes go on"),
    ],
)
def test_a_lock_says_who_waits_and_how_long(mode: LockMode, waits: str) -> None:
    assert describe_lock(lock(mode)) == f"on public.t for 1.5 s: {waits}"


def test_a_lock_that_could_not_be_seen_is_no_measurement() -> None:
    told = describe_lock(lock(LockMode.ACCESS_EXCLUSIVE, measured=False))
    assert told == "on public.t (documented, not measured): reads and writes wait"


def test_work_is_told_in_phrases() -> None:
    statement = replace(
        QUIET,
        rewrites=("public.a",),
        scans=("public.b",),
        index_builds=(IndexBuild("public.i", "public.a"), IndexBuild("public.j", "public.b", True)),
        row_changes=(RowChange("public.c", 1, 2000, 3), RowChange("public.d", truncated=True)),
        dropped=("public.e", "public.f"),
    )
    assert list(describe_work(statement)) == [
        "rewrote public.a",
        "read all of public.b",
        "built index public.i on public.a",
        "built index public.j on public.b concurrently",
        "inserted 1 row of public.c",
        "updated 2,000 rows of public.c",
        "deleted 3 rows of public.c",
        "truncated public.d",
        "dropped public.e, public.f",
    ]


def test_a_failure_has_its_code_where_the_server_sent_one() -> None:
    assert describe_failure(QUIET) == ""
    assert describe_failure(replace(QUIET, failure=StatementFailure("23502", "m"))) == "m (23502)"
    assert describe_failure(replace(QUIET, failure=StatementFailure(None, "m"))) == "m"


def test_counts_and_lists_are_spelt_as_people_do() -> None:
    assert (count_of(1, "row"), count_of(0, "row"), count_of(1234, "row")) == (
        "1 row",
        "0 rows",
        "1,234 rows",
    )
    assert [list_in_words(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
