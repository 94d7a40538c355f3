"""A clone filled with staging's masked rows, where staging's schema is the target's, ahead of it, or behind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import ConsentMissing, EnvironmentFailed, TargetRefused
from dbtool.findings import Severity
from dbtool.migrate.clone.make import Clone, rehearsal_clone
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration import cloning
from tests.integration.refreshing import request_for

pytestmark = pytest.mark.one_major

TwoDatabases = tuple[str, str]

SHOP = """
CREATE TABLE customer (id serial PRIMARY KEY, email text NOT NULL UNIQUE, born date);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES customer, total numeric);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('1');
INSERT INTO customer (email) SELECT n || '@example.com' FROM generate_series(1, 100) n;
INSERT INTO orders (customer, total) SELECT 1 + n % 100, n FROM generate_series(1, 5000) n;
CREATE INDEX orders_customer ON orders (customer);
CREATE MATERIALIZED VIEW spent AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
CREATE TRIGGER never BEFORE INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def server(newest_server: EmbeddedServer) -> EmbeddedServer:
    """The major makes no difference here."""
    return newest_server


@pytest.fixture
def shop(two_databases: TwoDatabases, tmp_path: Path) -> TwoDatabases:
    """Production, and a staging that a refresh made of it."""
    production, staging = two_databases
    execute(production, SHOP)
    refresh(request_for(production, staging, tmp_path))
    return production, staging


def found(clone: Clone) -> dict[str, str]:
    return {finding.where: finding.check for finding in clone.findings}


def test_stagings_rows_are_on_the_clone(shop: TwoDatabases) -> None:
    production, staging = shop
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert clone.findings == ()
        assert clone.rows == 5100
        rows = "SELECT * FROM orders ORDER BY id"
        assert query(clone.url, rows) == query(staging, rows)
        assert inspection.count_rows(clone.superuser_url) == inspection.count_rows(staging)
        assert inspection.sequences_behind(clone.superuser_url) == []
        assert column_of(clone.url, "SELECT count(*) FROM spent") == [100]
        assert column_of(clone.url, "SELECT reltuples FROM pg_class WHERE relname = 'orders'") == [5000]
        size = clone.population.clone["public.orders"]
        assert (size.rows, size.bytes > 100_000, size.index_bytes > 100_000) == (5000, True, True)
        assert (clone.data, clone.population.data, clone.population.masked) == ("staging", "staging", True)


def test_the_version_is_the_targets_and_not_stagings(shop: TwoDatabases) -> None:
    production, staging = shop
    execute(staging, "UPDATE alembic_version SET version_num = '2'")
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert column_of(clone.url, "SELECT version_num FROM alembic_version") == ["1"]


def test_a_staging_that_is_ahead_fills_what_both_have(shop: TwoDatabases) -> None:
    production, staging = shop
    execute(
        staging,
        "ALTER TABLE customer ADD COLUMN phone text DEFAULT 'x'; ALTER TABLE customer RENAME born TO birthday;"
        "CREATE TABLE basket (id int PRIMARY KEY); INSERT INTO basket VALUES (1);"
        "DROP TRIGGER never ON orders; ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey;"
        "INSERT INTO orders (customer, total) VALUES (4711, 1)",
    )
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert clone.rows == 5101
        assert column_of(clone.url, "SELECT count(born) FROM customer") == [0]
        assert column_of(clone.url, "SELECT to_regclass('public.basket')") == [None]
        keys = "SELECT convalidated FROM pg_constraint WHERE conname = 'orders_customer_fkey'"
        assert column_of(clone.url, keys) == [False]
        assert found(clone) == {
            "public.customer.born": "not-filled",
            "public.orders.orders_customer_fkey": "key-not-valid",
        }


def test_a_staging_that_is_behind_leaves_empty_what_it_lacks(shop: TwoDatabases) -> None:
    production, staging = shop
    execute(
        production,
        "ALTER TABLE customer ADD COLUMN phone text, ADD COLUMN rank int NOT NULL DEFAULT 7;"
        "CREATE TABLE basket (id int PRIMARY KEY); CREATE TABLE stock (id int PRIMARY KEY); INSERT INTO basket VALUES (1);"
        "ALTER TABLE orders ADD COLUMN paid bool; UPDATE orders SET paid = true;"
        "ALTER TABLE orders ALTER COLUMN paid SET NOT NULL; ANALYZE",
    )
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert clone.rows == 100
        assert column_of(clone.url, "SELECT DISTINCT rank FROM customer") == [7]
        assert column_of(clone.url, "SELECT count(*) FROM orders") == [0]
        severities = {finding.where: finding.severity for finding in clone.findings}
        assert severities == {
            "public.customer.phone": Severity.INFO,
            "public.customer.rank": Severity.INFO,
            "public.orders.paid": Severity.WARNING,
            "public.basket": Severity.WARNING,
            "public.stock": Severity.INFO,  # empty in production, too
        }


def test_rows_that_do_not_fit_are_left_out_and_named_without_their_values(shop: TwoDatabases) -> None:
    production, staging = shop
    execute(staging, "ALTER TABLE customer ALTER COLUMN born TYPE text; UPDATE customer SET born = 'hunter2'")
    execute(staging, "ALTER TABLE customer ALTER COLUMN email DROP NOT NULL")
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert clone.rows == 5000
        assert found(clone) == {
            "public.customer": "not-filled",
            "public.orders.orders_customer_fkey": "key-not-valid",
        }
        assert "invalid input syntax for type date" in clone.findings[0].message
        assert "hunter2" not in str(clone.findings)


def test_an_index_that_stagings_rows_do_not_keep_is_left_out(shop: TwoDatabases) -> None:
    production, staging = shop
    execute(
        staging, "ALTER TABLE customer DROP CONSTRAINT customer_email_key; UPDATE customer SET email = 'same'"
    )
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert [finding.check for finding in clone.findings] == ["left-out-of-clone"]
        assert clone.findings[0].where == "public.customer_email_key"
        assert "public.customer.customer_email_key" not in "".join(clone.catalog_before.description())


def test_a_database_that_no_refresh_made_gives_no_rows(two_databases: TwoDatabases) -> None:
    production, staging = two_databases
    execute(production, SHOP)
    execute(staging, SHOP)
    with (
        pytest.raises(
            ConsentMissing, match="staging was not made by dbtool's refresh, so its rows may be real"
        ),
        rehearsal_clone(cloning.request_for(production, staging)),
    ):
        pytest.fail("real rows may not be copied")


def test_rows_that_the_disk_has_no_room_for_are_not_copied(
    shop: TwoDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = shop
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr("dbtool.migrate.clone.make.shutil.disk_usage", lambda _folder: usage)
    message = r"a copy of staging's \d+ MB does not fit into the 1 MB that are free in .*; nothing was copied"
    with (
        pytest.raises(EnvironmentFailed, match=message),
        rehearsal_clone(cloning.request_for(production, staging)),
    ):
        pytest.fail("there is no room")


def test_an_environment_of_tier_production_gives_no_rows(shop: TwoDatabases) -> None:
    production, staging = shop
    request = cloning.request_for(production, staging)
    tier = replace(request.target, url=lambda: staging)
    with pytest.raises(TargetRefused, match="never copied"), rehearsal_clone(replace(request, staging=tier)):
        pytest.fail("production's rows may not be copied")


def test_partitions_of_staging_find_their_places(two_databases: TwoDatabases, tmp_path: Path) -> None:
    production, staging = two_databases
    execute(
        production,
        "CREATE TYPE mood AS ENUM ('good', 'bad', 'odd', 'sad');"
        "CREATE TABLE answer (id int, mood mood) PARTITION BY HASH (mood);"
        "CREATE TABLE answer_0 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE answer_1 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        "INSERT INTO answer SELECT n, (enum_range(NULL::mood))[1 + n % 4] FROM generate_series(1, 400) n;"
        "CREATE TABLE event (id int, day int) PARTITION BY RANGE (day);"
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);"
        "INSERT INTO event SELECT n, n % 20 FROM generate_series(1, 200) n",
    )
    refresh(request_for(production, staging, tmp_path))
    execute(
        production,
        "ALTER TABLE event DETACH PARTITION event_1; DROP TABLE event_1;"
        "CREATE TABLE event_0 PARTITION OF event FOR VALUES FROM (-10) TO (10)",
    )
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert clone.findings == ()
        assert query(clone.url, "SELECT * FROM answer ORDER BY id") == query(
            staging, "SELECT * FROM answer ORDER BY id"
        )
        assert query(
            clone.url, "SELECT tableoid::regclass::text, count(*) FROM event GROUP BY 1 ORDER BY 1"
        ) == [("event_0", 100), ("event_2", 100)]
        assert clone.population.clone["public.event"].rows == 200


def test_rows_behind_forced_row_security_arrive(two_databases: TwoDatabases, tmp_path: Path) -> None:
    production, staging = two_databases
    execute(
        production,
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9);"
        "CREATE POLICY nobody ON t USING (false); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    )
    refresh(request_for(production, staging, tmp_path))
    with rehearsal_clone(cloning.request_for(production, staging)) as clone:
        assert column_of(clone.superuser_url, "SELECT count(*) FROM t") == [9]
        assert column_of(
            clone.superuser_url, "SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'"
        ) == [True]
