"""Documents and the contracts among them, manuals, and carts that need not survive a crash

Revision: 73f4c0a85ed1
Revises: e86b150d3f9c
Created: 2025-05-14 09:58:06+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "73f4c0a85ed1"
down_revision = "e86b150d3f9c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_documents()
    create_contracts()
    create_manuals()
    create_carts()


def create_documents() -> None:
    """About a customer or a supplier: ``about_kind`` says which, so no foreign key can."""
    op.create_table(
        "documents",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("about_kind", sa.Text, nullable=False),
        sa.Column("about_id", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.CheckConstraint("about_kind IN ('customer', 'supplier')", name="documents_about_kind_check"),
    )
    op.create_index("documents_about_idx", "documents", ["about_kind", "about_id"])


def create_contracts() -> None:
    """A contract is a document; keys and indexes are its own, since these are not inherited."""
    op.execute("""
        CREATE TABLE contracts (
            signed_by text NOT NULL,
            signed_on date NOT NULL,
            CONSTRAINT contracts_pkey PRIMARY KEY (id)
        ) INHERITS (documents)
    """)
    op.create_index("contracts_about_idx", "contracts", ["about_kind", "about_id"])


def create_manuals() -> None:
    op.create_table(
        "product_manuals",
        sa.Column("product_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("file", postgresql.OID, comment="a large object: the manual as it was scanned"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="product_manuals_product_id_fkey"),
    )


def create_carts() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("content", postgresql.JSONB, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="carts_customer_id_fkey"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("carts_customer_id_idx", "carts", ["customer_id"])
