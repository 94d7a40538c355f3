"""A subset of the shop against the whole of it, in one run: wall time, CPU and peak memory.

The same masked, verified refresh, once of every row and then of 1 % and 10 % of the customers with all that belongs to
them; 1 % once more without the indexes on the referencing columns of the two largest steps. Every contender runs once
per round, in turn. A wide walk, over a table of two columns and forty million rows, shows what the row sets take. Prints a
table and adds to bench/results.json.

    python bench/subset.py [--scale 10M] [--rounds 2] [--wide 40000000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import run as arena_of

from dbtool.demo.project import get_project_folder
from dbtool.demo.scale import parse_scale
from dbtool.postgres.session import connect

RESULTS = Path(__file__).with_name("results.json")
INDEXES = ("orders_customer_id_idx", "payments_order_id_idx")
# ONLY would make a partitioned table's index without those of its partitions.
_DEFINITION = "SELECT replace(pg_get_indexdef(%s::regclass), ' ON ONLY ', ' ON ')"
_SUBSET = "subset:\n  roots: [{{table: public.customers, percent: {percent}}}]\n"
_WIDE = """
CREATE TABLE public.owners (id bigint PRIMARY KEY);
CREATE TABLE public.things (id bigint NOT NULL, owner_id bigint NOT NULL);
INSERT INTO public.owners SELECT generate_series(1, {owners});
INSERT INTO public.things SELECT i, i % {owners} + 1 FROM generate_series(1, {rows}) AS i;
ALTER TABLE public.things ADD FOREIGN KEY (owner_id) REFERENCES public.owners;
ANALYZE public.owners, public.things
"""
_WIDE_RULES = """\
version: 1
subset: {roots: [{table: public.owners, percent: 50}]}
tables:
  public.owners: {id: {keep: a number}}
  public.things: {id: {keep: a number}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=parse_scale, default="10M")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--wide", type=int, default=40_000_000, help="0 leaves the wide walk out")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="dbtool-bench-") as name,
        arena_of.open_arena(Path(name)) as arena,
    ):
        arena_of.fill_arena(arena, arguments.scale)
        measured = _race(arena, arguments.rounds)
        wide = _walk_wide(arena, arguments.wide) if arguments.wide else None
    report(arguments, measured, wide)


def _race(arena: arena_of.Arena, rounds: int) -> dict[str, list[dict[str, Any]]]:
    contenders: dict[str, Callable[[], dict[str, Any]]] = {
        "full": lambda: _refresh(arena, None),
        "1 %": lambda: _refresh(arena, 1),
        "10 %": lambda: _refresh(arena, 10),
        "1 %, unindexed": lambda: _without_indexes(arena, lambda: _refresh(arena, 1)),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, contender in contenders.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            _set_target_aside(arena, sum(map(len, found.values())))
            arena_of.settle(arena)
            found[name].append(contender())
    return found


def _set_target_aside(arena: arena_of.Arena, number: int) -> None:
    """The last contender's copy is not the next one's to pay for. Nor is dropping it: for minutes afterwards ext4 looks at
    every inode that was freed before it gives one to a new file, which took half a second of a small run.
    """
    with connect(arena.staging.url()) as maintenance:
        if maintenance.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone():
            maintenance.execute(f"ALTER DATABASE shop RENAME TO shop_{number}".encode())


def _refresh(arena: arena_of.Arena, percent: float | None) -> dict[str, Any]:
    shop = (get_project_folder() / "masking_rules" / "shop.yaml").read_text(encoding="utf-8")
    rules = arena.folder / "rules.yaml"
    rules.write_text(shop + (_SUBSET.format(percent=percent) if percent else ""), encoding="utf-8")
    return _timed(arena, "shop", rules, ["refresh", "production", "staging"])


def _without_indexes(arena: arena_of.Arena, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    url = arena.production.url("shop")
    with connect(url) as connection:
        made = [connection.execute(_DEFINITION, [f"public.{name}"]).fetchone() for name in INDEXES]
        for name in INDEXES:
            connection.execute(f"DROP INDEX public.{name}".encode())
    try:
        return work()
    finally:
        with connect(url) as connection:
            for (definition,) in filter(None, made):
                connection.execute(definition.encode())


def _timed(arena: arena_of.Arena, database: str, rules: Path, command: list[str]) -> dict[str, Any]:
    config = arena.folder / "dbtool.toml"
    config.write_text(
        f'[project]\nrules = "{rules}"\nstate = "{arena.folder / "state"}"\n'
        '[environments.production]\ntier = "production"\n[environments.staging]\ntier = "staging"\nkeep_previous = 0\n',
        encoding="utf-8",
    )
    env = {
        "DBTOOL_PRODUCTION_URL": arena.production.url(database),
        "DBTOOL_STAGING_URL": arena.staging.url(database),
        "DBTOOL_MASK_KEY": "dbtool bench: a key that masks nobody",
    }
    argv = [sys.executable, "-m", "dbtool", *command, "--config", str(config), "--format", "json", "--quiet"]
    began = time.monotonic()
    output, usage = arena_of.run_program(argv, env, subprocess.PIPE)
    said = json.loads(output)
    return {"wall_s": time.monotonic() - began, **usage, "rows": _rows(said), "stages": said.get("stages")}


def _rows(said: dict[str, Any]) -> int:
    if said.get("subset"):
        return sum(table["rows"] for table in said["subset"]["tables"])
    return sum(table["rows"] for table in said["tables"])


def _walk_wide(arena: arena_of.Arena, rows: int) -> dict[str, Any]:
    with connect(arena.production.url()) as maintenance:
        maintenance.execute("CREATE DATABASE wide")
    with connect(arena.production.url("wide")) as connection:
        for statement in _WIDE.format(rows=rows, owners=rows // 40).split(";"):
            connection.execute(statement.encode())
    rules = arena.folder / "wide.yaml"
    rules.write_text(_WIDE_RULES, encoding="utf-8")
    return _timed(arena, "wide", rules, ["refresh", "production", "staging", "--plan"])


def report(
    arguments: argparse.Namespace, measured: dict[str, list[dict[str, Any]]], wide: dict[str, Any] | None
) -> None:
    full = [each["wall_s"] for each in measured["full"]]
    print(f"{'':18} {'rows':>12} {'wall s':>8} {'of full':>8} {'client CPU s':>13} {'peak MB':>8}")
    shares = {}
    for name, runs in measured.items():
        shares[name] = statistics.median(one["wall_s"] / of for one, of in zip(runs, full, strict=True))
        wall, cpu = (statistics.median(one[what] for one in runs) for what in ("wall_s", "cpu_s"))
        peak = max(one["peak_mb"] for one in runs)
        print(f"{name:18} {runs[0]['rows']:12,} {wall:8.1f} {shares[name]:8.1%} {cpu:13.1f} {peak:8.0f}")
        stages = {
            stage: round(statistics.median(one["stages"][stage] for one in runs), 2)
            for stage in runs[0]["stages"]
        }
        print(f"{'':18} {stages}")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results["subset"] = {
        "rows": arguments.scale,
        "rounds": arguments.rounds,
        "share_of_full": {name: round(share, 3) for name, share in shares.items()},
        "wall_s": {
            name: round(statistics.median(one["wall_s"] for one in runs), 2)
            for name, runs in measured.items()
        },
        "peak_mb": {name: round(max(one["peak_mb"] for one in runs)) for name, runs in measured.items()},
        "copied_rows": {name: runs[0]["rows"] for name, runs in measured.items()},
    }
    if wide:
        print(
            f"plan of {wide['rows']:,} rows of {arguments.wide:,}: {wide['wall_s']:.1f} s, client CPU {wide['cpu_s']:.1f} s, "
            f"peak {wide['peak_mb']:.0f} MB"
        )
        results["subset"]["wide_plan"] = {
            "of_rows": arguments.wide,
            "rows": wide["rows"],
            "wall_s": round(wide["wall_s"], 1),
            "peak_mb": round(wide["peak_mb"]),
        }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
