"""Orders, their lines and payments, and the staff who handle them

Revision: 8e52a4d7c013
Revises: 3b1f0c6d9a27
Created: 2024-02-19 14:03:10+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8e52a4d7c013"
down_revision = "3b1f0c6d9a27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_employees()
    create_orders()
    create_order_items()
    create_payments()


def create_employees() -> None:
    op.create_table(
        "employees",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, comment="the payroll number"),
        sa.Column("manager_id", sa.Integer),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("work_email", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("iban", sa.String(34), comment="where the salary goes"),
        sa.Column("salary", sa.Numeric(10, 2)),
        sa.Column("job_title", sa.Text, nullable=False),
        sa.Column("hired_on", sa.Date, nullable=False),
        sa.Column("left_on", sa.Date),
        sa.ForeignKeyConstraint(["manager_id"], ["employees.id"], name="employees_manager_id_fkey"),
        sa.CheckConstraint("left_on >= hired_on", name="employees_left_on_check"),
        sa.CheckConstraint("id > 0", name="employees_id_check"),
    )
    op.create_index("employees_work_email_key", "employees", [sa.text("lower(work_email)")], unique=True)
    op.create_index("employees_login_key", "employees", [sa.text("lower(login)")], unique=True)


def create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("shipping_address_id", sa.BigInteger, nullable=False),
        sa.Column("billing_address_id", sa.BigInteger, nullable=False),
        sa.Column("handled_by", sa.Integer),
        sa.Column(
            "status",
            sa.Enum("pending", "paid", "shipped", "delivered", "refunded", "cancelled", name="order_status"),
            nullable=False,
        ),
        sa.Column("total", sa.Numeric(12, 2), nullable=False),
        sa.Column("delivery_note", sa.Text),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("shipped_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="orders_customer_id_fkey"),
        sa.ForeignKeyConstraint(
            ["shipping_address_id"], ["addresses.id"], name="orders_shipping_address_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["billing_address_id"], ["addresses.id"], name="orders_billing_address_id_fkey"
        ),
        sa.ForeignKeyConstraint(["handled_by"], ["employees.id"], name="orders_handled_by_fkey"),
        sa.CheckConstraint("total >= 0", name="orders_total_check"),
        sa.CheckConstraint("shipped_at >= placed_at", name="orders_shipped_at_check"),
    )
    op.create_index("orders_customer_id_idx", "orders", ["customer_id"])


def create_order_items() -> None:
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("product_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price", sa.Numeric(10, 2), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_no", name="order_items_pkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_items_order_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="order_items_product_id_fkey"),
        sa.CheckConstraint("quantity > 0", name="order_items_quantity_check"),
    )
    op.create_index("order_items_product_id_idx", "order_items", ["product_id"])


def create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("card_last4", sa.CHAR(4)),
        sa.Column("iban", sa.String(34)),
        sa.Column(
            "provider_reference", sa.Text, nullable=False, comment="the payment provider's name for it"
        ),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="payments_order_id_fkey"),
        sa.UniqueConstraint("provider_reference", name="payments_provider_reference_key"),
        sa.CheckConstraint("method IN ('card', 'direct_debit', 'invoice')", name="payments_method_check"),
        sa.CheckConstraint("iban IS NULL OR method = 'direct_debit'", name="payments_iban_check"),
    )
    op.create_index("payments_order_id_idx", "payments", ["order_id"])
