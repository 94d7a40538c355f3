"""The checks on what the running release, or another reader, takes for granted."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

RELATION_DROPPED = Check(
    "relation-dropped",
    "A table or view that exists on the target is dropped.",
    "Its rows are lost, and a release that still reads it fails. The release that no longer does must have been out for a "
    "while: the counters of scans tell.",
    bad='op.drop_table("legacy_orders")',
    good="""\
op.rename_table("legacy_orders", "legacy_orders_unused")  # can be named back in a moment
# a later revision, when no error was seen:
op.drop_table("legacy_orders_unused")""",
)

COLUMN_DROPPED = Check(
    "column-dropped",
    "A column that exists on the target is dropped.",
    "Its values are lost. A release that names it fails, and so does one whose mapper lists all columns of the model, until "
    "the model has gone first. Prepared statements with * fail once in each session.",
    bad='op.drop_column("orders", "legacy_code")',
    good="""\
op.alter_column("orders", "legacy_code", nullable=True)  # beside the release whose model no longer has it
# the next release's revision:
op.drop_column("orders", "legacy_code")""",
)

RENAMED = Check(
    "renamed",
    "A table, view or column gets another name or schema.",
    "There is no moment at which the running release and the next one both work: one knows the old name, the other the "
    "new. Expand and contract instead: both names for as long as both releases run.",
    bad='op.rename_table("orders", "purchases")',
    good="""\
op.rename_table("orders", "purchases")
op.execute("CREATE VIEW orders AS SELECT * FROM purchases")  # reads and writes pass through it
# dropped when no release knows the old name""",
)

TABLE_LEFT_EMPTY_BY_RLS = Check(
    "table-left-empty-by-rls",
    "Row level security is switched on without a policy.",
    "Without a policy everybody but the table's owner sees an empty table, without an error.",
    bad='op.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")',
    good="""\
op.execute("CREATE POLICY orders_all ON orders USING (tenant = current_setting('app.tenant'))")
op.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")""",
)

REPLICA_IDENTITY = Check(
    "replica-identity",
    "What identifies a row for logical replication is changed or dropped.",
    "Without a primary key or another replica identity, UPDATE and DELETE on a published table fail at once: the publisher "
    "cannot tell subscribers which row.",
    bad='op.drop_constraint("orders_pkey", "orders")',
    good="""\
with op.get_context().autocommit_block():
    op.create_index("orders_new_key", "orders", ["new_id"], unique=True, postgresql_concurrently=True)
op.execute("ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_new_key")
# the primary key: the next revision""",
)

JSON_COLUMN = Check(
    "json-column",
    "A column of type json is added.",
    "json has no equality: SELECT DISTINCT, UNION and GROUP BY on the table fail as soon as the column is among theirs. "
    "jsonb has it, and can be indexed.",
    bad='op.add_column("orders", sa.Column("extra", sa.JSON(), nullable=True))',
    good="""\
from sqlalchemy.dialects.postgresql import JSONB

op.add_column("orders", sa.Column("extra", JSONB(), nullable=True))""",
)

ENUM_ORDER = Check(
    "enum-order",
    "A value is added to an enum without its place among the others.",
    "It becomes the greatest. ORDER BY and comparisons go by that order, and it cannot be changed later.",
    bad="op.execute(\"ALTER TYPE order_state ADD VALUE 'packed'\")",
    good="op.execute(\"ALTER TYPE order_state ADD VALUE 'packed' BEFORE 'sent'\")",
)

CLUSTER_WIDE_STATEMENT = Check(
    "cluster-wide-statement",
    "A statement changes more than its database: roles, tablespaces, settings of the server.",
    "A rehearsal on a server of its own cannot vouch for it, and on a shared one it would not be undone with the clone. It "
    "belongs where the server is administered.",
    bad='op.execute("CREATE ROLE reporting LOGIN")',
    good='op.execute("GRANT SELECT ON orders TO reporting")  # the role is made by whoever runs the server',
)
