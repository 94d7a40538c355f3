"""A project's folder, and `dbtool refresh` run in it as a process of its own.

Every run is searched for what must never be told: passwords, keys, and the values that a test calls private.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg

from dbtool.clones.embedded import EmbeddedServer
from tests.databases import execute, query

KEY = "a key of these tests alone: 0123456789abcdef"
RUN_TAKES_AT_MOST_S = 90
_RULES = Path(__file__).parent / "rules"
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "DBTOOL_POSTGRES_BIN")
_DATABASES = """
SELECT oid, datname, datdba, datacl::text, datconnlimit, shobj_description(oid, 'pg_database')
FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid
"""
_CONFIGURATION = """\
[project]
rules = "rules.yaml"

[environments.production]
tier = "production"
url = {{ env = "PRODUCTION_URL" }}
{production}
[environments.staging]
tier = "staging"
url = {{ env = "STAGING_URL" }}
{staging}
{more}
"""


@dataclass(frozen=True, slots=True)
class Done:
    """``output`` is standard output, ``messages`` standard error."""

    code: int
    output: str
    messages: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that ``--format json`` promises."""
        document = json.loads(self.output)
        assert document["schema"] == 1
        assert document["command"] == "refresh"
        return dict(document)

    @property
    def last_message(self) -> str:
        """The boundary's own message: from the last line that begins with dbtool's name."""
        return self.messages[self.messages.rindex("dbtool: ") :].strip()


class Running:
    """A run at work. Leaving the context ends it, should the test not have waited for it."""

    def __init__(self, process: subprocess.Popen[str], project: Project) -> None:
        self.process, self._project = process, project

    @property
    def pid(self) -> int:
        return self.process.pid

    def finish(self, *, timeout_s: float = RUN_TAKES_AT_MOST_S) -> Done:
        output, messages = self.process.communicate(timeout=timeout_s)
        return self._project.searched(Done(self.process.returncode, output, messages))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


@dataclass
class Project:
    """``private`` are values of rows. ``environ`` is given to every run beside PATH and the like."""

    folder: Path
    environ: dict[str, str]
    private: set[str] = field(default_factory=set)
    ends: tuple[str, ...] = ()  # as the fixtures made them, whatever a test does to the variables

    @property
    def configuration(self) -> Path:
        return self.folder / "dbtool.toml"

    @property
    def rules(self) -> Path:
        return self.folder / "rules.yaml"

    @property
    def source(self) -> str:
        return self.environ["PRODUCTION_URL"]

    @property
    def target(self) -> str:
        return self.environ["STAGING_URL"]

    @property
    def target_name(self) -> str:
        return self.target.rsplit("/", 1)[1]

    @property
    def server_url(self) -> str:
        """Of the target's server, as its superuser."""
        return self.ends[1].rsplit("/", 1)[0] + "/postgres"

    @property
    def manifests(self) -> list[Path]:
        return sorted((self.folder / ".dbtool" / "refresh").glob("*.json"))

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def configure(self, *, production: str = "", staging: str = "", more: str = "") -> None:
        text = _CONFIGURATION.format(production=production, staging=staging, more=more)
        self.configuration.write_text(text, encoding="utf-8")

    def connect(self, source: str, target: str) -> None:
        self.environ |= {"PRODUCTION_URL": source, "STAGING_URL": target}
        self.ends = (source, target)

    execute = staticmethod(execute)
    query = staticmethod(query)

    def use_rules(self, name: str) -> None:
        shutil.copy(_RULES / f"{name}.yaml", self.rules)

    def refresh(self, *options: str, source: str = "production", target: str = "staging") -> Done:
        with self.start(*options, source=source, target=target) as running:
            return running.finish()

    def refuse(self, code: int, *options: str, source: str = "production", target: str = "staging") -> Done:
        """Refresh, expecting ``code``: nothing on standard output, nothing made, lost or renamed at either end."""
        before = self.describe_ends()
        done = self.refresh(*options, source=source, target=target)
        assert done.code == code, done.messages
        assert self.describe_ends() == before
        assert self.manifests == []
        if "json" not in options:
            assert done.output == ""
            assert "Traceback" not in done.messages
            assert done.last_message
        return done

    def databases(self) -> list[str]:
        return [str(name) for _, name, *_ in self.describe_ends()]

    def describe_source(self) -> list[tuple[Any, ...]]:
        """Its relations, and how often their rows were ever written."""
        wait_until(self._is_source_left, "the sessions of the source have ended, and counted what they wrote")
        query = (
            "SELECT c.oid, c.relfilenode, c.relkind, pg_stat_get_tuples_inserted(c.oid), "
            "pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid) FROM pg_class c "
            "WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) ORDER BY 1"
        )
        return self.query(self.source, query)

    def _is_source_left(self) -> bool:
        """A server's process counts its writes before it is out of pg_stat_activity, though after its client has gone."""
        others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return not self.query(self.source, f"{others} AND backend_type = 'client backend'")

    def is_dawdling(self) -> bool:
        """Is some session of the target's server asleep in one of the tests' own statements?"""
        with psycopg.connect(self.ends[1], dbname="postgres") as connection:
            query = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            return connection.execute(query).fetchone() is not None

    def has_waiting(self, query: str) -> bool:
        """Does some session of the target's server wait for a lock in a statement like ``query``?"""
        with psycopg.connect(self.ends[1], dbname="postgres") as connection:
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
            return connection.execute(waiting, [query]).fetchone() is not None

    def describe_ends(self) -> list[tuple[object, ...]]:
        """Every database at either end, with what it says of itself."""
        found: list[tuple[object, ...]] = []
        servers = {urlsplit(url).netloc: url for url in self.ends}
        for url in servers.values():
            with psycopg.connect(url, dbname="postgres") as connection:
                found += connection.execute(_DATABASES, [f"dbtool_test_{os.getpid()}_"]).fetchall()
        return found

    def start(self, *options: str, source: str = "production", target: str = "staging") -> Running:
        """``private`` is looked for in the output once the run is finished."""
        process = subprocess.Popen(
            [sys.executable, "-m", "dbtool", "refresh", source, target, *options],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return Running(process, self)

    def environment(self) -> Mapping[str, str]:
        self.temporary.mkdir(exist_ok=True)
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {**inherited, "TMPDIR": str(self.temporary), **self.environ}

    def secrets(self) -> set[str]:
        passwords = {urlsplit(value).password for name, value in self.environ.items() if name.endswith("URL")}
        keys = {value for name, value in self.environ.items() if name.endswith("KEY") and value}
        return keys | {password for password in passwords if password}

    def searched(self, done: Done) -> Done:
        """Fails where a secret or a private value was told, or where temporary files were left."""
        told = {"output": done.output, "messages": done.messages}
        told |= {str(path): path.read_text(errors="replace") for path in self._written()}
        for secret in self.secrets() | self.private:
            telling = [where for where, text in told.items() if secret in text]
            assert not telling, f"{telling} tell a secret or a row's value"
        assert [path.name for path in self.temporary.iterdir()] == []
        return done

    def _written(self) -> Iterator[Path]:
        for folder in (self.folder / ".dbtool", self.temporary):
            yield from (path for path in folder.rglob("*") if path.is_file())


def databases_of(server: EmbeddedServer, *names: str) -> dict[str, str | None]:
    """The databases whose names begin with one of ``names``, with their comments."""
    query = (
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database "
        "WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS n WHERE starts_with(datname, n)) ORDER BY 1"
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        return dict(connection.execute(query, [list(names)]).fetchall())


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain until {what}"
        time.sleep(0.01)


def descendants_of(pid: int) -> dict[int, list[str]]:
    """The arguments of every process below ``pid``, by its id (Linux)."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found: dict[int, list[str]] = {}
    generation = {pid}
    while generation:
        generation = {child for child, parent in parents.items() if parent in generation}
        found |= {
            child: arguments for child in generation if (arguments := read_arguments(child)) is not None
        }
    return found


def read_arguments(pid: int) -> list[str] | None:
    """None where there is no such process (any more), or it only waits to be reaped."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        return text.rstrip("\0").split("\0") if text else None
    return None
