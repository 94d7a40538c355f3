"""Tenants, their customers, and the catalogue they sell from

Revision: 3b1f0c6d9a27
Revises:
Created: 2024-01-08 09:12:44+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3b1f0c6d9a27"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_tenants()
    create_customers()
    create_addresses()
    create_products()


def create_tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, comment="the shop's legal name"),
        sa.Column("billing_email", sa.Text, nullable=False),
        sa.Column("country", sa.CHAR(2), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("plan IN ('trial', 'standard', 'enterprise')", name="tenants_plan_check"),
    )


def create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("tenant_id", sa.BigInteger, nullable=False),
        sa.Column("customer_no", sa.String(12), nullable=False, comment="printed on invoices"),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("company", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("birth_date", sa.Date),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="customers_tenant_id_fkey"),
        sa.UniqueConstraint("tenant_id", "customer_no", name="customers_tenant_id_customer_no_key"),
        sa.CheckConstraint("customer_no ~ '^C-[0-9]{7,10}$'", name="customers_customer_no_check"),
    )
    op.create_index("customers_email_key", "customers", [sa.text("lower(email)")], unique=True)


def create_addresses() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("postcode", sa.String(10), nullable=False),
        sa.Column("country", sa.CHAR(2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="addresses_customer_id_fkey"),
    )
    op.create_index("addresses_customer_id_idx", "addresses", ["customer_id"])


def create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sku", sa.String(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("sku", name="products_sku_key"),
        sa.CheckConstraint("price > 0", name="products_price_check"),
    )
