"""Small projects with an env.py of the test's own, and what their runs tell."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.overseer import Answer, Go, StatementEnd, StatementStart
from dbtool.migrate.runner.run import Outcome, Place, run_upgrade

USUAL = """
from alembic import context
from sqlalchemy import engine_from_config, pool

target_metadata = None

engine = engine_from_config(context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

# What follows one that has its `engine`, and one whose `engine` is asynchronous.
WITH_ENGINE = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
WITH_ASYNC_ENGINE = """
import asyncio

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(main())
"""
USUAL_ASYNC = f"""
from alembic import context
from sqlalchemy.ext.asyncio import async_engine_from_config

engine = async_engine_from_config(context.config.get_section(context.config.config_ini_section))
{WITH_ASYNC_ENGINE}"""


def revision(name: str, down: str | None, body: str = "pass", top: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f'''"""{name}"""
from alembic import op
import sqlalchemy as sa
revision = {name!r}
down_revision = {down!r}
{top}

def upgrade():
{lines}
'''


TWO = {
    "one": revision("one", None, 'op.execute("CREATE TABLE first_table (id int)")'),
    "two": revision("two", "one", 'op.execute("CREATE TABLE second_table (id int)")'),
}


def make_project(
    root: Path,
    env: str = USUAL,
    revisions: Mapping[str, str] = TWO,
    *,
    ini: str | None = None,
    **options: Any,
) -> MigrationProject:
    """Its migrations are in ``migrations``; ``ini`` is the text of an alembic.ini, None for a project without."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "migrations" / "env.py").write_text(env)
    for name, text in revisions.items():
        (versions / f"{name}.py").write_text(text)
    if ini is not None:
        (root / "alembic.ini").write_text(ini)
    else:
        options.setdefault("migrations", root / "migrations")
    return MigrationProject(root, **options)


@dataclass
class Recorder:
    """An overseer that lets everything run."""

    begun: list[StatementStart] = field(default_factory=list)
    ended: list[StatementEnd] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    finished: list[tuple[str, float]] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)
    failed: list[tuple[str, str | None, str]] = field(default_factory=list)
    transactions: list[tuple[bool, float]] = field(default_factory=list)

    def connected(self, pid: int) -> None:
        self.pids.append(pid)

    def configured(self, transaction_mode: str) -> None: ...

    def revision_begins(self, revision: str) -> None: ...

    def statement_begins(self, start: StatementStart) -> Answer:
        self.begun.append(start)
        return Go()

    def statement_ended(self, end: StatementEnd) -> None:
        self.ended.append(end)

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:
        self.finished.append((revision, seconds))
        return ()

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:
        self.failed.append((revision, sqlstate, message))

    def committing(self, rowcount: int) -> Sequence[str]:  # noqa: ARG002
        return ()

    def transaction_ended(self, *, committed: bool, at: float) -> None:
        self.transactions.append((committed, at))


def run_all(
    project: MigrationProject,
    place: Place | str,
    overseer: Recorder | None = None,
    revisions: Sequence[str] | None = None,
) -> Outcome:
    """``revisions``, or every one of the migrations' folder where each is named as its file, to the heads."""
    files = project.root.glob("migrations/versions/*.py")
    return run_upgrade(
        project,
        Place(place) if isinstance(place, str) else place,
        revisions=revisions or sorted(file.stem for file in files),
        destination="heads",
        overseer=overseer or Recorder(),
        trace=False,
        timeout_s=60,
    )


def tables_in(url: str) -> set[str]:
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query).fetchall()}


class Listener:
    """A port of this machine that is nobody's database, and whether anybody came."""

    def __init__(self) -> None:
        self.visitors = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            visitor.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
