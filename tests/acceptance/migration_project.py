"""A project with an Alembic history of the test's own, and `dbtool migrate` run in it as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.acceptance.project import Done, Running
from tests.databases import execute, query

EVIDENCE_KEY = "an evidence key of these tests alone: 0123456789"
RUN_TAKES_AT_MOST_S = 90
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "DBTOOL_POSTGRES_BIN", "PYTHONPATH")
_SETTINGS = """\
[project]
migrations = "migrations"
evidence_key = {{ env = "DBTOOL_EVIDENCE_KEY" }}
{project}
[environments.production]
tier = "production"
url = {{ env = "PRODUCTION_URL" }}

[environments.staging]
tier = "staging"
url = {{ env = "STAGING_URL" }}
{more}
"""
_ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine, pool

url = "postgresql+psycopg://" + os.environ["DATABASE_URL"].partition("://")[2]
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = '''\
"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
{body}
'''


@dataclass
class MigrationProject:
    folder: Path
    production: str
    staging: str
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ = {
            "PRODUCTION_URL": self.production,
            "STAGING_URL": self.staging,
            "DBTOOL_EVIDENCE_KEY": EVIDENCE_KEY,
            "DBTOOL_ACTOR": "the test",
        }
        (self.folder / "migrations" / "versions").mkdir(parents=True)
        (self.folder / "migrations" / "env.py").write_text(_ENV)
        self.configure()

    def configure(self, *, project: str = "", more: str = "") -> None:
        (self.folder / "dbtool.toml").write_text(_SETTINGS.format(project=project, more=more))

    def write(self, revision: str, down: str | None, body: str, message: str = "a revision") -> Path:
        """``body`` are the statements of upgrade()."""
        path = self.folder / "migrations" / "versions" / f"{revision}.py"
        indented = "".join(f"    {line}\n" for line in body.splitlines())
        path.write_text(_REVISION.format(id=revision, down=down, body=indented, message=message))
        return path

    def run(self, *arguments: str) -> Done:
        with self.start(*arguments) as running:
            output, messages = running.process.communicate(timeout=RUN_TAKES_AT_MOST_S)
        return Done(running.process.returncode, output, messages)

    def start(self, *arguments: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", "dbtool", "migrate", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return Running(process, self)  # type: ignore[arg-type]  # it only waits for it

    def environment(self) -> Mapping[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {**inherited, **self.environ}

    def rehearse(self, target: str = "production", *options: str) -> Done:
        return self.run("rehearse", "--target", target, "--data", "schema", *options)

    def apply(self, target: str, *options: str) -> Done:
        return self.run("apply", "--target", target, *options)

    def promote(self) -> None:
        """Rehearse for production and apply to staging: what production demands."""
        rehearsed = self.rehearse()
        assert rehearsed.code == 0, rehearsed.messages + rehearsed.output
        applied = self.apply("staging")
        assert applied.code == 0, applied.messages

    @property
    def evidence(self) -> Path:
        """The newest."""
        return max((self.folder / ".dbtool" / "evidence").glob("*.json"))

    def version(self, url: str) -> list[str]:
        with psycopg.connect(url) as connection:
            there = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
            if there is None or there[0] is None:
                return []
            return [
                row[0] for row in connection.execute("SELECT version_num FROM alembic_version ORDER BY 1")
            ]

    def has_ledger(self, url: str) -> bool:
        return self.query(url, "SELECT to_regclass('dbtool.ledger') IS NOT NULL") == [(True,)]

    def events(self, url: str) -> list[tuple[str, str]]:
        """(event, revision) of the ledger, oldest first; none where there is no ledger."""
        if not self.has_ledger(url):
            return []
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT event, revision FROM dbtool.ledger ORDER BY number").fetchall()

    execute = staticmethod(execute)
    query = staticmethod(query)


def document(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.output)
    assert found["schema"] == 1
    return found
