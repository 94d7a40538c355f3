"""A remedy runs as it is pasted, and does what the statement it stands for would have done."""

from __future__ import annotations

from dataclasses import dataclass

import alembic.op
import psycopg
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from dbtool.locks.modes import LockMode
from dbtool.locks.trace import RowChange
from tests.unit.locks.traces import ORDERS, USERS, Case, built, exclusive, lock, row_exclusive, updated

_SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id bigint, user_id bigint, code varchar(50), state text, "Total" int);
INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 12000) n;
INSERT INTO orders SELECT n, n, 'c' || n, NULLIF(n % 2, 0), n FROM generate_series(1, 12000) n;
CREATE DOMAIN code AS text;
CREATE MATERIALIZED VIEW totals AS SELECT id, "Total" FROM orders;
CREATE UNIQUE INDEX ON totals (id);
"""


@dataclass(frozen=True)
class _Remedied:
    """``holds`` is a query that is true when the remedy has done its work."""

    check: str
    case: Case
    holds: str


_REWRITE = {"locks": exclusive(ORDERS), "rewrites": (ORDERS,)}
_SCAN = {"locks": exclusive(ORDERS), "scans": (ORDERS,)}
_INDEX = {"locks": exclusive(ORDERS), "index_builds": built("public.i", ORDERS)}
_VALIDATED = "SELECT bool_and(convalidated) AND count(*) = 1 FROM pg_constraint WHERE conname = "
_TYPE = "SELECT format_type(atttypid, atttypmod) = '{}' FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = '{}'"

_REMEDIES = {
    "a serial": _Remedied(
        "rewrite-under-lock",
        Case().run("ALTER TABLE orders ADD COLUMN n bigserial", **_REWRITE),
        "SELECT count(DISTINCT n) = 12000 FROM orders",
    ),
    "an identity": _Remedied(
        "rewrite-under-lock",
        Case(major=15).run("ALTER TABLE orders ADD n bigint GENERATED ALWAYS AS IDENTITY", **_REWRITE),
        "SELECT count(DISTINCT n) = 12000 AND bool_and(attidentity = 'a') FROM orders, pg_attribute "
        "WHERE attrelid = 'orders'::regclass AND attname = 'n'",
    ),
    "a volatile default on a column that is NOT NULL": _Remedied(
        "rewrite-under-lock",
        Case(major=15).run("ALTER TABLE orders ADD k uuid NOT NULL DEFAULT gen_random_uuid()", **_REWRITE),
        "SELECT count(DISTINCT k) = 12000 AND bool_and(attnotnull) FROM orders, pg_attribute "
        "WHERE attrelid = 'orders'::regclass AND attname = 'k'",
    ),
    "another type": _Remedied(
        "rewrite-under-lock",
        Case().run('ALTER TABLE orders ALTER COLUMN "Total" TYPE bigint', **_REWRITE),
        _TYPE.format("bigint", "Total"),
    ),
    "a narrower text": _Remedied(
        "rewrite-under-lock",
        Case().run("ALTER TABLE orders ALTER code TYPE varchar(20)", **_REWRITE),
        f"{_VALIDATED}'orders_code_length'",
    ),
    "NOT NULL": _Remedied(
        "scan-under-lock",
        Case(major=15).run("ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL", **_SCAN),
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'user_id'",
    ),
    "a CHECK": _Remedied(
        "scan-under-lock",
        Case().run('ALTER TABLE orders ADD CHECK ("Total" > 0)', **_SCAN),
        f"{_VALIDATED}'orders_check'",
    ),
    "a column with a CHECK": _Remedied(
        "scan-under-lock",
        Case().run("ALTER TABLE orders ADD COLUMN n int CHECK (n > (0 + 0))", **_SCAN),
        f"{_VALIDATED}'orders_n_check'",
    ),
    "a foreign key": _Remedied(
        "lock-on-other-relation",
        Case().run(
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id)",
            locks=(lock(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE), lock(USERS, LockMode.SHARE_ROW_EXCLUSIVE)),
        ),
        f"{_VALIDATED}'f'",
    ),
    "UNIQUE": _Remedied(
        "index-build-under-lock",
        Case().run("ALTER TABLE orders ADD CONSTRAINT orders_code UNIQUE (code)", **_INDEX),
        f"{_VALIDATED}'orders_code'",
    ),
    "a primary key": _Remedied(
        "index-build-under-lock",
        Case().run("ALTER TABLE orders ADD PRIMARY KEY (id)", **_INDEX),
        f"{_VALIDATED}'orders_pkey'",
    ),
    "an index": _Remedied(
        "index-build-under-lock",
        Case().run('CREATE INDEX by_total ON orders ("Total")', **_INDEX),
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_total'::regclass",
    ),
    "an index built anew": _Remedied(
        "index-build-under-lock",
        Case().run("REINDEX TABLE orders", **_INDEX),
        "SELECT true",
    ),
    "a domain": _Remedied(
        "scan-under-lock",
        Case().run("ALTER DOMAIN code ADD CHECK (VALUE <> '')", locks=(lock(ORDERS, LockMode.SHARE),)),
        f"{_VALIDATED}'code_check'",
    ),
    "a materialized view": _Remedied(
        "view-locked",
        Case(relations=("public.totals",)).run(
            "REFRESH MATERIALIZED VIEW totals",
            locks=(lock("public.totals", LockMode.ACCESS_EXCLUSIVE, "m"),),
        ),
        "SELECT count(*) = 12000 FROM totals",
    ),
    "an UPDATE": _Remedied(
        "unbatched-change",
        Case().run(
            "UPDATE orders SET state = 'a:b' WHERE state IS NULL",
            locks=row_exclusive(ORDERS),
            row_changes=updated(ORDERS, 50_000),
        ),
        "SELECT count(*) FILTER (WHERE state = 'a:b') = 6000 FROM orders",
    ),
    "an UPDATE of all rows that must not happen twice": _Remedied(
        "unbatched-change",
        Case().run(
            'UPDATE orders SET "Total" = "Total" * 2',
            locks=row_exclusive(ORDERS),
            row_changes=updated(ORDERS, 100_000),
        ),
        'SELECT bool_and("Total" = 2 * id) FROM orders',
    ),
    "a DELETE": _Remedied(
        "unbatched-change",
        Case().run(
            "DELETE FROM orders WHERE state IS NULL OR state = 'x'",
            locks=row_exclusive(ORDERS),
            row_changes=(RowChange(ORDERS, deleted=40_000),),
        ),
        "SELECT count(*) = 6000 FROM orders",
    ),
}


@pytest.mark.parametrize("name", _REMEDIES)
def test_a_remedy_runs_as_it_is_pasted(name: str, database: str) -> None:
    remedied = _REMEDIES[name]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        _paste(database, remedied.case.findings()[remedied.check].remedy)
        assert connection.execute(remedied.holds.encode()).fetchone() == (True,)


def _paste(url: str, remedy: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context), context.begin_transaction():
            exec(remedy, {"op": alembic.op, "sa": sa})  # noqa: S102  the remedy is ours
