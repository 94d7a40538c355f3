"""The newsletter's subscribers with their history, and the messages sent to customers

Revision: 40ad97f3c21b
Revises: 9b31c6de4408
Created: 2025-04-16 08:47:33+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "40ad97f3c21b"
down_revision = "9b31c6de4408"
branch_labels = None
depends_on = None

HASHES = 4


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS citext")
    create_subscribers()
    create_history()
    create_messages()


def create_subscribers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("email", postgresql.CITEXT, nullable=False),
        sa.Column("mail_host", sa.Text, sa.Computed("split_part(email::text, '@', 2)", persisted=True)),
        sa.Column("customer_id", sa.BigInteger),
        sa.Column("name", sa.Text),
        sa.Column("is_company", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("email", name="subscribers_email_key"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="subscribers_customer_id_fkey"),
        sa.CheckConstraint("email <> 'never.write.again@placeholder.corp'", name="subscribers_email_check"),
    )


def create_history() -> None:
    """Kept whatever becomes of the subscriber, and without a key: one may subscribe twice in a moment."""
    op.create_table(
        "subscriber_history",
        sa.Column("email", postgresql.CITEXT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("""
        CREATE FUNCTION write_subscriber_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.subscriber_history VALUES (NEW.email, lower(TG_OP), NEW.subscribed_at);
            RETURN NULL;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER subscribers_history AFTER INSERT OR UPDATE ON subscribers
        FOR EACH ROW EXECUTE FUNCTION write_subscriber_history()
    """)
    op.execute("ALTER TABLE subscribers ENABLE ALWAYS TRIGGER subscribers_history")


def create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column(
            "channel", sa.Enum("email", "sms", "call", "letter", name="message_channel"), nullable=False
        ),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", "channel", name="messages_pkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="messages_customer_id_fkey"),
        postgresql_partition_by="HASH (channel)",
    )
    op.create_index("messages_customer_id_idx", "messages", ["customer_id"])
    for number in range(HASHES):
        op.execute(
            f"CREATE TABLE messages_{number} PARTITION OF messages FOR VALUES WITH (MODULUS {HASHES}, REMAINDER {number})"
        )
