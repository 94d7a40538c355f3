"""The catalogue's rows on indexes, partitions, views, rows and the server: what each must end in."""

from __future__ import annotations

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

SHARE, SUE = LockMode.SHARE, LockMode.SHARE_UPDATE_EXCLUSIVE
_ON_ORDERS = {"locks": exclusive(ORDERS)}
_REWRITTEN = {**_ON_ORDERS, "rewrites": (ORDERS,), "seconds": 0.84}
_BUILT = {**_ON_ORDERS, "index_builds": built("public.i", ORDERS), "seconds": 0.2}
_MOMENT = {"lock-queue": INFO}

INDEXES_AND_THE_REST = {
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
