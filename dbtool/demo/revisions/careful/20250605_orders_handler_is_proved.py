"""The old orders are proved while everybody works on; then the column's own NOT NULL costs no second look.

Revision: f30b5d8e9a41
Revises: e5a0c93b7d18
"""

from __future__ import annotations

from alembic import op

revision = "f30b5d8e9a41"
down_revision = "e5a0c93b7d18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_handled_by_present")
    op.alter_column("orders", "handled_by", nullable=False)
    op.drop_constraint("orders_handled_by_present", "orders")
