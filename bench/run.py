"""A masked, verified refresh against an unmasked pg_dump and pg_restore of the same database, in one run.

Both ends are embedded servers with the same settings, on this machine, like the client: what counts is CPU. Every
contender runs once per round, in turn, so that a machine whose speed drifts is unfair to none. Prints a table and
writes bench/results.json.

    python bench/run.py [--scale 10M] [--rounds 2]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.demo.project import get_project_folder, migrate_shop
from dbtool.demo.scale import parse_scale
from dbtool.demo.shop import fill_shop
from dbtool.postgres.binaries import Installation, choose_server, find_installations
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import connect

RESULTS = Path(__file__).with_name("results.json")
JOBS = "2"


@dataclass
class Measured:
    """Seconds by round. ``client_cpu`` is the contender's programs', ``server_cpu`` both servers'."""

    wall: list[float] = field(default_factory=list)
    client_cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    stages: list[Mapping[str, float]] = field(default_factory=list)

    def medians(self) -> dict[str, float]:
        rows = {"wall_s": self.wall, "client_cpu_s": self.client_cpu, "server_cpu_s": self.server_cpu}
        return {name: round(statistics.median(values), 2) for name, values in rows.items() if values}


@dataclass(frozen=True)
class Arena:
    production: EmbeddedServer
    staging: EmbeddedServer
    programs: Installation
    folder: Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=parse_scale, default="10M")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbtool-bench-") as name, open_arena(Path(name)) as arena:
        filled = fill_arena(arena, arguments.scale)
        measured = _race(arena, arguments.rounds)
    results = _results(arguments.scale, arguments.rounds, filled, measured)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, **results}, indent=2) + "\n", encoding="utf-8")
    _print_table(results, measured)


@contextmanager
def open_arena(folder: Path) -> Iterator[Arena]:
    settings = {"max_wal_size": "4GB", "shared_buffers": "512MB"}
    installation = choose_server(find_installations())
    with (
        embedded_server(settings=settings, installation=installation) as production,
        embedded_server(settings=settings, installation=installation) as staging,
    ):
        yield Arena(production, staging, installation, folder)


def fill_arena(arena: Arena, rows: int) -> dict[str, float]:
    """``peak_mb`` of the one server process that fills, buffers it shares with others included; 0 without /proc."""
    with connect(arena.production.url()) as maintenance:
        maintenance.execute("CREATE DATABASE shop")
    url = arena.production.url("shop")
    migrate_shop(url)
    began = time.monotonic()
    with connect(url) as connection:
        fill_shop(
            connection, rows=rows, seed=1, progress=lambda table: print(f"filled {table}", file=sys.stderr)
        )
        seconds = time.monotonic() - began
        size = connection.execute("SELECT pg_database_size(current_database()), pg_backend_pid()").fetchone()
        mb, backend = size or (0, 0)
        return {"seconds": round(seconds, 1), "mb": round(mb / 1e6), "peak_mb": _peak_mb(backend)}


def _peak_mb(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return round(int(peak.split()[1]) / 1024)


def _race(arena: Arena, rounds: int) -> dict[str, Measured]:
    contenders: dict[str, Callable[[Arena], Mapping[str, float]]] = {
        "refresh": _refresh,
        "pg_dump_restore": lambda arena: _dump_restore(arena, ()),
        "pg_dump_restore_uncompressed": lambda arena: _dump_restore(arena, ("-Z0",)),
    }
    measured = {name: Measured() for name in contenders}
    for number in range(rounds):
        for name, contender in contenders.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            settle(arena)
            _measure(arena, contender, measured[name])
    return measured


def settle(arena: Arena) -> None:
    """What the last contender left to be written is not the next one's to pay for."""
    for server in (arena.production, arena.staging):
        with connect(server.url()) as connection:
            connection.execute("CHECKPOINT")


def _measure(arena: Arena, contender: Callable[[Arena], Mapping[str, float]], measured: Measured) -> None:
    servers = _server_cpu_s(arena)
    began = time.monotonic()
    said = contender(arena)
    measured.wall.append(time.monotonic() - began)
    measured.client_cpu.append(said["cpu_s"])
    measured.peak_mb = max(measured.peak_mb, said["peak_mb"])
    if servers is not None:
        measured.server_cpu.append((_server_cpu_s(arena) or 0.0) - servers)
    stages = said.get("stages")
    if isinstance(stages, dict):
        measured.stages.append(stages)


def run_program(
    argv: list[str], env: Mapping[str, str], stdout: int | None = None
) -> tuple[bytes, dict[str, Any]]:
    """Run to the end; CPU of the program and its children, peak memory of the largest of them."""
    process = subprocess.Popen(argv, env={**os.environ, **env}, stdout=stdout)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{Path(argv[0]).name} failed with exit code {process.returncode}")
    scale = 1 if sys.platform == "darwin" else 1024
    return output, {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss * scale / 1e6}


def _refresh(arena: Arena) -> dict[str, Any]:
    project = get_project_folder()
    config = arena.folder / "dbtool.toml"
    config.write_text(
        f'[project]\nrules = "{project / "masking_rules"}"\nstate = "{arena.folder / "state"}"\n'
        '[environments.production]\ntier = "production"\n[environments.staging]\ntier = "staging"\nkeep_previous = 0\n',
        encoding="utf-8",
    )
    env = {
        "DBTOOL_PRODUCTION_URL": arena.production.url("shop"),
        "DBTOOL_STAGING_URL": arena.staging.url("shop"),
        "DBTOOL_MASK_KEY": "dbtool bench: a key that masks nobody",
    }
    argv = [sys.executable, "-m", "dbtool", "refresh", "production", "staging", "--jobs", JOBS]
    output, usage = run_program(
        [*argv, "--config", str(config), "--format", "json", "--quiet"], env, subprocess.PIPE
    )
    return {**usage, "stages": json.loads(output)["stages"]}


def _dump_restore(arena: Arena, options: tuple[str, ...]) -> dict[str, Any]:
    with connect(arena.staging.url()) as maintenance:
        maintenance.execute("DROP DATABASE IF EXISTS unmasked")
        maintenance.execute("CREATE DATABASE unmasked TEMPLATE template0")
    folder = arena.folder / "dump"
    shutil.rmtree(folder, ignore_errors=True)
    dump = [str(arena.programs.program("pg_dump")), "-Fd", f"-j{JOBS}", *options, "-f", str(folder)]
    restore = [str(arena.programs.program("pg_restore")), f"-j{JOBS}", "-d", "unmasked", str(folder)]
    _, dumped = run_program(dump, program_environment(arena.production.url("shop")))
    _, restored = run_program(restore, program_environment(arena.staging.url("unmasked")))
    return {
        "cpu_s": dumped["cpu_s"] + restored["cpu_s"],
        "peak_mb": max(dumped["peak_mb"], restored["peak_mb"]),
    }


def _server_cpu_s(arena: Arena) -> float | None:
    """CPU seconds of both servers so far, of ended backends too; None where the system has no /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    parents = {_postmaster(arena.production), _postmaster(arena.staging)}
    ticks = 0
    for entry in Path("/proc").iterdir():
        fields = _stat_fields(entry) if entry.name.isdigit() else None
        if fields and (int(entry.name) in parents or int(fields[1]) in parents):
            own, ended = fields[11:13], fields[13:15]
            ticks += sum(map(int, own + (ended if int(entry.name) in parents else [])))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat_fields(entry: Path) -> list[str] | None:
    """/proc/PID/stat behind the program's name, which may hold anything: state, ppid, … utime at 11."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def _results(
    rows: int, rounds: int, filled: Mapping[str, float], measured: Mapping[str, Measured]
) -> dict[str, Any]:
    def ratio(other: str) -> float:
        pairs = zip(measured["refresh"].wall, measured[other].wall, strict=True)
        return round(statistics.median(mine / theirs for mine, theirs in pairs), 2)

    return {
        "rows": rows,
        "database_mb": filled["mb"],
        "fill": {"seconds": filled["seconds"], "peak_mb": filled["peak_mb"]},
        "rounds": rounds,
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "refresh_vs_pg_dump_restore": ratio("pg_dump_restore"),
        "refresh_vs_pg_dump_restore_uncompressed": ratio("pg_dump_restore_uncompressed"),
        "peak_mb": round(measured["refresh"].peak_mb),
        "contenders": {name: each.medians() for name, each in measured.items()},
        "refresh_stages_s": _median_stages(measured["refresh"]),
    }


def _median_stages(measured: Measured) -> dict[str, float]:
    names = measured.stages[0] if measured.stages else {}
    return {name: round(statistics.median(stages[name] for stages in measured.stages), 2) for name in names}


def _print_table(results: Mapping[str, Any], measured: Mapping[str, Measured]) -> None:
    fill = results["fill"]
    print(f"filled in {fill['seconds']:.1f} s, peak {fill['peak_mb']} MB")
    print(
        f"{results['rows']:,} rows, {results['database_mb']} MB with indexes, {results['rounds']} rounds, medians"
    )
    print(f"{'':32} {'wall s':>8} {'client CPU s':>13} {'server CPU s':>13} {'peak MB':>8}")
    for name, each in measured.items():
        row = each.medians()
        server = f"{row['server_cpu_s']:13.1f}" if "server_cpu_s" in row else " " * 13
        print(f"{name:32} {row['wall_s']:8.1f} {row['client_cpu_s']:13.1f} {server} {each.peak_mb:8.0f}")
    print(f"refresh / pg_dump + pg_restore:               {results['refresh_vs_pg_dump_restore']:.2f}")
    print(
        f"refresh / pg_dump -Z0 + pg_restore:           {results['refresh_vs_pg_dump_restore_uncompressed']:.2f}"
    )
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in results["refresh_stages_s"].items())
    print(f"the refresh's stages, s: {stages}")


if __name__ == "__main__":
    main()
