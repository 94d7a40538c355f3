"""Temporary files in memory: to create a database is to create a thousand files, which takes a disk half a second."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  the folder made below is ours alone
_PREFIX = "dbtool-tests-"
_ENOUGH_BYTES = 2 << 30  # a run on three majors by two workers was seen to take half of it
_NEWBORN_S = 60  # a folder without a lock may be one that is about to be locked


def keep_temporary_files_in_memory() -> Callable[[], None]:
    """What is called in the end. A TMPDIR that is set stays; so does everything where there is little memory."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return lambda: None
    clear_abandoned(_MEMORY)
    if not _has_room():
        return lambda: None
    folder = make_folder(_MEMORY)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def make_folder(above: Path) -> Path:
    """A folder that is locked for as long as this process lives."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=above))
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    folder.chmod(0o711)  # servers run as another user when we are root
    return folder


def clear_abandoned(above: Path) -> None:
    """What runs that were killed have left would hold memory for good."""
    for folder in above.glob(f"{_PREFIX}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:  # another user's, or gone already
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - os.fstat(opened).st_mtime > _NEWBORN_S
    except BlockingIOError:
        return False
    finally:
        os.close(opened)


def _has_room() -> bool:
    """Containers' is small as a rule, and may run no programs, which some tests put there."""
    found = os.statvfs(_MEMORY)
    return found.f_bavail * found.f_frsize >= _ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC
