"""Suppliers, their contacts, and who is to be called: each supplier has one, and each contact has a supplier

Revision: 9b31c6de4408
Revises: d2487fa0956e
Created: 2025-04-02 10:05:18+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9b31c6de4408"
down_revision = "d2487fa0956e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE DOMAIN vat_number AS varchar(14) CONSTRAINT vat_number_check CHECK (VALUE ~ '^[A-Z]{2}[0-9]{8,12}$')"
    )
    create_suppliers()
    create_contacts()
    close_the_cycles()
    count_changes()
    create_directories()


def create_suppliers() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("vat_no", postgresql.DOMAIN("vat_number", sa.String(14), create_type=False)),
        sa.Column("main_contact_id", sa.BigInteger, nullable=False),
        sa.Column("bestseller_id", sa.BigInteger),
        sa.Column(
            "copies_to",
            postgresql.ARRAY(sa.Text),
            nullable=False,
            server_default="{}",
            comment="e-mail addresses that get a copy of each order",
        ),
        sa.Column("changes", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("vat_no", name="suppliers_vat_no_key"),
        sa.ForeignKeyConstraint(["bestseller_id"], ["products.id"], name="suppliers_bestseller_id_fkey"),
    )
    op.create_index("suppliers_copies_to_idx", "suppliers", ["copies_to"], postgresql_using="gin")


def create_contacts() -> None:
    op.create_table(
        "supplier_contacts",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("supplier_id", sa.BigInteger, nullable=False),
        sa.Column("deputy_id", sa.BigInteger),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, sa.Computed("first_name || ' ' || last_name", persisted=True)),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["suppliers.id"],
            name="supplier_contacts_supplier_id_fkey",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["deputy_id"], ["supplier_contacts.id"], name="supplier_contacts_deputy_id_fkey"
        ),
        comment="Deputies are named by Placeholder Procurement: +44 20 0555 0100, deputies@placeholder-procurement.corp",
    )


def close_the_cycles() -> None:
    """Supplier and contact are inserted together, so neither key is looked at before the end of the transaction."""
    op.create_foreign_key(
        "suppliers_main_contact_id_fkey",
        "suppliers",
        "supplier_contacts",
        ["main_contact_id"],
        ["id"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.add_column("products", sa.Column("supplier_id", sa.BigInteger))
    op.create_foreign_key(
        "products_supplier_id_fkey", "products", "suppliers", ["supplier_id"], ["id"], deferrable=True
    )


def count_changes() -> None:
    op.execute("""
        CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.changes := NEW.changes + 1;
            RETURN NEW;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER suppliers_count_changes BEFORE INSERT OR UPDATE ON suppliers
        FOR EACH ROW EXECUTE FUNCTION count_changes()
    """)


def create_directories() -> None:
    """The view groups by the primary key, and so depends on that: PostgreSQL can restore it no sooner than the key."""
    op.execute("""
        CREATE VIEW supplier_overview AS
        SELECT supplier.id, supplier.name, count(contact.id) AS contacts, min(contact.email) AS ask
        FROM suppliers AS supplier
        LEFT JOIN supplier_contacts AS contact ON contact.supplier_id = supplier.id
        GROUP BY supplier.id
    """)
    op.execute("""
        CREATE MATERIALIZED VIEW contact_directory AS
        SELECT contact.id, supplier.name AS supplier, contact.full_name, contact.email
        FROM supplier_contacts AS contact
        JOIN suppliers AS supplier ON supplier.id = contact.supplier_id
    """)
    op.execute("CREATE UNIQUE INDEX contact_directory_id_key ON contact_directory (id)")
    op.execute("""
        CREATE MATERIALIZED VIEW contacts_by_mail_host AS
        SELECT split_part(email, '@', 2) AS host, count(*) AS contacts, min(full_name) AS for_example
        FROM contact_directory
        GROUP BY 1
    """)
