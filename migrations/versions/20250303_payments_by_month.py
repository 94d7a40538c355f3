"""Payments in a partition for each month, so that old ones can be archived without a DELETE

Revision: 5c0e8d1b72f6
Revises: a97c2e4406fd
Created: 2025-03-03 07:14:09+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c0e8d1b72f6"
down_revision = "a97c2e4406fd"
branch_labels = None
depends_on = None

FIRST_YEAR, LAST_YEAR = 2023, 2025


def upgrade() -> None:
    set_aside()
    create_payments()
    create_partitions()
    move_rows()


def set_aside() -> None:
    """Names of constraints belong to their table, those of indexes and sequences to the schema."""
    op.rename_table("payments", "payments_unparted")
    op.execute("ALTER SEQUENCE payments_id_seq RENAME TO payments_unparted_id_seq")
    for name in ("pkey", "provider_reference_key", "order_id_idx"):
        op.execute(f"ALTER INDEX payments_{name} RENAME TO payments_unparted_{name}")


def create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("card_last4", sa.CHAR(4)),
        sa.Column("iban", sa.String(34)),
        sa.Column(
            "provider_reference", sa.Text, nullable=False, comment="the payment provider's name for it"
        ),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "paid_at", name="payments_pkey"),
        sa.UniqueConstraint("provider_reference", "paid_at", name="payments_provider_reference_key"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="payments_order_id_fkey"),
        sa.CheckConstraint("method IN ('card', 'direct_debit', 'invoice')", name="payments_method_check"),
        sa.CheckConstraint("iban IS NULL OR method = 'direct_debit'", name="payments_iban_check"),
        postgresql_partition_by="RANGE (paid_at)",
    )
    op.create_index("payments_order_id_idx", "payments", ["order_id"])


def create_partitions() -> None:
    """Days begin at midnight UTC, whatever the session's time zone; what comes after the last month goes to the rest."""
    months = [f"{year}-{month:02}" for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
    bounds = [*months, f"{LAST_YEAR + 1}-01"]
    for month, following in zip(months, bounds[1:], strict=True):
        op.execute(
            f"CREATE TABLE payments_{month.replace('-', '_')} PARTITION OF payments "
            f"FOR VALUES FROM ('{month}-01 00:00:00+00') TO ('{following}-01 00:00:00+00')"
        )
    op.execute("CREATE TABLE payments_rest PARTITION OF payments DEFAULT")


def move_rows() -> None:
    op.execute("""
        INSERT INTO payments (id, order_id, method, card_last4, iban, provider_reference, amount, paid_at)
        OVERRIDING SYSTEM VALUE
        SELECT id, order_id, method, card_last4, iban, provider_reference, amount, paid_at FROM payments_unparted
    """)
    op.execute(
        "SELECT setval(pg_get_serial_sequence('payments', 'id'), max(id)) FROM payments HAVING max(id) IS NOT NULL"
    )
    op.drop_table("payments_unparted")
