from __future__ import annotations

import pytest

from dbtool.locks.blocks import controls_transactions, may_end_its_transaction, must_stand_alone

ALONE = [
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "create unique index concurrently if not exists i on t (a)",
    "-- why\n  /* and\n how */ DROP INDEX CONCURRENTLY i",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (VERBOSE, CONCURRENTLY) INDEX i",
    "REINDEX SCHEMA public",
    "VACUUM FULL t",
    "CLUSTER",
    "ALTER TABLE p DETACH PARTITION p1\n CONCURRENTLY",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE DATABASE d",
]
WITHIN = [
    "CREATE INDEX i ON t (a)",
    "CREATE INDEX concurrently_used ON t (a)",
    "REINDEX TABLE t",
    "CLUSTER t USING i",
    "ALTER TYPE mood ADD VALUE 'fine'",
    "ALTER TABLE p DETACH PARTITION p1",
    "SELECT 'VACUUM'",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    "ALTER DATABASES",
]


@pytest.mark.parametrize("sql", ALONE)
def test_knows_what_cannot_run_in_a_block(sql: str) -> None:
    assert must_stand_alone(sql)


@pytest.mark.parametrize("sql", WITHIN)
def test_lets_the_rest_run_in_a_block(sql: str) -> None:
    assert not must_stand_alone(sql)


def test_leaves_what_may_commit_within_to_commit_by_itself() -> None:
    assert may_end_its_transaction("CALL archive_orders()")
    assert may_end_its_transaction("DO $$ BEGIN COMMIT; END $$")
    assert may_end_its_transaction("REINDEX TABLE measured")
    assert not may_end_its_transaction("UPDATE dogs SET name = 'do'")


def test_knows_transaction_control() -> None:
    assert controls_transactions("/* x */ COMMIT")
    assert not controls_transactions("UPDATE commits SET a = 1")
