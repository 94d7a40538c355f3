"""`dbtool demo` as a stranger runs it: in an empty folder, with nothing configured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dbtool
from dbtool.errors import ServerUnreachable
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.postgres.session import connect

_PACKAGE_FOLDER = Path(dbtool.__file__).parent.parent
_TIMEOUT_S = 120


def environment() -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBTOOL_"))}
    return {**inherited, "PYTHONPATH": str(_PACKAGE_FOLDER)}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbtool", "demo", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


@dataclass(frozen=True)
class Kept:
    folder: Path
    output: Any

    @property
    def home(self) -> Path:
        return self.folder / "dbtool-demo"

    def url(self, name: str) -> str:
        return (self.home / f"{name}.url").read_text().strip()


def keep_demo(folder: Path) -> Kept:
    done = run(folder, "--scale", "3k", "--keep", "--format", "json")
    assert done.returncode == 0, done.stderr
    return Kept(folder, json.loads(done.stdout))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A small demo that is kept until these tests are done."""
    folder = tmp_path_factory.mktemp("kept")
    yield keep_demo(folder)
    run(folder, "--stop")


def test_shows_before_and_after_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run(tmp_path, "--scale", "3k")
    assert done.returncode == 0, done.stderr
    for promised in (
        ", and in 0 of staging",
        "revenue is the same in 36 of 36 months",
        "0 orphans, 0 surviving values",
        "staging behaves like production and holds none of its people",
        "both servers are gone again",
    ):
        assert promised in done.stdout
    warned = [line.strip() for line in done.stderr.splitlines() if "warning" in line]
    expected = {
        "large objects are not copied": 1,
        "holds what looks like an e-mail address": 3,
        "nowhere in the source; so will the copy's": 2,
    }
    assert {told: sum(told in line for line in warned) for told in expected} == expected, warned
    assert len(warned) == sum(expected.values()), "the shop has what is to be warned of, and nothing else"
    assert list(tmp_path.iterdir()) == []


def test_a_kept_demo_serves_on_until_it_is_stopped(tmp_path: Path) -> None:
    kept = keep_demo(tmp_path)
    assert kept.output["kept"]["folder"] == str(kept.home)
    urls = [kept.url(name) for name in ("production", "staging")]
    for url in urls:
        with connect(url) as connection:
            found = connection.execute("SELECT count(*) FROM public.customers").fetchone()
        assert found == (120,)
    stopped = run(tmp_path, "--stop")
    assert stopped.returncode == 0, stopped.stderr
    for url in urls:
        with pytest.raises(ServerUnreachable):
            connect(url)
    left = {path.name for path in kept.home.iterdir()}
    assert left == {".dbtool", "dbtool.toml", "evidence.key", "mask.key", "masking_rules", "migrations"}


def test_yesterdays_staging_serves_until_the_swap_and_todays_from_then_on(kept: Kept) -> None:
    availability = kept.output["availability"]
    assert availability["answered"] > 5
    assert availability["answers"] == [20, 120]
    assert availability["longest_gap_s"] < 5


def test_a_kept_demo_can_be_refreshed_again_from_its_folder(kept: Kept) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dbtool", "refresh", "production", "staging"],
        cwd=kept.home,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_psql_finds_both_databases_through_the_service_file(kept: Kept) -> None:
    psql = choose_server(find_installations()).program("psql")
    done = subprocess.run(
        [psql, "-XAt", "service=staging", "-c", "SELECT count(*) FROM customers WHERE email ~ '@example[.]'"],
        env={**environment(), "PGSERVICEFILE": kept.output["kept"]["service_file"]},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.stdout == "120\n", done.stderr


def test_a_second_demo_leaves_the_kept_one_alone(kept: Kept) -> None:
    done = run(kept.folder, "--scale", "3k", "--keep")
    assert done.returncode == 2
    assert "dbtool demo --stop" in done.stderr
    with connect(kept.url("staging")) as connection:
        assert connection.execute("SELECT count(*) FROM public.customers").fetchone() == (120,)


def test_a_demo_that_is_interrupted_leaves_no_server(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dbtool", "demo", "--scale", "100k", "--keep"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    with process:
        for line in process.stderr:
            if "fill production" in line:
                process.send_signal(signal.SIGINT)
                break
        process.stderr.read()
    assert process.returncode == 130
    assert not (tmp_path / "dbtool-demo" / "servers").exists()


@pytest.mark.parametrize(("scale", "told"), [("lots", "write 10000, 10k"), ("499", "at least 500 rows")])
def test_a_scale_that_makes_no_shop_is_refused(tmp_path: Path, scale: str, told: str) -> None:
    done = run(tmp_path, "--scale", scale, "--keep")
    assert done.returncode == 2
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_stopping_where_no_demo_was_kept_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "--stop")
    assert done.returncode == 2
    assert "there is no demo in" in done.stderr
