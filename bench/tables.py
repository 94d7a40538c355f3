"""Five hundred tables of few rows: what each of them costs a refresh, beside what it costs pg_dump and pg_restore.

The tables of tests/many_tables.py, 720 relations with their partitions; once all of them and once a tenth, so that what a
run costs anyhow can be told from what a table adds. Every contender runs once per round, in turn. Prints a table and adds
to bench/results.json.

    python bench/tables.py [--tables 500] [--rounds 2]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import run as arena_of

sys.path.insert(0, str(Path(__file__).parents[1]))
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import connect
from tests.many_tables import ROWS, make_rules, make_statements

RESULTS = Path(__file__).with_name("results.json")

Contender = Callable[[], dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="dbtool-bench-") as name,
        arena_of.open_arena(Path(name)) as arena,
    ):
        for tables in (arguments.tables, arguments.tables // 10):
            _fill(arena, tables)
        measured = _race(arena, arguments.tables, arguments.rounds)
    _report(arguments, load, measured)


def _fill(arena: arena_of.Arena, tables: int) -> None:
    with connect(arena.production.url()) as maintenance:
        maintenance.execute(f"CREATE DATABASE tables{tables}".encode())
    with connect(arena.production.url(f"tables{tables}")) as connection:
        for statement in make_statements(tables):
            connection.execute(statement.encode())


def _race(arena: arena_of.Arena, tables: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    contenders: dict[str, Contender] = {
        "refresh": lambda: _refresh(arena, tables),
        "refresh, a tenth": lambda: _refresh(arena, tables // 10),
        "pg_dump_restore": lambda: _dump_restore(arena, tables),
    }
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, contender in contenders.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            arena_of.settle(arena)
            began = time.monotonic()
            said = contender()
            measured[name].append({**said, "wall_s": time.monotonic() - began})
    return measured


def _refresh(arena: arena_of.Arena, tables: int) -> dict[str, Any]:
    rules, config = arena.folder / "rules.yaml", arena.folder / "dbtool.toml"
    rules.write_text(make_rules(tables), encoding="utf-8")
    config.write_text(
        f'[project]\nrules = "{rules}"\nstate = "{arena.folder / "state"}"\n'
        '[environments.production]\ntier = "production"\n[environments.staging]\ntier = "staging"\nkeep_previous = 0\n',
        encoding="utf-8",
    )
    env = {
        "DBTOOL_PRODUCTION_URL": arena.production.url(f"tables{tables}"),
        "DBTOOL_STAGING_URL": arena.staging.url(f"tables{tables}"),
        "DBTOOL_MASK_KEY": "dbtool bench: a key that masks nobody",
    }
    argv = [sys.executable, "-m", "dbtool", "refresh", "production", "staging", "--config", str(config)]
    output, usage = arena_of.run_program([*argv, "--format", "json", "--quiet"], env, subprocess.PIPE)
    said = json.loads(output)
    assert sum(table["rows"] for table in said["tables"]) == tables * ROWS
    assert said["verification"]["orphans"] == said["verification"]["surviving_values"] == 0
    return {**usage, "relations": len(said["tables"]), "stages": said["stages"]}


def _dump_restore(arena: arena_of.Arena, tables: int) -> dict[str, Any]:
    with connect(arena.staging.url()) as maintenance:
        maintenance.execute("DROP DATABASE IF EXISTS unmasked")
        maintenance.execute("CREATE DATABASE unmasked TEMPLATE template0")
    archive = arena.folder / "dump"
    subprocess.run(["rm", "-rf", str(archive)], check=True)
    dump = [str(arena.programs.program("pg_dump")), "-Fd", "-j2", "-f", str(archive)]
    restore = [str(arena.programs.program("pg_restore")), "-j2", "-d", "unmasked", str(archive)]
    _, dumped = arena_of.run_program(dump, program_environment(arena.production.url(f"tables{tables}")))
    _, restored = arena_of.run_program(restore, program_environment(arena.staging.url("unmasked")))
    return {
        "cpu_s": dumped["cpu_s"] + restored["cpu_s"],
        "peak_mb": max(dumped["peak_mb"], restored["peak_mb"]),
    }


def _report(arguments: argparse.Namespace, load: float, measured: dict[str, list[dict[str, Any]]]) -> None:
    found: dict[str, Any] = {"tables": arguments.tables, "rows": ROWS, "rounds": arguments.rounds}
    found["load_before"] = round(load, 1)  # what else was at work on the machine
    print(f"{'':18} {'wall s':>8} {'client CPU s':>13} {'peak MB':>8}")
    for name, runs in measured.items():
        wall, cpu = (statistics.median(one[what] for one in runs) for what in ("wall_s", "cpu_s"))
        peak = max(one["peak_mb"] for one in runs)
        print(f"{name:18} {wall:8.1f} {cpu:13.1f} {peak:8.0f}")
        found[name] = {"wall_s": round(wall, 2), "client_cpu_s": round(cpu, 2), "peak_mb": round(peak)}
    whole, tenth = measured["refresh"], measured["refresh, a tenth"]
    added = whole[0]["relations"] - tenth[0]["relations"]
    slower = found["refresh"]["wall_s"] - found["refresh, a tenth"]["wall_s"]
    found |= {"relations": whole[0]["relations"], "ms_per_relation": round(slower / added * 1000, 1)}
    found["stages_s"] = {
        stage: round(statistics.median(one["stages"][stage] for one in whole), 2)
        for stage in whole[0]["stages"]
    }
    print(f"{found['relations']} relations, {found['ms_per_relation']} ms for each more; {found['stages_s']}")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**results, "tables": found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
