"""Reviews, and sessions of signed-in customers

Revision: c4907be1f5a8
Revises: 8e52a4d7c013
Created: 2024-05-06 08:40:02+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c4907be1f5a8"
down_revision = "8e52a4d7c013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_reviews()
    create_sessions()


def create_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("product_id", sa.BigInteger, nullable=False),
        sa.Column("rating", sa.SmallInteger, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="reviews_customer_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="reviews_product_id_fkey"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="reviews_rating_check"),
    )
    op.create_index("reviews_product_id_idx", "reviews", ["product_id"])


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("ip", postgresql.INET),
        sa.Column("user_agent", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="sessions_customer_id_fkey"),
        sa.UniqueConstraint("token", name="sessions_token_key"),
        sa.CheckConstraint("expires_at > created_at", name="sessions_expires_at_check"),
    )
    op.create_index("sessions_customer_id_idx", "sessions", ["customer_id"])
