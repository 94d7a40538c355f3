"""An index for reports over a span of days, built without locking out writers

Revision: a97c2e4406fd
Revises: 15d6f38a0be4
Created: 2025-02-11 16:58:20+00:00
"""

from __future__ import annotations

from alembic import op

revision = "a97c2e4406fd"
down_revision = "15d6f38a0be4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("orders_placed_at_idx", "orders", ["placed_at"], postgresql_concurrently=True)
