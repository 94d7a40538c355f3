"""Other processes kept from env.py: the environment of dbtool, and of what started it, holds the URLs and keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dbtool.migrate.runner.run import Place
from dbtool.programs import child_environment, run
from tests.integration.running import USUAL, make_project, run_all, tables_in

pytestmark = [
    pytest.mark.one_major,
    pytest.mark.skipif(sys.platform != "linux", reason="cannot run here: only Linux has /proc and Landlock"),
]

_REPOSITORY = Path(__file__).parent.parent.parent
_LOOK = """
import os
def look(name, read):
    try:
        read()
    except OSError as error:
        print(name, "refused")
    else:
        print(name, "READ")
for pid in {pids}:
    look("environ", lambda: open(f"/proc/{pid}/environ", "rb").read())
    look("memory", lambda: open(f"/proc/{pid}/mem", "rb").close())
    look("network", lambda: os.stat(f"/proc/{pid}/ns/net"))
"""
_APART = """
import os, sys, tempfile
from dbtool.migrate.runner.child import apart

print(apart.enter())
try:
    open(f"/proc/{os.getppid()}/environ", "rb").read()
except OSError:
    print("refused")
with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    open(f"{one}/file", "w").close()
    os.rename(f"{one}/file", f"{other}/file")
    print(os.listdir(other)[0])
"""


def _has_landlock() -> bool:
    code = "from dbtool.migrate.runner.child import apart; print(apart.enter())"
    return run([sys.executable, "-c", code], cwd=str(_REPOSITORY)).strip() == "True"


@pytest.mark.parametrize("closed", [True, False], ids=["a rehearsal", "an application"])
def test_env_py_does_not_read_the_environment_of_dbtool(closed: bool, tmp_path: Path, database: str) -> None:
    if not _has_landlock():
        pytest.skip("cannot run here: this kernel has no Landlock")
    look = _LOOK.replace("{pids}", repr([os.getpid(), os.getppid()]))
    outcome = run_all(make_project(tmp_path, look + USUAL), Place(database, closed=closed))
    assert outcome.raised is None
    assert outcome.output.split() == ["environ", "refused", "memory", "refused", "network", "refused"] * 2
    assert tables_in(database) == {"first_table", "second_table", "alembic_version"}


def test_a_domain_keeps_nothing_else_from_a_process() -> None:
    if not _has_landlock():
        pytest.skip("cannot run here: this kernel has no Landlock")
    assert run([sys.executable, "-c", _APART], cwd=str(_REPOSITORY)).split() == ["True", "refused", "file"]


_NAMES = """
import os
from dbtool.migrate.runner.child import namespace

before = open("/proc/self/uid_map").read().split()[::2]
print(namespace.enter())
print(os.getuid(), os.getgid(), open("/proc/self/uid_map").read().split()[::2] == before)
try:
    open(f"/proc/{os.getppid()}/environ", "rb").read()
    print("READ")
except OSError:
    print("refused")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="cannot run here: only root keeps the names of others")
def test_root_keeps_every_name_and_loses_its_power_over_other_processes() -> None:
    said = run([sys.executable, "-c", _NAMES], env=child_environment(), cwd=str(_REPOSITORY))
    if said.startswith("False"):
        pytest.skip("cannot run here: this system makes no network namespace for us")
    assert said.split() == ["True", "0", "0", "True", "refused"]
