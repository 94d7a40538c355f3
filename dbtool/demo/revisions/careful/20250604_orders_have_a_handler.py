"""Every order is somebody's job: those without one get one, batch by batch, and new ones must have one.

Revision: e5a0c93b7d18
Revises: d41f7be06c25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e5a0c93b7d18"
down_revision = "d41f7be06c25"
branch_labels = None
depends_on = None

BATCH = sa.text("""
    UPDATE orders SET handled_by = (SELECT min(id) FROM employees)
    WHERE id IN (SELECT id FROM orders WHERE handled_by IS NULL LIMIT 5000)
""")


def upgrade() -> None:
    op.execute(
        "ALTER TABLE orders ADD CONSTRAINT orders_handled_by_present CHECK (handled_by IS NOT NULL) NOT VALID"
    )
    with op.get_context().autocommit_block():
        while op.get_bind().execute(BATCH).rowcount:
            pass
