"""How large and how busy relations are, by the server's own statistics."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import psycopg
import pytest

from dbtool.locks.trace import RelationSize, Sizes
from dbtool.postgres.session import connect
from dbtool.postgres.sizes import read_sizes
from tests.acceptance.project import wait_until
from tests.databases import execute


def sizes_of(url: str) -> Sizes:
    with connect(url, read_only=True) as connection:
        return read_sizes(connection)


def test_rows_and_bytes_of_a_table_and_its_indexes_are_told(database: str) -> None:
    execute(
        database,
        'CREATE TABLE "Order" (id int PRIMARY KEY, note text); CREATE TABLE never (id int);'
        'INSERT INTO "Order" SELECT n, repeat(\'x\', 50) FROM generate_series(1, 5000) n; ANALYZE "Order";'
        "CREATE SCHEMA dbtool; CREATE TABLE dbtool.own (id int); CREATE VIEW seen AS SELECT 1",
    )
    sizes = sizes_of(database)
    assert set(sizes) == {'public."Order"', "public.never"}
    order = sizes['public."Order"']
    assert order.rows == 5000
    assert 350_000 < order.bytes < 700_000
    assert 80_000 < order.index_bytes < 300_000
    assert (sizes["public.never"].rows, sizes["public.never"].bytes) == (0, 0)


def test_long_values_count(database: str) -> None:
    execute(database, "CREATE TABLE t (body text); ALTER TABLE t ALTER body SET STORAGE EXTERNAL")
    execute(database, "INSERT INTO t VALUES (repeat('x', 1000000))")
    assert sizes_of(database)["public.t"].bytes > 1_000_000


def test_a_partitioned_table_is_the_sum_of_its_leaves(database: str) -> None:
    execute(
        database,
        "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);"
        "CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (100);"
        "CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (100) TO (200) PARTITION BY LIST (b);"
        "CREATE TABLE t_high_1 PARTITION OF t_high FOR VALUES IN (1); CREATE INDEX ON t (a);"
        "INSERT INTO t SELECT n, 1 FROM generate_series(0, 149) n; ANALYZE t",
    )
    sizes = sizes_of(database)
    assert {name: size.rows for name, size in sizes.items()} == {
        "public.t": 150,
        "public.t_low": 100,
        "public.t_high": 50,
        "public.t_high_1": 50,
    }
    assert sizes["public.t"].bytes == sizes["public.t_low"].bytes + sizes["public.t_high_1"].bytes
    assert sizes["public.t"].index_bytes == sizes["public.t_low"].index_bytes * 2 > 0


def test_rows_of_a_table_that_was_never_analysed_are_those_that_were_counted_as_they_came(
    database: str,
) -> None:
    execute(database, "CREATE TABLE t (a int); ALTER TABLE t SET (autovacuum_enabled = off)")
    execute(database, "INSERT INTO t SELECT generate_series(1, 70)")
    wait_until(lambda: sizes_of(database)["public.t"].rows == 70, "the statistics have arrived")


def test_scans_and_writes_are_rates_since_the_statistics_were_reset(database: str) -> None:
    execute(database, "CREATE TABLE t (a int PRIMARY KEY); SELECT pg_stat_reset()")
    began = time.monotonic()
    execute(
        database,
        "INSERT INTO t SELECT generate_series(1, 900); UPDATE t SET a = -a WHERE a <= 100; DELETE FROM t WHERE a < 0",
    )
    wait_until(lambda: sizes_of(database)["public.t"].writes_per_s > 0, "the statistics have arrived")
    time.sleep(max(0.0, 2 - (time.monotonic() - began)))
    busy = sizes_of(database)["public.t"]
    passed = time.monotonic() - began
    assert busy.writes_per_s == pytest.approx(1100 / passed, rel=0.5)
    assert 0 < busy.scans_per_s < 10
    assert isinstance(busy, RelationSize)


def test_pg_catalog_is_all_that_is_read(database: str) -> None:
    role = f"dbtool_sizes_{urlsplit(database).path[1:]}"
    execute(database, f"CREATE TABLE t (a int PRIMARY KEY); CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        parts = urlsplit(database)
        assert set(sizes_of(parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}").geturl())) == {
            "public.t"
        }
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}".encode())
