"""What staging's own rows add to a refresh: rows per second and peak memory, at two sizes of one preserved table.

Production has the table without rows; staging has them, in seven columns with a key, an index and a reference. Prints a table
and adds to bench/results.json.

    python bench/preserve.py [--rows 1000000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import run as arena_of

from dbtool.postgres.session import connect

RESULTS = Path(__file__).with_name("results.json")
_SHARE = 10  # of the rows, for the smaller size
_SCHEMA = """
CREATE TABLE public.accounts (id int PRIMARY KEY);
INSERT INTO public.accounts SELECT generate_series(1, 1000);
CREATE TABLE public.kept (id bigserial PRIMARY KEY, account int REFERENCES public.accounts, name text NOT NULL, note text,
    at timestamptz, amount numeric(12, 2), tags text[]);
CREATE INDEX ON public.kept (account)
"""
_FILL = """
INSERT INTO public.kept (account, name, note, at, amount, tags)
SELECT i % 1000 + 1, 'account ' || i, repeat('a note of some words ', 3), now() - i * interval '1 second', i / 100.0, ARRAY['a', 'b']
FROM generate_series(1, {rows}) AS i
"""
_RULES = "version: 1\ntables:\n  public.accounts: {id: {keep: a number}}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="dbtool-bench-") as name,
        arena_of.open_arena(Path(name)) as arena,
    ):
        measured = _measure(arena, [arguments.rows // _SHARE, arguments.rows])
    _report(measured)


def _measure(arena: arena_of.Arena, sizes: list[int]) -> list[dict[str, Any]]:
    with connect(arena.production.url()) as maintenance:
        maintenance.execute("CREATE DATABASE kept")
    with connect(arena.production.url("kept")) as connection:
        connection.execute(_SCHEMA.encode())
    _refresh(arena)
    return [_with_rows(arena, rows) for rows in sizes]


def _with_rows(arena: arena_of.Arena, rows: int) -> dict[str, Any]:
    with connect(arena.staging.url("kept")) as connection:
        connection.execute("TRUNCATE public.kept")
        connection.execute(_FILL.format(rows=rows).encode())
    arena_of.settle(arena)
    return _refresh(arena)


def _refresh(arena: arena_of.Arena) -> dict[str, Any]:
    rules, config = arena.folder / "rules.yaml", arena.folder / "dbtool.toml"
    rules.write_text(_RULES, encoding="utf-8")
    config.write_text(
        f'[project]\nrules = "{rules}"\nstate = "{arena.folder / "state"}"\n'
        '[environments.production]\ntier = "production"\n[environments.staging]\ntier = "staging"\nkeep_previous = 0\n'
        'preserve = ["public.kept"]\n',
        encoding="utf-8",
    )
    env = {
        "DBTOOL_PRODUCTION_URL": arena.production.url("kept"),
        "DBTOOL_STAGING_URL": arena.staging.url("kept"),
        "DBTOOL_MASK_KEY": "dbtool bench: a key that masks nobody",
    }
    argv = [sys.executable, "-m", "dbtool", "refresh", "production", "staging"]
    output, usage = arena_of.run_program(
        [*argv, "--config", str(config), "--format", "json", "--quiet"], env, subprocess.PIPE
    )
    said = json.loads(output)
    tables = said["preserved"]
    return {
        "rows": sum(table["rows"] for table in tables),
        "mb": round(sum(table["bytes"] for table in tables) / 1e6),
        "seconds": round(said["stages"]["preserve"], 2),
        "peak_mb": round(usage["peak_mb"]),
    }


def _report(measured: list[dict[str, Any]]) -> None:
    print(f"{'rows':>12} {'MB':>6} {'s':>7} {'rows/s':>10} {'peak MB':>8}")
    for one in measured:
        one["rows_per_s"] = round(one["rows"] / one["seconds"])
        print(
            f"{one['rows']:12,} {one['mb']:6,} {one['seconds']:7.1f} {one['rows_per_s']:10,} {one['peak_mb']:8}"
        )
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results["preserve"] = measured
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
