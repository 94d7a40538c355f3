"""Runs the shop's revisions, forward only: there is no way back but the next revision.

The connection comes from whoever calls Alembic in-process (``config.attributes["connection"]``), or from
``DATABASE_URL`` for the ``alembic`` command.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool

DRIVER = "postgresql+psycopg://"


def database_url() -> str:
    """Read DATABASE_URL, spelt for psycopg whichever way it was written."""
    _, separator, rest = os.environ.get("DATABASE_URL", "").partition("://")
    if not separator:
        message = (
            "DATABASE_URL is not set; set it to the database to migrate, such as postgresql://localhost/shop"
        )
        raise SystemExit(message)
    return DRIVER + rest


def run(connection: Connection) -> None:
    # One transaction per revision: what has succeeded stands, and a revision may leave its own (CONCURRENTLY).
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    engine = create_engine(database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)


if context.is_offline_mode():
    run_offline()
else:
    run_online()
