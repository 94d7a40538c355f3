"""Categories as a tree, the prices a product had, and when staff are away

Revision: d2487fa0956e
Revises: 5c0e8d1b72f6
Created: 2025-03-17 13:22:51+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d2487fa0956e"
down_revision = "5c0e8d1b72f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    create_categories()
    create_product_prices()
    create_absences()


def create_categories() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="categories_parent_id_fkey"),
        # Deferred, so that two neighbours can change places.
        sa.UniqueConstraint(
            "parent_id",
            "position",
            name="categories_parent_id_position_key",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.CheckConstraint("parent_id <> id", name="categories_parent_id_check"),
    )
    op.add_column("products", sa.Column("category_id", sa.BigInteger))
    op.create_foreign_key(
        "products_category_id_fkey", "products", "categories", ["category_id"], ["id"], ondelete="SET NULL"
    )


def create_product_prices() -> None:
    op.create_table(
        "product_prices",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sku", sa.String(20), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("valid", postgresql.DATERANGE, nullable=False),
        sa.ForeignKeyConstraint(
            ["sku"], ["products.sku"], name="product_prices_sku_fkey", onupdate="CASCADE"
        ),
        sa.CheckConstraint("NOT isempty(valid)", name="product_prices_valid_check"),
        postgresql.ExcludeConstraint(("sku", "="), ("valid", "&&"), name="product_prices_one_at_a_time"),
    )


def create_absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("employee_id", sa.Integer, nullable=False),
        sa.Column(
            "kind", sa.Enum("holiday", "illness", "parental", "training", name="absence_kind"), nullable=False
        ),
        sa.Column("during", postgresql.DATERANGE, nullable=False),
        sa.Column("note", sa.Text),
        sa.ForeignKeyConstraint(["employee_id"], ["employees.id"], name="absences_employee_id_fkey"),
        postgresql.ExcludeConstraint(
            ("employee_id", "="), ("during", "&&"), name="absences_nobody_is_away_twice"
        ),
    )
