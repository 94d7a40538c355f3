"""The checks on what a lock lets nobody do meanwhile."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

REWRITE_UNDER_LOCK = Check(
    "rewrite-under-lock",
    "A table is written anew, with all its indexes, under ACCESS EXCLUSIVE.",
    "Nobody reads or writes the table until the transaction ends, and the old and the new copy are on the disk at once. "
    "A change of type that PostgreSQL cannot prove to be harmless does it, so do a default that is evaluated for every "
    "row, a stored generated column, VACUUM FULL and CLUSTER.",
    bad='op.alter_column("orders", "id", type_=sa.BigInteger())',
    good="""\
op.add_column("orders", sa.Column("id_new", sa.BigInteger(), nullable=True))
# then: a trigger that fills it for new rows; batches for old ones; a unique index, concurrently; the swap of names""",
)

SCAN_UNDER_LOCK = Check(
    "scan-under-lock",
    "A table is read from end to end to prove a constraint, under a lock that others wait for.",
    "SET NOT NULL and ADD CHECK hold ACCESS EXCLUSIVE while they read. Declared NOT VALID, a constraint holds for new rows "
    "at once, and VALIDATE CONSTRAINT reads the old ones in another transaction, beside reads and writes.",
    bad='op.create_check_constraint("orders_total_positive", "orders", "total >= 0")',
    good="""\
op.create_check_constraint("orders_total_positive", "orders", "total >= 0", postgresql_not_valid=True)
# the next revision:
op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_positive")""",
)

INDEX_BUILD_UNDER_LOCK = Check(
    "index-build-under-lock",
    "An index is built under a lock that others wait for.",
    "CREATE INDEX holds SHARE, so no row is written until it is done. ADD UNIQUE, ADD PRIMARY KEY and EXCLUDE hold ACCESS "
    "EXCLUSIVE, so none is read either.",
    bad='op.create_index("orders_placed_at", "orders", ["placed_at"])',
    good="""\
with op.get_context().autocommit_block():
    op.create_index("orders_placed_at", "orders", ["placed_at"], postgresql_concurrently=True)""",
)

VIEW_LOCKED = Check(
    "view-locked",
    "A materialized view is refreshed under a lock that others wait for.",
    "REFRESH MATERIALIZED VIEW holds ACCESS EXCLUSIVE while the view's query runs. CONCURRENTLY holds EXCLUSIVE, which lets "
    "reads go on; it needs a unique index on the view.",
    bad='op.execute("REFRESH MATERIALIZED VIEW sales_by_day")',
    good="""\
with op.get_context().autocommit_block():
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day")""",
)

SLOW_UNDER_LOCK = Check(
    "slow-under-lock",
    "A statement takes time under a lock that others wait for, and the trace cannot say with what.",
    "A function or a block of code can do anything; its time was measured on the clone and cannot be projected.",
    bad='op.execute("DO $$ BEGIN ALTER TABLE orders ADD COLUMN a int; PERFORM recompute_totals(); END $$")',
    good="""\
op.add_column("orders", sa.Column("a", sa.Integer(), nullable=True))
# the next revision, whose transaction holds no lock on orders:
op.execute("SELECT recompute_totals()")""",
)

LOCK_QUEUE = Check(
    "lock-queue",
    "A lock that others wait for is taken for a moment, without work under it.",
    "It is harmless once it is there. Until then it waits for every query that runs on the relation, and every later "
    "query waits behind it. apply sets lock_timeout and tries again, so that they wait no longer than that.",
    bad='op.execute("SET lock_timeout = 0")\nop.add_column("orders", sa.Column("note", sa.Text(), nullable=True))',
    good='op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))  # apply sets lock_timeout',
)

LOCK_ON_OTHER_RELATION = Check(
    "lock-on-other-relation",
    "A statement locks a relation that it does not name as its own.",
    "A foreign key locks the table it references, a partition its parent and the default partition, DROP TABLE every "
    "table that a foreign key joins it to. They are often the busiest of all.",
    bad='op.create_foreign_key("orders_user_id_fkey", "orders", "users", ["user_id"], ["id"])',
    good="""\
op.create_foreign_key(
    "orders_user_id_fkey", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True
)
# the next revision:
op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey")""",
)

DATA_CHANGE_UNDER_LOCK = Check(
    "data-change-under-lock",
    "A statement works while its transaction still holds a lock that an earlier statement took.",
    "Locks last until the end of the transaction: ADD COLUMN needs its lock for a millisecond, and keeps it through the "
    "UPDATE that follows. NOT VALID and VALIDATE in one transaction save nothing for the same reason.",
    bad="""\
op.add_column("orders", sa.Column("state", sa.Text(), nullable=True))
op.execute("UPDATE orders SET state = 'open'")""",
    good="""\
op.add_column("orders", sa.Column("state", sa.Text(), nullable=True))
# the UPDATE, in batches, is the next revision: each revision is a transaction of its own""",
)

SEVERAL_TABLES_LOCKED = Check(
    "several-tables-locked",
    "One transaction collects locks on several tables that are in use.",
    "It waits for the second lock while it holds the first, so the whole application waits with it; and whoever locks the "
    "same tables in another order ends in a deadlock with it.",
    bad="""\
op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))
op.add_column("users", sa.Column("note", sa.Text(), nullable=True))""",
    good='op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))\n# users: the next revision',
)

REVISION_NOT_ATOMIC = Check(
    "revision-not-atomic",
    "A revision commits in its middle.",
    "What ran before an autocommit block, and each statement in it, stays when a later statement fails, and Alembic has not "
    "stamped the revision yet. One step that commits by itself, alone in its revision, can be run again.",
    bad="""\
op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))
with op.get_context().autocommit_block():
    op.create_index("orders_note", "orders", ["note"], postgresql_concurrently=True)""",
    good="""\
# the column was the revision before
with op.get_context().autocommit_block():
    op.create_index("orders_note", "orders", ["note"], postgresql_concurrently=True)""",
)
