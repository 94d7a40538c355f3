"""Support tickets, which agents see only where they are theirs, and returns that count in the same numbers

Revision: e86b150d3f9c
Revises: 40ad97f3c21b
Created: 2025-04-30 15:31:44+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e86b150d3f9c"
down_revision = "40ad97f3c21b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE case_numbers START 100001")
    op.execute(
        "CREATE SEQUENCE refund_numbers AS integer INCREMENT -1 MINVALUE 1 MAXVALUE 9999999 START 9999999"
    )
    create_support_tickets()
    guard_support_tickets()
    create_returns()
    create_overviews()


def create_support_tickets() -> None:
    op.create_table(
        "support_tickets",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "case_no", sa.BigInteger, nullable=False, server_default=sa.text("nextval('case_numbers')")
        ),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.BigInteger),
        sa.Column(
            "opened_for",
            sa.Text,
            nullable=False,
            comment="whom to answer, such as pat.placeholder@bright.mail",
        ),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("case_no", name="support_tickets_case_no_key"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="support_tickets_customer_id_fkey"),
        sa.CheckConstraint("jsonb_typeof(payload) = 'object'", name="support_tickets_payload_check"),
    )
    op.create_index("support_tickets_customer_id_idx", "support_tickets", ["customer_id"])
    op.create_index("support_tickets_order_id_idx", "support_tickets", ["order_id"])
    # Not validated: an order was deleted by hand before the key was there, and its ticket is still open.
    op.create_foreign_key(
        "support_tickets_order_id_fkey",
        "support_tickets",
        "orders",
        ["order_id"],
        ["id"],
        postgresql_not_valid=True,
    )


def guard_support_tickets() -> None:
    op.execute("ALTER TABLE support_tickets ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY agents_see_their_own ON support_tickets USING (agent = current_user)")


def create_returns() -> None:
    op.create_table(
        "returns",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "case_no", sa.BigInteger, nullable=False, server_default=sa.text("nextval('case_numbers')")
        ),
        sa.Column(
            "refund_no", sa.Integer, nullable=False, server_default=sa.text("nextval('refund_numbers')")
        ),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("refund_to", sa.String(34)),
        sa.UniqueConstraint("case_no", name="returns_case_no_key"),
        sa.UniqueConstraint("refund_no", name="returns_refund_no_key"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="returns_order_id_fkey"),
    )
    op.create_index("returns_order_id_idx", "returns", ["order_id"])


def create_overviews() -> None:
    op.execute("""
        CREATE VIEW customer_overview AS
        SELECT customer.id, customer.full_name, customer.email, count(placed.id) AS orders, sum(placed.total) AS spent
        FROM customers AS customer
        LEFT JOIN orders AS placed ON placed.customer_id = customer.id
        GROUP BY customer.id, customer.full_name, customer.email
    """)
    op.execute("""
        CREATE VIEW cases WITH (security_barrier = true) AS
        SELECT case_no, 'ticket' AS kind, opened_for AS about FROM support_tickets
        UNION ALL
        SELECT case_no, 'return', overview.full_name
        FROM returns
        JOIN orders ON orders.id = returns.order_id
        JOIN customer_overview AS overview ON overview.id = orders.customer_id
    """)
