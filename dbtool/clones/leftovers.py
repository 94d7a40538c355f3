"""Temporary folders of embedded servers, and which of them a dead process left behind.

Each folder says whom it belongs to: a process (by id, start time and namespace, since ids are used again), or a
server folder elsewhere whose data had to lie here.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dbtool import programs
from dbtool.clones.unprivileged import find_server_user, is_reachable, owned_folder
from dbtool.errors import ProgramFailed

_HAS_PROC = sys.platform == "linux"
_OWNER_FILE = "owner.json"
_NEWBORN_S = 60  # a folder without an owner may be one whose owner is about to be written


def servers_area() -> Path:
    """Where temporary servers live: one folder per user of the machine, which the server's user can enter."""
    user = find_server_user()
    above = Path(tempfile.gettempdir())
    if user and not is_reachable(above, user):
        above = Path("/var/tmp")  # noqa: S108  the folder below is checked to be ours alone
    return owned_folder(above / f"dbtool-{os.geteuid()}", 0o711 if user else 0o700)


def make_temporary_folder() -> Path:
    """A new folder that belongs to this process."""
    return _make_owned({"process": identify_process(os.getpid()), "namespace": namespace()})


def make_annex(server_folder: Path) -> Path:
    """A new folder for the data of ``server_folder``, which the server's user cannot enter."""
    return _make_owned({"server_folder": str(server_folder)})


def find_abandoned() -> Iterator[Path]:
    """Folders whose process has died, or whose server folder is gone."""
    for folder in servers_area().iterdir():
        if folder.is_dir() and _is_abandoned(folder):
            yield folder


def identify_process(pid: int) -> str | None:
    """The id and the start of a living process; None where there is none."""
    if _HAS_PROC:
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if state in "ZX" else f"{pid} {fields[18]}"  # start in clock ticks after boot
    started = _ask_ps(pid, "lstart=")
    return f"{pid} {started}" if started else None


def find_command_line(pid: int) -> str:
    """The arguments of a process, each followed by a blank; empty where there is none."""
    if _HAS_PROC:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    return _ask_ps(pid, "command=") + " "


def _ask_ps(pid: int, column: str) -> str:
    try:
        return programs.run(["ps", "-ww", "-o", column, "-p", str(pid)], timeout_s=10).strip()
    except ProgramFailed:
        return ""


def namespace() -> str:
    """Containers may share a folder for temporary files without seeing each other's processes."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _make_owned(owner: dict[str, str | None]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="server-", dir=servers_area()))
    if find_server_user():
        folder.chmod(0o711)
    (folder / _OWNER_FILE).write_text(json.dumps(owner))
    return folder


def _is_abandoned(folder: Path) -> bool:
    try:
        owner = json.loads((folder / _OWNER_FILE).read_text())
    except (OSError, ValueError):
        return _age_s(folder) > _NEWBORN_S
    if "server_folder" in owner:
        return not Path(owner["server_folder"]).exists()
    if owner.get("namespace") != namespace():
        return False
    process = owner.get("process") or "0"
    return identify_process(int(process.split()[0])) != process


def _age_s(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0  # gone already
