"""Customers may leave a second number; the board of open orders needs an index.

Revision: d41f7be06c25
Revises: a97c2e4406fd
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d41f7be06c25"
down_revision = "a97c2e4406fd"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("mobile", sa.Text))
    op.create_index("orders_status_idx", "orders", ["status", "placed_at"])
