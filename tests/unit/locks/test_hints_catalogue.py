"""Every row of the catalogue of dangerous DDL ends in the right findings, on a large table in use."""

from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.locks.trace import ColumnChange, RowChange
from tests.unit.locks.traces import (
    ERROR,
    INFO,
    ORDERS,
    USERS,
    WARNING,
    Case,
    built,
    exclusive,
    failed,
    lock,
    row_exclusive,
    updated,
)

SRX, SHARE, SUE = LockMode.SHARE_ROW_EXCLUSIVE, LockMode.SHARE, LockMode.SHARE_UPDATE_EXCLUSIVE
_ON_ORDERS = {"locks": exclusive(ORDERS)}
_REWRITTEN = {**_ON_ORDERS, "rewrites": (ORDERS,), "seconds": 0.84}
_READ = {**_ON_ORDERS, "scans": (ORDERS,), "seconds": 0.03}
_BUILT = {**_ON_ORDERS, "index_builds": built("public.i", ORDERS), "seconds": 0.2}
_MOMENT = {"lock-queue": INFO}
_BOTH = (lock(ORDERS, SRX), lock(USERS, SRX))

_ROWS = {
    "ADD COLUMN nullable": (
        Case().run("ALTER TABLE orders ADD COLUMN note text", **_ON_ORDERS),
        _MOMENT,
    ),
    "ADD COLUMN DEFAULT now()": (
        Case().run("ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT now()", **_ON_ORDERS),
        _MOMENT,
    ),
    "ADD COLUMN bigserial": (
        Case().run("ALTER TABLE orders ADD COLUMN n bigserial", **_REWRITTEN),
        {"rewrite-under-lock": ERROR},
    ),
    "ADD COLUMN with a volatile default": (
        Case().run("ALTER TABLE orders ADD COLUMN k uuid DEFAULT gen_random_uuid()", **_REWRITTEN),
        {"rewrite-under-lock": ERROR, "function-volatility": INFO},
    ),
    "GENERATED STORED": (
        Case().run("ALTER TABLE orders ADD COLUMN k int GENERATED ALWAYS AS (a) STORED", **_REWRITTEN),
        {"rewrite-under-lock": ERROR},
    ),
    "GENERATED VIRTUAL": (
        Case().run("ALTER TABLE orders ADD COLUMN k int GENERATED ALWAYS AS (a) VIRTUAL", **_ON_ORDERS),
        _MOMENT,
    ),
    "ADD COLUMN REFERENCES": (
        Case().run(
            "ALTER TABLE orders ADD COLUMN u bigint REFERENCES users",
            locks=(*exclusive(ORDERS), lock(USERS, SRX)),
        ),
        {"lock-queue": INFO, "lock-on-other-relation": INFO},
    ),
    "ADD COLUMN CHECK": (
        Case().run("ALTER TABLE orders ADD COLUMN n int CHECK (n > 0)", **_READ),
        {"scan-under-lock": ERROR},
    ),
    "ADD COLUMN json": (
        Case().run("ALTER TABLE orders ADD COLUMN extra json", **_ON_ORDERS),
        {"json-column": WARNING, "lock-queue": INFO},
    ),
    "DROP TABLE with a foreign key": (
        Case().run("DROP TABLE orders", locks=exclusive(ORDERS, USERS), dropped=(ORDERS,)),
        {"relation-dropped": WARNING, "lock-on-other-relation": INFO},
    ),
    "DROP CONSTRAINT of a foreign key": (
        Case().run("ALTER TABLE orders DROP CONSTRAINT f", locks=exclusive(ORDERS, USERS)),
        {"lock-queue": INFO, "lock-on-other-relation": INFO},
    ),
    "TRUNCATE": (
        Case().run("TRUNCATE orders", row_changes=(RowChange(ORDERS, truncated=True),), **_ON_ORDERS),
        {"rows-lost": ERROR, "lock-queue": INFO},
    ),
    "TRUNCATE of what is referenced": (
        Case().run("TRUNCATE users", failure=failed("0A000")),
        {"statement-fails": ERROR},
    ),
    "RENAME COLUMN": (
        Case().run(
            "ALTER TABLE orders RENAME COLUMN a TO b",
            column_changes=(ColumnChange(ORDERS, "b", "renamed", "a"),),
            **_ON_ORDERS,
        ),
        {"renamed": ERROR, "lock-queue": INFO},
    ),
    "RENAME table": (
        Case().run(
            "ALTER TABLE orders RENAME TO sales",
            locks=exclusive("public.sales"),
            renamed=((ORDERS, "public.sales"),),
        ),
        {"renamed": ERROR, "lock-queue": INFO},
    ),
    "SET SCHEMA": (
        Case().run(
            "ALTER TABLE orders SET SCHEMA shop",
            locks=exclusive("shop.orders"),
            renamed=((ORDERS, "shop.orders"),),
        ),
        {"renamed": ERROR, "lock-queue": INFO},
    ),
    "a wider varchar": (
        Case().run(
            "ALTER TABLE orders ALTER COLUMN a TYPE varchar(100)",
            column_changes=(ColumnChange(ORDERS, "a", "retyped"),),
            **_ON_ORDERS,
        ),
        _MOMENT,
    ),
    "a narrower varchar that fits": (
        Case().run("ALTER TABLE orders ALTER COLUMN a TYPE varchar(20)", **_REWRITTEN),
        {"rewrite-under-lock": ERROR},
    ),
    "int to bigint": (
        Case().run("ALTER TABLE orders ALTER id TYPE bigint", **_REWRITTEN),
        {"rewrite-under-lock": ERROR},
    ),
    "text to int, with a value that is none": (
        Case().run("ALTER TABLE orders ALTER a TYPE int USING a::int", failure=failed("22P02")),
        {"statement-fails": ERROR},
    ),
    "SET NOT NULL": (
        Case().run("ALTER TABLE orders ALTER a SET NOT NULL", **_READ),
        {"scan-under-lock": ERROR},
    ),
    "SET NOT NULL, with NULLs": (
        Case().run("ALTER TABLE orders ALTER a SET NOT NULL", failure=failed("23502")),
        {"statement-fails": ERROR},
    ),
    "NOT NULL … NOT VALID": (
        Case().run("ALTER TABLE orders ADD CONSTRAINT c NOT NULL a NOT VALID", **_ON_ORDERS),
        _MOMENT,
    ),
    "VALIDATE alone": (
        Case().run(
            "ALTER TABLE orders VALIDATE CONSTRAINT c", locks=(lock(ORDERS, SUE),), scans=(ORDERS,), seconds=9
        ),
        {},
    ),
    "ADD CHECK": (
        Case().run("ALTER TABLE orders ADD CONSTRAINT c CHECK (a > 0)", **_READ),
        {"scan-under-lock": ERROR},
    ),
    "ADD CHECK that is violated": (
        Case().run("ALTER TABLE orders ADD CONSTRAINT c CHECK (a > 0)", failure=failed("23514")),
        {"statement-fails": ERROR},
    ),
    "NOT VALID and VALIDATE in one transaction": (
        Case()
        .run("ALTER TABLE orders ADD CONSTRAINT c CHECK (a > 0) NOT VALID", **_ON_ORDERS)
        .run("ALTER TABLE orders VALIDATE CONSTRAINT c", scans=(ORDERS,), seconds=0.03),
        {"lock-queue": INFO, "data-change-under-lock": ERROR},
    ),
    "a foreign key": (
        Case().run(
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (u) REFERENCES users",
            locks=_BOTH,
            scans=(ORDERS,),
            seconds=0.2,
        ),
        {"scan-under-lock": ERROR, "lock-on-other-relation": ERROR},
    ),
    "a foreign key NOT VALID": (
        Case().run(
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (u) REFERENCES users NOT VALID", locks=_BOTH
        ),
        {"lock-queue": INFO, "lock-on-other-relation": INFO},
    ),
    "VALIDATE with orphans": (
        Case().run("ALTER TABLE orders VALIDATE CONSTRAINT f", failure=failed("23503")),
        {"statement-fails": ERROR},
    ),
    "a foreign key NOT VALID on a partitioned table, before 18": (
        Case(major=15).run(
            "ALTER TABLE orders ADD FOREIGN KEY (u) REFERENCES users NOT VALID", failure=failed("42809")
        ),
        {"statement-fails": ERROR},
    ),
    "ADD UNIQUE": (
        Case().run("ALTER TABLE orders ADD CONSTRAINT u UNIQUE (a)", **_BUILT),
        {"index-build-under-lock": ERROR},
    ),
    "ADD PRIMARY KEY": (
        Case().run("ALTER TABLE orders ADD PRIMARY KEY (a)", scans=(ORDERS,), **_BUILT),
        {"index-build-under-lock": ERROR},
    ),
    "EXCLUDE": (
        Case().run("ALTER TABLE orders ADD CONSTRAINT e EXCLUDE USING gist (a WITH &&)", **_BUILT),
        {"index-build-under-lock": ERROR},
    ),
    "CREATE INDEX": (
        Case().run(
            "CREATE INDEX i ON orders (a)",
            locks=(lock(ORDERS, SHARE),),
            index_builds=built("public.i", ORDERS),
            seconds=0.2,
        ),
        {"index-build-under-lock": ERROR},
    ),
    "CREATE INDEX CONCURRENTLY": (
        Case().run(
            "CREATE INDEX CONCURRENTLY i ON orders (a)",
            locks=(lock(ORDERS, SUE),),
            index_builds=built("public.i", ORDERS, concurrently=True),
            seconds=9,
            in_transaction=False,
        ),
        {},
    ),
    "CREATE INDEX CONCURRENTLY in a transaction": (
        Case().run("CREATE INDEX CONCURRENTLY i ON orders (a)", failure=failed("25001")),
        {"statement-fails": ERROR},
    ),
    "REINDEX": (
        Case().run(
            "REINDEX TABLE orders",
            locks=(lock(ORDERS, SHARE), lock("public.i", LockMode.ACCESS_EXCLUSIVE, "i")),
            index_builds=built("public.i", ORDERS),
            seconds=0.2,
        ),
        {"index-build-under-lock": ERROR},
    ),
    "ADD VALUE": (
        Case().run("ALTER TYPE mood ADD VALUE 'c'"),
        {"enum-order": INFO},
    ),
    "ADD VALUE used in the same transaction": (
        Case()
        .run("ALTER TYPE mood ADD VALUE 'c' AFTER 'b'")
        .run("SELECT 'c'::mood", failure=failed("55P04")),
        {"statement-fails": ERROR},
    ),
    "ATTACH PARTITION": (
        Case(relations=("public.p", "public.p_default", "public.p_2")).run(
            "ALTER TABLE p ATTACH PARTITION p_2 FOR VALUES IN (2)",
            locks=(lock("public.p", SUE, "p"), *exclusive("public.p_2", "public.p_default")),
            scans=("public.p_2", "public.p_default"),
            seconds=0.04,
        ),
        {"scan-under-lock": ERROR},
    ),
    "a partition made where a default one is": (
        Case(relations=("public.p", "public.p_default")).run(
            "CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2)",
            locks=(lock("public.p", LockMode.ACCESS_EXCLUSIVE, "p"), *exclusive("public.p_default")),
            created=("public.p_2",),
            seconds=0.04,
        ),
        {"scan-under-lock": ERROR, "lock-on-other-relation": ERROR},
    ),
    "VACUUM FULL": (
        Case().run("VACUUM (FULL) orders", in_transaction=False, seconds=0.8, **_ON_ORDERS),
        {"rewrite-under-lock": ERROR},
    ),
    "CLUSTER": (
        Case().run("CLUSTER orders USING i", seconds=0.8, **_ON_ORDERS),
        {"rewrite-under-lock": ERROR},
    ),
    "REFRESH MATERIALIZED VIEW": (
        Case(relations=("public.m",)).run(
            "REFRESH MATERIALIZED VIEW m",
            locks=(lock("public.m", LockMode.ACCESS_EXCLUSIVE, "m"),),
            index_builds=built("public.i", "public.m"),
            row_changes=(RowChange("public.m", inserted=100_000),),
            seconds=0.8,
        ),
        {"view-locked": ERROR},
    ),
    "REFRESH MATERIALIZED VIEW CONCURRENTLY": (
        Case(relations=("public.m",)).run(
            "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
            locks=(lock("public.m", LockMode.EXCLUSIVE, "m"),),
            seconds=0.8,
        ),
        {"view-locked": INFO},
    ),
    "SET STORAGE": (
        Case().run("ALTER TABLE orders ALTER a SET STORAGE EXTERNAL", **_ON_ORDERS),
        _MOMENT,
    ),
    "ENABLE ROW LEVEL SECURITY": (
        Case().run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", **_ON_ORDERS),
        {"table-left-empty-by-rls": WARNING, "lock-queue": INFO},
    ),
    "ENABLE ROW LEVEL SECURITY with a policy": (
        Case()
        .run("CREATE POLICY p ON orders USING (true)", **_ON_ORDERS)
        .run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY"),
        _MOMENT,
    ),
    "REPLICA IDENTITY": (
        Case().run("ALTER TABLE orders REPLICA IDENTITY FULL", **_ON_ORDERS),
        {"replica-identity": WARNING, "lock-queue": INFO},
    ),
    "CREATE OR REPLACE VIEW that drops a column": (
        Case().run("CREATE OR REPLACE VIEW v AS SELECT 1", failure=failed("42P16")),
        {"statement-fails": ERROR},
    ),
    "ADD COLUMN and UPDATE in one transaction": (
        Case()
        .run("ALTER TABLE orders ADD COLUMN note text", **_ON_ORDERS)
        .run("UPDATE orders SET note = ''", row_changes=updated(ORDERS, 100_000), seconds=1.2),
        {"lock-queue": INFO, "data-change-under-lock": ERROR, "unbatched-change": ERROR},
    ),
    "both in a block of code": (
        Case().run(
            "DO $$ BEGIN ALTER TABLE orders ADD COLUMN note text; UPDATE orders SET note = ''; END $$",
            row_changes=updated(ORDERS, 100_000),
            seconds=1.2,
            **_ON_ORDERS,
        ),
        {"data-change-under-lock": ERROR, "unbatched-change": ERROR},
    ),
    "ALTER DOMAIN ADD CHECK": (
        Case().run(
            "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE <> '')",
            locks=(lock(ORDERS, SHARE),),
            seconds=0.2,
        ),
        {"scan-under-lock": ERROR},
    ),
    "DROP PRIMARY KEY": (
        Case().run(
            "ALTER TABLE orders DROP CONSTRAINT orders_pkey", dropped=("public.orders_pkey",), **_ON_ORDERS
        ),
        {"replica-identity": WARNING, "lock-queue": INFO},
    ),
    "DDL on several tables": (
        Case()
        .run("ALTER TABLE orders ADD COLUMN note text", **_ON_ORDERS)
        .run("ALTER TABLE users ADD COLUMN note text", locks=exclusive(USERS)),
        {"lock-queue": INFO, "several-tables-locked": WARNING},
    ),
    "INSERT of an id that is there": (
        Case().run("INSERT INTO users (id) VALUES (1)", failure=failed("23505")),
        {"statement-fails": ERROR},
    ),
    "CREATE ROLE": (Case().run("CREATE ROLE reporting"), {"cluster-wide-statement": ERROR}),
    "ALTER DATABASE": (Case().run("ALTER DATABASE shop SET jit = off"), {"cluster-wide-statement": ERROR}),
    "ALTER SYSTEM": (
        Case().run("alter  system set work_mem = '1GB'", in_transaction=False),
        {"cluster-wide-statement": ERROR},
    ),
    "SET EXPRESSION": (
        Case().run("ALTER TABLE orders ALTER a SET EXPRESSION AS (b + 1)", **_REWRITTEN),
        {"rewrite-under-lock": ERROR},
    ),
    "DROP COLUMN": (
        Case().run(
            "ALTER TABLE orders DROP COLUMN a",
            column_changes=(ColumnChange(ORDERS, "a", "dropped"),),
            **_ON_ORDERS,
        ),
        {"column-dropped": WARNING, "lock-queue": INFO},
    ),
    "UPDATE of all rows": (
        Case().run(
            "UPDATE orders SET a = 1",
            locks=row_exclusive(ORDERS),
            row_changes=updated(ORDERS, 100_000),
            seconds=1.2,
        ),
        {"unbatched-change": ERROR},
    ),
    "INSERT of one row": (
        Case().run(
            "INSERT INTO orders VALUES (1)",
            locks=row_exclusive(ORDERS),
            row_changes=(RowChange(ORDERS, inserted=1),),
        ),
        {},
    ),
}


@pytest.mark.parametrize("row", _ROWS)
def test_a_row_of_the_catalogue_ends_in_its_findings(row: str) -> None:
    case, expected = _ROWS[row]
    assert case.severities() == expected
