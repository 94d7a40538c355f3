"""What a migration leaves half done, on a real server."""

from __future__ import annotations

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.session import connect
from dbtool.postgres.unfinished import Unfinished, read_unfinished
from tests.databases import execute

_DONE = """
CREATE TABLE parcel (id int PRIMARY KEY, weight int CHECK (weight > 0), UNIQUE (weight));
INSERT INTO parcel VALUES (1, 1), (2, 2);
"""


def _read(url: str) -> set[tuple[str, str, str]]:
    with connect(url, read_only=True) as connection:
        found = read_unfinished(connection)
    assert all(isinstance(one, Unfinished) for one in found)
    return {(one.kind, one.name, one.relation) for one in found}


def test_what_is_done_is_not_told(database: str) -> None:
    execute(database, _DONE)
    assert _read(database) == set()


def test_a_concurrent_build_that_failed_leaves_an_invalid_index(database: str) -> None:
    execute(database, 'CREATE TABLE "Odd table" (id int); INSERT INTO "Odd table" VALUES (1), (1)')
    with psycopg.connect(database, autocommit=True) as failing, pytest.raises(psycopg.errors.UniqueViolation):
        failing.execute('CREATE UNIQUE INDEX CONCURRENTLY "Odd ix" ON "Odd table" (id)')
    assert _read(database) == {("index", 'public."Odd ix"', 'public."Odd table"')}


def test_constraints_not_valid_are_told_until_they_are_validated(database: str) -> None:
    execute(database, _DONE)
    execute(
        database,
        'ALTER TABLE parcel ADD CONSTRAINT "is Heavy" CHECK (weight > 1) NOT VALID;'
        "CREATE TABLE visit (parcel_id int);"
        "ALTER TABLE visit ADD CONSTRAINT of_parcel FOREIGN KEY (parcel_id) REFERENCES parcel NOT VALID",
    )
    assert _read(database) == {
        ("constraint", '"is Heavy"', "public.parcel"),
        ("constraint", "of_parcel", "public.visit"),
    }
    execute(database, "ALTER TABLE visit VALIDATE CONSTRAINT of_parcel")
    assert _read(database) == {("constraint", '"is Heavy"', "public.parcel")}


def test_an_index_on_a_partitioned_table_alone_waits_for_its_partitions(database: str) -> None:
    execute(
        database,
        "CREATE TABLE visit (at date) PARTITION BY RANGE (at);"
        "CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "CREATE INDEX visit_at ON ONLY visit (at)",
    )
    assert _read(database) == {("partitioned index", "public.visit_at", "public.visit")}
    execute(
        database,
        "CREATE INDEX visit_2026_at ON visit_2026 (at); ALTER INDEX visit_at ATTACH PARTITION visit_2026_at",
    )
    assert _read(database) == set()


def test_a_constraint_of_partitions_is_told_once_for_the_whole(database: str) -> None:
    execute(
        database,
        "CREATE TABLE visit (at date, n int) PARTITION BY RANGE (at);"
        "CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "ALTER TABLE visit ADD CONSTRAINT positive CHECK (n > 0) NOT VALID",
    )
    assert _read(database) == {("constraint", "positive", "public.visit")}


def test_what_is_not_enforced_is_never_validated(server: EmbeddedServer, database: str) -> None:
    if server.major < 18:
        pytest.skip("cannot run here: keys that are not enforced came with PostgreSQL 18")
    execute(database, _DONE)
    execute(
        database,
        "CREATE TABLE visit (parcel_id int REFERENCES parcel NOT ENFORCED, n int CHECK (n > 0) NOT ENFORCED)",
    )
    assert _read(database) == set()


def test_the_ledgers_own_schema_is_left_out(database: str) -> None:
    execute(database, "CREATE SCHEMA dbtool; CREATE TABLE dbtool.own (n int)")
    execute(database, "ALTER TABLE dbtool.own ADD CONSTRAINT positive CHECK (n > 0) NOT VALID")
    assert _read(database) == set()
