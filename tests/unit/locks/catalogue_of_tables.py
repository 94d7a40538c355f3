"""The catalogue's rows on columns and constraints: what each must end in."""

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
    exclusive,
    failed,
    lock,
)

SRX, SUE = LockMode.SHARE_ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE
_ON_ORDERS = {"locks": exclusive(ORDERS)}
_REWRITTEN = {**_ON_ORDERS, "rewrites": (ORDERS,), "seconds": 0.84}
_READ = {**_ON_ORDERS, "scans": (ORDERS,), "seconds": 0.03}
_MOMENT = {"lock-queue": INFO}
_BOTH = (lock(ORDERS, SRX), lock(USERS, SRX))

COLUMNS_AND_CONSTRAINTS = {
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
}
