"""Customers may leave a second number; the board of open orders needs an index.

Revision: d41f7be06c25
Revises: b5d9e2177c30
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d41f7be06c25"
down_revision = "b5d9e2177c30"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("mobile", sa.Text))
    with op.get_context().autocommit_block():
        op.create_index("orders_status_idx", "orders", ["status", "placed_at"], postgresql_concurrently=True)
