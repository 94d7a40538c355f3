from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.migrate.rehearse.changes import Span
from dbtool.migrate.rehearse.standing_alone import documented_locks, fits_block, plan_hold
from tests.unit.migrate.looks import INDEX, T, U, known, relation

_KNOWN = known(
    relation(), relation(INDEX, "t_n", kind="i", table=T), relation(U, "u"), relation(20004, "w", kind="p")
)


@pytest.mark.parametrize(
    ("sql", "fits"),
    [
        ("ALTER TABLE t ADD c int", True),
        ("ALTER TYPE e ADD VALUE 'x'", True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", True),
        ("REINDEX TABLE t", True),
        ("REINDEX TABLE w", False),
        ("CLUSTER t USING t_n", True),
        ("CLUSTER", False),
        ("CREATE INDEX CONCURRENTLY i ON t (n)", False),
        ("VACUUM t", False),
        ("ALTER SYSTEM SET work_mem = '1MB'", False),
        ("CALL p()", False),
        ("DO $$ BEGIN COMMIT; END $$", False),
        ("DO $$ BEGIN PERFORM 1; END $$", True),
        ("COMMIT", False),
    ],
)
def test_a_block_holds_what_does_the_same_in_it(sql: str, fits: bool) -> None:
    assert fits_block(sql, _KNOWN) is fits


@pytest.mark.parametrize(
    ("sql", "names", "mode"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (n)", ["t"], LockMode.ROW_EXCLUSIVE),
        ("DROP INDEX CONCURRENTLY t_n", ["t"], LockMode.ACCESS_SHARE),
        ("VACUUM t", ["t"], LockMode.SHARE_UPDATE_EXCLUSIVE),
        ("VACUUM FULL t", ["t"], LockMode.ACCESS_SHARE),
        ("VACUUM", ["t", "u", "w"], LockMode.SHARE_UPDATE_EXCLUSIVE),
        ("REINDEX SCHEMA public", ["t", "u", "w"], LockMode.ACCESS_SHARE),
    ],
)
def test_what_is_held_is_what_the_statement_waits_for(sql: str, names: list[str], mode: LockMode) -> None:
    hold = plan_hold(sql, _KNOWN)
    assert hold is not None
    assert ([each.name.name for each in hold.relations], hold.mode) == (names, mode)


@pytest.mark.parametrize(
    "sql", ["VACUUM (SKIP_LOCKED) t", "CREATE DATABASE d", "ALTER SYSTEM SET work_mem = '1MB'", "DISCARD ALL"]
)
def test_nothing_is_held_where_it_would_change_what_is_done(sql: str) -> None:
    assert plan_hold(sql, _KNOWN) is None


@pytest.mark.parametrize(
    ("sql", "built", "expected"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (n)", [], {"t": LockMode.SHARE_UPDATE_EXCLUSIVE}),
        (
            "DROP INDEX CONCURRENTLY t_n",
            [],
            {"t_n": LockMode.ACCESS_EXCLUSIVE, "t": LockMode.SHARE_UPDATE_EXCLUSIVE},
        ),
        (
            "REINDEX TABLE CONCURRENTLY t",
            ["public.t_n"],
            {"t_n": LockMode.ACCESS_EXCLUSIVE, "t": LockMode.SHARE_UPDATE_EXCLUSIVE},
        ),
        ("REINDEX SCHEMA public", ["public.t_n"], {"t_n": LockMode.ACCESS_EXCLUSIVE, "t": LockMode.SHARE}),
        (
            "ALTER TABLE w DETACH PARTITION t CONCURRENTLY",
            [],
            {"w": LockMode.SHARE_UPDATE_EXCLUSIVE, "t": LockMode.ACCESS_EXCLUSIVE},
        ),
        ("VACUUM t", [], {"t": LockMode.ACCESS_EXCLUSIVE}),
        ("VACUUM (TRUNCATE off) t", [], {"t": LockMode.SHARE_UPDATE_EXCLUSIVE}),
        ("VACUUM", [], {"t": LockMode.ACCESS_EXCLUSIVE, "u": LockMode.ACCESS_EXCLUSIVE}),
        ("ALTER TABLE t ADD c int", [], {}),
    ],
)
def test_the_manual_says_what_nobody_can_see(
    sql: str, built: list[str], expected: dict[str, LockMode]
) -> None:
    found = documented_locks(sql, Span(_KNOWN, _KNOWN, path=("public",)), built)
    assert {each.name.name: mode for each, mode in found} == expected
