"""What a rerun must know of a statement, read from its text."""

from __future__ import annotations

import pytest

from dbtool.migrate.apply.effects import (
    Effect,
    EffectKind,
    describe_effect,
    drop_index,
    find_settings,
    is_repeated,
    locks_nobody_out,
    returns_rows,
)

_BUILT, _GONE = EffectKind.INDEX_BUILT, EffectKind.INDEX_GONE


@pytest.mark.parametrize(
    ("sql", "index", "table"),
    [
        ("CREATE INDEX CONCURRENTLY a ON t (x)", "a", "t"),
        ("create unique index concurrently if not exists A on only S.T using btree (x)", "a", "s.t"),
        ('CREATE INDEX CONCURRENTLY "A-b" ON "My Shop"."Order.s" (x);', '"A-b"', '"My Shop"."Order.s"'),
        ('CREATE INDEX CONCURRENTLY "a--b" ON t (x)', '"a--b"', "t"),
        ('CREATE INDEX CONCURRENTLY "a""b" ON t (x)', '"a""b"', "t"),
        ("-- why\nCREATE /* a /* nested */ one */ INDEX\n  CONCURRENTLY a ON t(x) -- end", "a", "t"),
        ("CREATE INDEX CONCURRENTLY a ON public . t (x)", "a", "public.t"),
        ("CREATE INDEX CONCURRENTLY ü ON größe (x) WHERE note = ' ON other'", '"ü"', '"größe"'),
    ],
)
def test_a_concurrent_build_leaves_an_index_however_it_is_spelt(sql: str, index: str, table: str) -> None:
    assert describe_effect(sql) == Effect(_BUILT, index, table)


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("DROP INDEX CONCURRENTLY a", "a"),
        ('drop index concurrently if exists public."A b" restrict;', 'public."A b"'),
    ],
)
def test_a_concurrent_drop_leaves_none(sql: str, index: str) -> None:
    assert describe_effect(sql) == Effect(_GONE, index)


@pytest.mark.parametrize(
    "sql",
    [
        "VACUUM t",
        "analyze",
        "REINDEX INDEX CONCURRENTLY a",
        "CLUSTER",
        "REFRESH MATERIALIZED VIEW m",
        "DISCARD ALL",
        "ALTER SYSTEM SET work_mem = '4MB'",
    ],
)
def test_what_may_be_done_again_is_repeatable(sql: str) -> None:
    assert describe_effect(sql).kind is EffectKind.REPEATABLE


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY ON t (x)",  # PostgreSQL chooses the name
        "CREATE INDEX a ON t (x)",
        "DROP INDEX a",
        "DROP INDEX CONCURRENTLY a, b",
        "CREATE INDEX CONCURRENTLY a ON t (x); VACUUM t",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "CREATE DATABASE d",
        'CREATE INDEX CONCURRENTLY U&"a" ON t (x)',
        "",
    ],
)
def test_of_anything_else_the_catalog_does_not_show_whether_it_was_done(sql: str) -> None:
    assert describe_effect(sql) == Effect(EffectKind.UNKNOWN)


def test_an_effect_is_told_in_words() -> None:
    assert Effect(_BUILT, "a", "s.t").render() == "index built a on s.t"
    assert Effect(_GONE, "a").render() == "index gone a"
    assert Effect(EffectKind.UNKNOWN).render() == "unknown"


@pytest.mark.parametrize(
    ("table", "dropped"),
    [
        ("t", "a"),
        ("s.t", "s.a"),
        ('"My.Shop"."Order.s"', '"My.Shop".a'),
        ('"Order.s"', "a"),
        ("shop.s.t", "s.a"),
    ],
)
def test_an_index_is_dropped_from_its_tables_schema(table: str, dropped: str) -> None:
    sql = f"CREATE INDEX CONCURRENTLY a ON {table} (x)"
    assert drop_index(sql) == f"DROP INDEX CONCURRENTLY IF EXISTS {dropped}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "-- why\nSELECT id FROM t FOR UPDATE",
        "(SELECT 1) UNION (SELECT 2)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1)",
        "SHOW search_path",
        "SET search_path = s",
        "SET ROLE owner",
        "RESET ALL",
        "DISCARD ALL",
        "SAVEPOINT sa_savepoint_1",
        "RELEASE SAVEPOINT sa_savepoint_1",
        "ROLLBACK TO SAVEPOINT sa_savepoint_1",
        "SET ROLE owner; SELECT 1",
    ],
)
def test_what_reads_or_sets_something_of_the_session_is_run_again(sql: str) -> None:
    assert is_repeated(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone",
        "SELECT 1 INTO other",
        "SET ROLE owner; ALTER TABLE t ADD COLUMN c int",
        "ALTER TABLE t ADD COLUMN c int",
        "DO $$ BEGIN END $$",
        "ROLLBACK",
        "",
    ],
)
def test_what_may_leave_something_is_not(sql: str) -> None:
    assert not is_repeated(sql)


def test_settings_among_other_statements_are_found_but_for_those_of_the_transaction() -> None:
    sql = "SET ROLE owner; SET LOCAL lock_timeout = 0; ALTER TABLE t ADD c int; SET CONSTRAINTS ALL DEFERRED; RESET role"
    assert find_settings(sql) == ("SET ROLE owner", "RESET role")
    assert find_settings("INSERT INTO t VALUES ('; SET ROLE x;')") == ()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1) RETURNING id",
        "update t set x = 1 returning x",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone",
    ],
)
def test_rows_come_back_from_returning_and_from_a_select_behind_a_change(sql: str) -> None:
    assert returns_rows(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES ('returning customer')",
        'UPDATE t SET "returning" = 1',
        "UPDATE t SET x = 1 -- returning",
        "WITH gone AS (DELETE FROM t RETURNING *) INSERT INTO archive SELECT * FROM gone",
        "DO $$ BEGIN INSERT INTO t VALUES (1) RETURNING id INTO x; END $$",
        "CREATE TABLE c AS SELECT 1",
        "SELECT 1 AS a INTO c",
        "",
    ],
)
def test_no_rows_come_back_where_the_word_only_stands_somewhere(sql: str) -> None:
    assert not returns_rows(sql)


@pytest.mark.parametrize(
    ("sql", "patient"),
    [
        ("CREATE INDEX CONCURRENTLY a ON t (x)", True),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", True),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", True),
        ("VACUUM (ANALYZE) t", True),
        ("VACUUM FULL t", False),
        ("VACUUM (FULL, ANALYZE) t", False),
        ("CLUSTER", False),
        ("REINDEX SCHEMA public", False),
        ("ALTER TABLE t ADD COLUMN c int", False),
    ],
)
def test_only_what_nobody_queues_behind_may_wait_without_end(sql: str, patient: bool) -> None:
    assert locks_nobody_out(sql) is patient
