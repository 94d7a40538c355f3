"""Every order is somebody's job.

Revision: e5a0c93b7d18
Revises: d41f7be06c25
"""

from __future__ import annotations

from alembic import op

revision = "e5a0c93b7d18"
down_revision = "d41f7be06c25"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("orders", "handled_by", nullable=False)
