"""Profiles customers fill in themselves, and their consent to marketing

Revision: 15d6f38a0be4
Revises: c4907be1f5a8
Created: 2024-09-17 11:25:37+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "15d6f38a0be4"
down_revision = "c4907be1f5a8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customers", sa.Column("marketing_opt_in", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "profiles",
        sa.Column("customer_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="profiles_customer_id_fkey"),
    )
