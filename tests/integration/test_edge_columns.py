"""Columns that are not copied as they are: generated, identity, dropped, too many, none; and the sequences behind them."""

from __future__ import annotations

from pathlib import Path

from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for
from tests.integration.test_refresh_subset import subset_request

TwoDatabases = tuple[str, str]


def test_tables_without_columns_of_their_own_keep_their_rows(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 70000);"
        "CREATE TABLE emptied (a int, b text); ALTER TABLE emptied DROP COLUMN a, DROP COLUMN b;"
        "INSERT INTO emptied SELECT FROM generate_series(1, 3); CREATE TABLE none ();"
        "CREATE TABLE made (answer int GENERATED ALWAYS AS (42) STORED); INSERT INTO made SELECT FROM generate_series(1, 5);"
        "CREATE TABLE part () INHERITS (nothing); INSERT INTO part SELECT FROM generate_series(1, 2)",
    )
    result = refresh(request_for(source, target, tmp_path))
    assert {table.name.name: table.rows for table in result.tables} == {
        "nothing": 70_000,
        "emptied": 3,
        "none": 0,
        "made": 5,
        "part": 2,
    }
    assert query(target, "SELECT (SELECT count(*) FROM nothing), (SELECT count(*) FROM emptied)") == [
        (70_002, 3)
    ]
    assert column_of(target, "SELECT answer FROM made") == [42] * 5


def test_rows_without_columns_may_be_a_subset(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 30);"
        "CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1), (2)",
    )
    rules = "subset: {roots: [{table: public.other, ids: [1]}], tables: {public.nothing: all}}\n"
    refresh(subset_request(source, target, tmp_path, rules))
    assert query(target, "SELECT (SELECT count(*) FROM nothing), (SELECT count(*) FROM other)") == [(30, 1)]
