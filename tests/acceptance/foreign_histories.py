"""Alembic histories of other projects, as their packages have them, each with an interpreter that has what it imports.

The environments are made from the registry once, and kept in the user's cache: foreign/*.txt pins what is in them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dbtool import programs
from dbtool.errors import ProgramFailed
from tests.acceptance.project import KEY, Done

RUN_TAKES_AT_MOST_S = 200
_PINS = Path(__file__).parent / "foreign"
_EVIDENCE_KEY = "an evidence key of these tests alone: 0123456789"
_INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "DBTOOL_POSTGRES_BIN")
_NO_REGISTRY = re.compile(
    r"connect|resolve|fetch|download|timed? ?out|no matching distribution|no route", re.IGNORECASE
)
_SETTINGS = """\
[project]
migrations = {migrations}
rules = "rules.yaml"

[project.alembic]
python = {python}
{more}

[environments.production]
tier = "production"
url = {{ env = "PRODUCTION_URL" }}

[environments.staging]
tier = "staging"
url = {{ env = "STAGING_URL" }}
"""
_PLAIN_UPGRADE = """
import sys
from alembic import command
from alembic.config import Config

url, migrations, ini = sys.argv[1:]
config = Config(ini or None)
config.set_main_option("script_location", migrations)
config.set_main_option("sqlalchemy.url", url)
command.upgrade(config, "heads")
"""
_MLFLOW_TABLES = """
import sys
import sqlalchemy
from mlflow.store.tracking.dbmodels.initial_models import Base

Base.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))
"""


@dataclass(frozen=True)
class History:
    """``package`` is the folder of the migrations below site-packages, ``ini`` a file below there, too. ``prepare`` is what
    the project does before its first revision: code that is given the database's URL. ``checks`` are some that find
    something on empty tables.
    """

    name: str
    package: str
    revisions: int
    head: str
    scheme: str
    ini: str = ""
    url_variable: str = ""
    prepare: str = ""
    checks: frozenset[str] = frozenset()
    concurrent_builds: int = 0

    def __str__(self) -> str:
        return self.name


# Batch mode; a first revision that builds on tables made before there was a history.
MLFLOW = History(
    "mlflow",
    "mlflow/store/db_migrations",
    revisions=67,
    head="dc11669786a5",
    scheme="postgresql+psycopg",
    prepare=_MLFLOW_TABLES,
    checks=frozenset(["index-build-under-lock", "rewrite-under-lock", "model-drift", "downgrade"]),
)
# An asynchronous env.py that takes its URL from the application's settings; folders of revisions in folders; indexes
# built concurrently, outside of transactions; enums changed by a library that sends many statements for each.
DSTACK = History(
    "dstack",
    "dstack/_internal/server/migrations",
    revisions=141,
    head="40f19bea9d2a",
    scheme="postgresql+asyncpg",
    ini="dstack/_internal/server/alembic.ini",
    url_variable="DSTACK_DATABASE_URL",
    checks=frozenset(["revision-not-atomic"]),
    concurrent_builds=16,
)
# PostgreSQL alone since 2006; SQLAlchemy 2.0 with psycopg2; env.py leaves its connection open.
CKAN = History(
    "ckan",
    "ckan/migration",
    revisions=109,
    head="9445ce34fc23",
    scheme="postgresql+psycopg2",
    checks=frozenset(["downgrade"]),
)
# SQLAlchemy 1.4 and Alembic 1.8; revisions that read and write by the ORM; ids with dots.
OPTUNA = History(
    "optuna",
    "optuna/storages/_rdb/alembic",
    revisions=10,
    head="v3.2.0.a",
    scheme="postgresql+psycopg2",
    ini="optuna/storages/_rdb/alembic.ini",
    checks=frozenset(["model-drift", "downgrade"]),
)


@dataclass(frozen=True)
class Interpreter:
    python: Path
    packages: Path

    def run(self, code: str, *arguments: str, environ: dict[str, str]) -> None:
        programs.run([str(self.python), "-c", code, *arguments], env=environ, timeout_s=RUN_TAKES_AT_MOST_S)


def provide_interpreter(name: str) -> Interpreter:
    """Made from the pins at the first call; skips where the registry is not reached."""
    pins = _PINS / f"{name}.txt"
    digest = hashlib.sha256(f"{sys.version}{pins.read_text()}".encode()).hexdigest()[:16]
    folder = _cache() / f"{name}-{digest}"
    if not folder.is_dir():
        _make(folder, pins)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    return Interpreter(python, packages)


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "dbtool-tests"


def _make(folder: Path, pins: Path) -> None:
    """Under another name first, so that what was interrupted is not taken for whole."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        _install(unfinished, pins)
    except ProgramFailed as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not _NO_REGISTRY.search(str(error)):
            raise
        pytest.skip("cannot run here: the registry of packages is not reached")
    unfinished.rename(folder)


def _install(folder: Path, pins: Path) -> None:
    """Without what the packages ask for beside the pins: env.py and the revisions import a small part of them."""
    own = str(folder / "bin" / "python")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "--quiet", "--no-deps", "--python", own, "--requirement", str(pins))
    else:
        _run(sys.executable, "-m", "venv", str(folder))
        _run(own, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(pins))


def _run(*argv: str) -> None:
    programs.run(argv, env=dict(os.environ), timeout_s=RUN_TAKES_AT_MOST_S)


@dataclass
class ForeignProject:
    """A folder with a dbtool.toml that points at the package's own migrations."""

    folder: Path
    history: History
    interpreter: Interpreter
    target: str
    staging: str
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ini = f"ini = {json.dumps(str(self._ini))}\n" if self.history.ini else ""
        variables = json.dumps([self.history.url_variable] if self.history.url_variable else [])
        text = _SETTINGS.format(
            migrations=json.dumps(str(self._migrations)),
            python=json.dumps(str(self.interpreter.python)),
            more=f"{ini}url_variables = {variables}",
        )
        (self.folder / "dbtool.toml").write_text(text)

    @property
    def _migrations(self) -> Path:
        return self.interpreter.packages / self.history.package

    @property
    def _ini(self) -> Path:
        return self.interpreter.packages / self.history.ini

    def prepare(self, url: str) -> None:
        if self.history.prepare:
            environ = self.environment()
            self.interpreter.run(self.history.prepare, self._spelt(url), environ=environ)

    def upgrade_plainly(self, url: str) -> None:
        """As Alembic does it, without dbtool."""
        environ = self.environment()
        if self.history.url_variable:
            environ[self.history.url_variable] = self._spelt(url)
        ini = str(self._ini) if self.history.ini else ""
        began = time.monotonic()
        self.interpreter.run(_PLAIN_UPGRADE, self._spelt(url), str(self._migrations), ini, environ=environ)
        self.seconds["alembic upgrade"] = time.monotonic() - began

    def _spelt(self, url: str) -> str:
        return urlsplit(url)._replace(scheme=self.history.scheme).geturl()

    def run(self, *arguments: str) -> Done:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "dbtool", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TAKES_AT_MOST_S,
            check=False,
        )
        self.seconds[" ".join(arguments[:2])] = time.monotonic() - began
        return Done(done.returncode, done.stdout, done.stderr)

    def rehearse(self, target: str, *options: str) -> tuple[Done, dict[str, Any]]:
        done = self.run("migrate", "rehearse", "--target", target, "--format", "json", *options)
        assert done.output, done.messages
        return done, json.loads(done.output)

    def environment(self) -> dict[str, str]:
        """HOME is the project's: some packages make folders there when they are imported."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        own = {
            "HOME": str(self.folder),
            "PRODUCTION_URL": self.target,
            "STAGING_URL": self.staging,
            "DBTOOL_MASK_KEY": KEY,
            "DBTOOL_EVIDENCE_KEY": _EVIDENCE_KEY,
            "DBTOOL_ACTOR": "the test",
        }
        return {**inherited, **own}

    def describe_time(self) -> str:
        return ", ".join(f"{what} {seconds:.1f} s" for what, seconds in self.seconds.items())
