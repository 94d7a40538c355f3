import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.clones import leftovers
from dbtool.clones.leftovers import (
    find_abandoned,
    find_command_line,
    identify_process,
    make_annex,
    make_temporary_folder,
    servers_area,
)


@pytest.fixture(autouse=True)
def area(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An area of this test's own, and never the one where other tests' servers run."""
    above = tmp_path_factory.mktemp("above")
    monkeypatch.setattr(leftovers, "is_reachable", lambda *_: True)
    monkeypatch.setattr(tempfile, "tempdir", str(above))
    yield servers_area()
    assert servers_area().is_relative_to(above)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


@pytest.fixture
def dead_process(sleeper: subprocess.Popen[bytes]) -> str:
    identity = identify_process(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert identity is not None
    return identity


def _change_owner(folder: Path, **changes: str) -> None:
    owner = json.loads((folder / "owner.json").read_text())
    (folder / "owner.json").write_text(json.dumps(owner | changes))


def test_the_area_is_ours_alone_to_write(area: Path) -> None:
    assert area.name == f"dbtool-{os.geteuid()}"
    assert area.stat().st_mode & 0o077 in {0, 0o011}


def test_the_folder_of_a_living_process_is_not_abandoned() -> None:
    make_temporary_folder()
    assert list(find_abandoned()) == []


def test_the_folder_of_a_dead_process_is_abandoned(dead_process: str) -> None:
    folder = make_temporary_folder()
    _change_owner(folder, process=dead_process)
    assert list(find_abandoned()) == [folder]


def test_a_process_that_got_a_dead_ones_id_is_not_taken_for_it() -> None:
    folder = make_temporary_folder()
    _change_owner(folder, process=f"{os.getpid()} 1")
    assert list(find_abandoned()) == [folder]


def test_a_process_that_we_cannot_see_may_live(dead_process: str) -> None:
    folder = make_temporary_folder()
    _change_owner(folder, process=dead_process, namespace="pid:[1]")
    assert list(find_abandoned()) == []


def test_a_folder_without_an_owner_is_abandoned_once_it_is_old() -> None:
    folder = make_temporary_folder()
    (folder / "owner.json").unlink()
    assert list(find_abandoned()) == []
    os.utime(folder, (0, 0))
    assert list(find_abandoned()) == [folder]


def test_an_annex_lives_as_long_as_its_server_folder(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    annex = make_annex(tmp_path / "kept")
    assert list(find_abandoned()) == []
    (tmp_path / "kept").rmdir()
    assert list(find_abandoned()) == [annex]


def test_a_zombie_is_no_living_process() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identify_process(process.pid) is None
    process.wait()


def test_a_command_line_is_found_with_a_blank_after_each_argument(sleeper: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while "sleep" not in find_command_line(sleeper.pid).split(" ")[0] and time.monotonic() < deadline:
        time.sleep(0.01)  # until the fork has become the program
    assert find_command_line(sleeper.pid) == "sleep 600 "
    sleeper.kill()
    sleeper.wait()
    assert find_command_line(sleeper.pid) == ""


def test_without_proc_ps_identifies_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def ps(argv: list[str], **_: object) -> str:
        asked.append(argv)
        return "Mon Nov 23 04:00:00 2026\n"

    monkeypatch.setattr(leftovers, "_HAS_PROC", False)
    monkeypatch.setattr(programs, "run", ps)
    assert identify_process(4711) == "4711 Mon Nov 23 04:00:00 2026"
    assert find_command_line(4711) == "Mon Nov 23 04:00:00 2026 "
    assert asked == [
        ["ps", "-ww", "-o", "lstart=", "-p", "4711"],
        ["ps", "-ww", "-o", "command=", "-p", "4711"],
    ]
