"""A rehearsal of 70 revisions against a plain `alembic upgrade` of the same, in one run.

The history makes and changes 30 tables and fills six of them, on an embedded server. Three contenders run once per
round, in turn, each on a new database: Alembic's own command; the same upgrade in the guarded child with every
statement traced; and the whole of `dbtool migrate rehearse`, which makes its clone, judges and signs as well. Prints a
table and adds to bench/results.json.

    python bench/migrate.py [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.rehearse.tracer import Tracer
from dbtool.migrate.revisions.history import find_destination
from dbtool.migrate.runner.run import Place, describe, run_upgrade
from dbtool.postgres.session import connect

RESULTS = Path(__file__).with_name("results.json")
REVISIONS = 70
TABLES = 30
_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = "postgresql+psycopg://" + os.environ["DATABASE_URL"].partition("://")[2]
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = """\
import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
{body}
"""
_SETTINGS = """\
[project]
migrations = "migrations"
evidence_key = { env = "DBTOOL_EVIDENCE_KEY" }

[environments.production]
tier = "production"
url = { env = "PRODUCTION_URL" }
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbtool-bench-") as name, embedded_server() as server:
        project = Path(name)
        write_project(project, arguments.rows)
        seconds = race(server, project, arguments.rounds)
    report(arguments.rows, arguments.rounds, seconds)


def write_project(folder: Path, rows: int) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "dbtool.toml").write_text(_SETTINGS)
    (folder / "migrations" / "env.py").write_text(_ENV)
    (folder / "migrations" / "script.py.mako").write_text("")
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    for number in range(REVISIONS):
        down = f"r{number - 1:03}" if number else None
        body = "".join(f"    {line}\n" for line in _statements(number, rows))
        (versions / f"{number:03}.py").write_text(_REVISION.format(id=f"r{number:03}", down=down, body=body))


def _statements(number: int, rows: int) -> list[str]:
    """Thirty revisions make a table each, every fifth with rows; the others change one."""
    table = f"t{number % TABLES:02}"
    if number < TABLES:
        made = [
            (
                f'op.create_table("{table}", sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True), '
                'sa.Column("name", sa.Text, nullable=False), sa.Column("state", sa.String(20)), '
                'sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now()))'
            ),
            f'op.create_index("{table}_state", "{table}", ["state"])',
        ]
        if number % 5 == 0:
            made.append(
                f"op.execute(\"INSERT INTO {table} (name, state) SELECT 'name ' || i, 'state ' || i % 7 "
                f'FROM generate_series(1, {rows}) AS i")'
            )
        return made
    changes = [
        [f'op.add_column("{table}", sa.Column("note_{number}", sa.Text))'],
        [f'op.alter_column("{table}", "state", type_=sa.String(40))'],
        [f'op.create_index("{table}_made_{number}", "{table}", ["made_at"])'],
        [f'op.alter_column("{table}", "made_at", nullable=False)'],
        [f'op.create_check_constraint("{table}_named_{number}", "{table}", "name <> \'\'")'],
    ]
    return changes[number // 2 % len(changes)]


def race(server: EmbeddedServer, project: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(wall, CPU of the client) in seconds of each contender and round."""
    contenders: dict[str, Callable[[str], None]] = {
        "alembic upgrade": lambda url: _alembic(project, url),
        "traced upgrade": lambda url: _traced(project, url),
        "migrate rehearse": lambda url: _rehearse(project, url),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, run in contenders.items():
            url = _new_database(server, f"bench_{turn}_{name.replace(' ', '_')}")
            before, began = _child_cpu(), time.monotonic()
            run(url)
            found[name].append((time.monotonic() - began, _child_cpu() - before))
    return found


def _new_database(server: EmbeddedServer, name: str) -> str:
    with connect(server.url()) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    return server.url(name)


def _run(argv: list[str], project: Path, url: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "PRODUCTION_URL": url,
        "DBTOOL_EVIDENCE_KEY": "a key of this bench alone: 0123456789",
    }
    done = subprocess.run(argv, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:  # findings are what a rehearsal may end in
        raise SystemExit(f"{argv[2:]} failed with {done.returncode}: {done.stderr[-2000:]}")


def _alembic(project: Path, url: str) -> None:
    _run([sys.executable, "-m", "alembic", "upgrade", "head"], project, url)


def _traced(project: Path, url: str) -> None:
    _run([sys.executable, str(Path(__file__).resolve()), "--traced-child"], project, url)


def _rehearse(project: Path, url: str) -> None:
    _run(
        [sys.executable, "-m", "dbtool", "migrate", "rehearse", "--target", "production", "-q"], project, url
    )


def _child_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def trace_upgrade() -> None:
    """The contender in the middle: what a rehearsal does between having its clone and judging."""
    project = MigrationProject(Path.cwd(), Path.cwd() / "migrations")
    history, url = describe(project), os.environ["DATABASE_URL"]
    ids = [one.id for one in history.revisions]
    with Tracer(url, {one.id: one.file for one in history.revisions}) as tracer:
        outcome = run_upgrade(
            project,
            Place(url),
            revisions=ids,
            destination=find_destination(history),
            overseer=tracer,
            trace=True,
        )
    assert len(tracer.revisions()) == REVISIONS, outcome


def report(rows: int, rounds: int, seconds: dict[str, list[tuple[float, float]]]) -> None:
    medians = {name: statistics.median(wall for wall, _ in runs) for name, runs in seconds.items()}
    plain = medians["alembic upgrade"]
    results = {
        "revisions": REVISIONS,
        "rows": rows,
        "rounds": rounds,
        "wall_s": {name: round(value, 2) for name, value in medians.items()},
        "client_cpu_s": {
            name: round(statistics.median(cpu for _, cpu in runs), 2) for name, runs in seconds.items()
        },
        "peak_mb": round(
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        ),  # of the largest process
        "traced_vs_upgrade": round(medians["traced upgrade"] / plain, 2),
        "rehearse_vs_upgrade": round(medians["migrate rehearse"] / plain, 2),
    }
    whole = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**whole, "migrate": results}, indent=2) + "\n", encoding="utf-8")
    for name, value in medians.items():
        print(f"{name:20} {value:8.2f} s  {value / plain:5.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--traced-child"]:
        trace_upgrade()
    else:
        main()
