"""A rehearsal of made-up revisions under the tracer, with an env.py for each driver."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dbtool.locks.trace import HeldLock, RevisionTrace, StatementTrace
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.rehearse.tracer import Tracer
from dbtool.migrate.runner.run import Outcome, Place, run_upgrade

_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_ASYNC_ENV = """
import asyncio, os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run():
    engine = create_async_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(run())
"""
_REVISION = '''"""{id}"""
import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}


def upgrade():
{body}
'''
_LINES_ABOVE = _REVISION[: _REVISION.index("{body}")].count("\n")


@dataclass(frozen=True)
class Traced:
    outcome: Outcome
    revisions: tuple[RevisionTrace, ...]

    def statements(self, revision: int = 0) -> tuple[StatementTrace, ...]:
        return self.revisions[revision].statements

    @property
    def only(self) -> StatementTrace:
        """The one statement of the one revision."""
        ((statement,),) = (each.statements for each in self.revisions)
        return statement


def make_project(
    folder: Path, upgrades: Sequence[str], *, driver: str = "psycopg", env: str | None = None
) -> MigrationProject:
    """Revisions r0, r1, … whose ``upgrade`` has these lines."""
    migrations = folder / "migrations"
    (migrations / "versions").mkdir(parents=True)
    usual = _ASYNC_ENV if driver == "asyncpg" else _ENV
    (migrations / "env.py").write_text(env or usual)
    (migrations / "script.py.mako").write_text("")
    for number, body in enumerate(upgrades):
        text = _REVISION.format(
            id=f"r{number}",
            down=f"r{number - 1}" if number else None,
            body=textwrap.indent(textwrap.dedent(body).strip("\n"), "    "),
        )
        (migrations / "versions" / f"r{number}.py").write_text(text)
    return MigrationProject(folder, migrations=migrations, driver=f"postgresql+{driver}", network="open")


def trace(
    folder: Path,
    url: str,
    *upgrades: str,
    setup: str = "",
    driver: str = "psycopg",
    env: str | None = None,
    child_url: str | None = None,
) -> Traced:
    """Run ``setup`` as SQL, then the revisions, the first line of whose ``upgrade`` is ``first_line()``. ``url`` is the
    superuser's, ``child_url`` what env.py connects to, if it is another.
    """
    if setup:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(setup.encode())
    project = make_project(folder, upgrades, driver=driver, env=env)
    ids = [f"r{number}" for number in range(len(upgrades))]
    with Tracer(url, {each: f"migrations/versions/{each}.py" for each in ids}) as tracer:
        outcome = run_upgrade(
            project,
            Place(child_url or url),
            revisions=ids,
            destination=ids[-1],
            overseer=tracer,
            trace=True,
            timeout_s=60,
        )
    return Traced(outcome, tracer.revisions())


def first_line() -> int:
    """Of ``upgrade``'s body in the revision's file."""
    return _LINES_ABOVE + 1


def spell_locks(statement: StatementTrace) -> dict[str, str]:
    """Relation → mode, without indexes, TOAST and sequences."""
    return {lock.relation: str(lock.mode) for lock in statement.locks if lock.kind not in "iItS"}


def find_lock(statement: StatementTrace, relation: str) -> HeldLock:
    return next(lock for lock in statement.locks if lock.relation == relation)
