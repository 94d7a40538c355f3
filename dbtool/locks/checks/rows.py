"""The checks on rows: changed in one go, or lost."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

UNBATCHED_CHANGE = Check(
    "unbatched-change",
    "One statement changes many rows.",
    "It keeps all of them locked for those who write, until it commits; every old version of a row stays on the disk until "
    "vacuum; a replica has to follow all at once; and when it fails, all was for nothing.",
    bad="op.execute(\"UPDATE orders SET state = 'open' WHERE state IS NULL\")",
    good="""\
with op.get_context().autocommit_block():
    batch = sa.text(
        "UPDATE orders SET state = 'open' WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM orders WHERE state IS NULL LIMIT 5000))"
    )
    while op.get_bind().execute(batch).rowcount:
        pass""",
)

ROWS_LOST = Check(
    "rows-lost",
    "Rows that were there before are gone: TRUNCATE, or DELETE of most of a table.",
    "There is no way back but a backup. TRUNCATE also holds ACCESS EXCLUSIVE, and is not seen by older snapshots as what it "
    "is: they read an empty table.",
    bad='op.execute("TRUNCATE sessions")',
    good="""\
op.rename_table("sessions", "sessions_old")
op.execute("CREATE TABLE sessions (LIKE sessions_old INCLUDING ALL)")
# dropped by a later revision, when nobody has missed them""",
)

FUNCTION_VOLATILITY = Check(
    "function-volatility",
    "A new column's default is evaluated for every row that is there already.",
    "PostgreSQL stores one value for all old rows only where the default cannot differ between them: constants, now(). "
    "clock_timestamp(), random(), gen_random_uuid() and sequences differ, so that the table is rewritten.",
    bad='op.execute("ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()")',
    good="""\
op.execute("ALTER TABLE orders ADD COLUMN token uuid")
op.execute("ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid()")
# old rows: batches, in the next revision""",
)
