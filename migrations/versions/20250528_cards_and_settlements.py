"""Loyalty cards, and what two taken-over systems brought: gift cards and the marketplace's settlements

Revision: b5d9e2177c30
Revises: 73f4c0a85ed1
Created: 2025-05-28 12:36:59+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b5d9e2177c30"
down_revision = "73f4c0a85ed1"
branch_labels = None
depends_on = None

# As long as PostgreSQL allows, 63 bytes: reports elsewhere know them by these names.
SETTLEMENTS = "settlements_of_the_marketplace_with_sellers_by_payment_provider"
RECIPIENT = "Empfänger:in der monatlichen Überweisung aus Händlervertrag:"
EACH_MONTH_ONCE = "settlements_of_marketplace_sellers_one_each_seller_and_month_uk"


def upgrade() -> None:
    create_loyalty_cards()
    create_gift_cards()
    create_settlements()


def create_loyalty_cards() -> None:
    """Found by what is printed on invoices, not by a surrogate key."""
    op.create_table(
        "loyalty_cards",
        sa.Column("card_no", sa.String(16), primary_key=True),
        sa.Column("tenant_id", sa.BigInteger, nullable=False),
        sa.Column("customer_no", sa.String(12), nullable=False),
        sa.Column("points", sa.Integer, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="loyalty_cards_tenant_id_fkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_no"],
            ["customers.tenant_id", "customers.customer_no"],
            name="loyalty_cards_customer_fkey",
        ),
    )
    op.create_index("loyalty_cards_customer_idx", "loyalty_cards", ["tenant_id", "customer_no"])


def create_gift_cards() -> None:
    op.create_table(
        "Gift Cards",
        sa.Column("Card No", sa.String(19), primary_key=True),
        sa.Column("issuedTo", sa.Text, nullable=False),
        sa.Column('e-mail of "Issued To"', sa.Text),
        sa.Column("Value in %", sa.Integer, nullable=False),
    )
    op.create_table(
        "Gift Card Uses",
        sa.Column("Card No", sa.String(19), nullable=False),
        sa.Column("usedBy", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("Card No", "usedBy", name="Gift Card Uses_pkey"),
        sa.ForeignKeyConstraint(["Card No"], ["Gift Cards.Card No"], name="Gift Card Uses: card"),
        sa.ForeignKeyConstraint(["usedBy"], ["customers.id"], name="Gift Card Uses: used by"),
    )


def create_settlements() -> None:
    op.create_table(
        SETTLEMENTS,
        sa.Column("seller_no", sa.Integer, nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column(RECIPIENT, sa.Text, nullable=False),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.UniqueConstraint("seller_no", "month", name=EACH_MONTH_ONCE),
    )
