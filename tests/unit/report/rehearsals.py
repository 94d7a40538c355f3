"""Rehearsals as a shop's project would see them: one that fails, one that passes, one with nothing to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dbtool.findings import Finding, Severity
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import (
    ColumnChange,
    HeldLock,
    IndexBuild,
    Population,
    RelationSize,
    RevisionTrace,
    RowChange,
    StatementFailure,
    StatementTrace,
)
from dbtool.migrate.result import CloneDescription, EvidenceReceipt, Rehearsal

CURRENCY = "migrations/versions/20261120_add_currency.py"
NOT_NULL = "migrations/versions/20261121_email_not_null.py"
INDEX = "migrations/versions/20261122_orders_placed_at.py"

ADD_COLUMN = StatementTrace(
    ordinal=1,
    sql="ALTER TABLE orders\n  ADD COLUMN currency TEXT",
    seconds=0.0123,
    line=14,
    locks=(HeldLock("public.orders", LockMode.ACCESS_EXCLUSIVE, 4.51),),
    column_changes=(ColumnChange("public.orders", "currency", "added"),),
    findings=(
        Finding(
            "lock-queue",
            Severity.INFO,
            f"{CURRENCY}:14",
            "ACCESS EXCLUSIVE on public.orders is taken for a moment; apply sets lock_timeout and tries again",
        ),
    ),
)
UPDATE = StatementTrace(
    ordinal=2,
    sql="UPDATE orders SET currency = 'EUR'",
    seconds=4.42,
    line=15,
    locks=(HeldLock("public.orders", LockMode.ROW_EXCLUSIVE, 4.43),),
    row_changes=(RowChange("public.orders", updated=84_312),),
    findings=(
        Finding(
            "data-change-under-lock",
            Severity.ERROR,
            f"{CURRENCY}:15",
            "public.orders is locked in ACCESS EXCLUSIVE since line 14, and this statement works under it: 4.4 s on the "
            "clone (84,312 rows, 12.1 MB); about 63 s on the target (1,204,000 rows, 172 MB, 41 scans and 3 writes per second)",
            "def upgrade() -> None:\n"
            '    op.add_column("orders", sa.Column("currency", sa.Text(), nullable=True))\n'
            "    # the UPDATE, in batches, is the next revision: each revision is a transaction of its own, whatever its name\n",
        ),
    ),
)
COMMENT = StatementTrace(
    ordinal=3,
    sql="COMMENT ON TABLE orders IS 'what was bought'",
    seconds=0.0004,
    line=16,
    locks=(HeldLock("public.orders", LockMode.SHARE_UPDATE_EXCLUSIVE, 0.001),),
)
SET_NOT_NULL = StatementTrace(
    ordinal=1,
    sql='ALTER TABLE customers ALTER COLUMN "e|mail" SET NOT NULL',
    seconds=0.031,
    line=12,
    failure=StatementFailure("23502", 'column "e|mail" of relation "customers" contains null values'),
    locks=(HeldLock("public.customers", LockMode.ACCESS_EXCLUSIVE, 0.031),),
    findings=(
        Finding(
            "statement-fails",
            Severity.ERROR,
            f"{NOT_NULL}:12",
            "it would fail on the target as well: 17 of 5,200 rows on the clone are NULL",
            'op.execute("UPDATE customers SET \\"e|mail\\" = \'\' WHERE \\"e|mail\\" IS NULL")',
        ),
    ),
)
CREATE_INDEX = StatementTrace(
    ordinal=1,
    sql="CREATE INDEX CONCURRENTLY orders_placed_at ON orders (placed_at)",
    seconds=1.9,
    line=13,
    in_transaction=False,
    locks=(
        HeldLock("public.orders", LockMode.SHARE_UPDATE_EXCLUSIVE, 1.9),
        HeldLock("public.orders_pkey", LockMode.ACCESS_SHARE, 1.9, kind="i"),
    ),
    index_builds=(IndexBuild("public.orders_placed_at", "public.orders", concurrently=True),),
    created=("public.orders_placed_at",),
)
NOT_COVERED = Finding(
    "column-not-covered",
    Severity.ERROR,
    "public.orders.currency",
    "no rule decides this column: the next refresh would be refused",
    'tables:\n  public.orders:\n    currency: {keep: ""}',
)
WAIVED = Finding(
    "index-build-under-lock",
    Severity.ERROR,
    f"{INDEX}:20",
    "public.countries cannot be written while its index is built: 3 ms on the clone",
)
POPULATION = Population(
    "staging",
    clone={
        "public.orders": RelationSize(84_312, 12_100_000, 4_000_000),
        "public.customers": RelationSize(5_200, 900_000, 300_000),
    },
    target={
        "public.orders": RelationSize(1_204_000, 172_000_000, 58_000_000, 41.0, 3.0),
        "public.customers": RelationSize(74_000, 12_000_000, 5_000_000),
    },
)
CLONE = CloneDescription(
    provider="embedded",
    version="18.6",
    target_version="18.4",
    data="staging",
    rows=89_512,
    bytes=17_300_000,
    guard="network namespace",
    seconds=6.2,
)
EVIDENCE = EvidenceReceipt(
    id="r-20261123-073500-5f2c",
    made_at=datetime(2026, 11, 23, 7, 35, tzinfo=UTC),
    valid_until=datetime(2026, 11, 26, 7, 35, tzinfo=UTC),
    file=Path(".dbtool/evidence/r-20261123-073500-5f2c.json"),
)
INDEX_BUILT = RevisionTrace("c41d77aa90be", INDEX, "ok", 1.95, (CREATE_INDEX,))
FAILING = Rehearsal(
    target="production",
    verdict="fail",
    current=("1b7e3f40c2aa",),
    heads=("77aa90bec41d",),
    revisions=(
        RevisionTrace("8f2c1a9b3d10", CURRENCY, "ok", 4.6, (ADD_COLUMN, UPDATE, COMMENT)),
        RevisionTrace("77aa90bec41d", NOT_NULL, "failed", 0.04, (SET_NOT_NULL,)),
        RevisionTrace("c41d77aa90be", INDEX, "not run", 0.0),
    ),
    clone=CLONE,
    population=POPULATION,
    findings=(NOT_COVERED,),
    not_rehearsed=("what the revisions do while others use the database: the clone had no other sessions",),
    evidence=replace(EVIDENCE, file=None),
    output="INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\n",
    seconds=13.4,
)
PASSING = Rehearsal(
    target="production",
    verdict="pass",
    current=("8f2c1a9b3d10",),
    heads=("c41d77aa90be",),
    revisions=(INDEX_BUILT,),
    clone=replace(CLONE, target_version="18.6"),
    population=POPULATION,
    waived=((WAIVED, "the table has 249 rows"),),
    evidence=EVIDENCE,
    seconds=9.1,
)
NOTHING = Rehearsal(
    target="production",
    verdict="pass",
    current=("c41d77aa90be",),
    heads=("c41d77aa90be",),
    revisions=(),
    clone=None,
    population=Population("schema"),
)
