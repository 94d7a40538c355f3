"""Temporary files in memory: to create a database is to create a thousand files, which takes a disk half a second."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  the folder made below is ours alone
_ENOUGH_BYTES = 2 << 30


def keep_temporary_files_in_memory() -> Callable[[], None]:
    """What is called in the end. A TMPDIR that is set stays; so does everything where there is little memory."""
    if "TMPDIR" in os.environ or not _has_room():
        return lambda: None
    folder = Path(tempfile.mkdtemp(prefix="dbtool-", dir=_MEMORY))
    folder.chmod(0o711)  # servers run as another user when we are root
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def _has_room() -> bool:
    """Containers' is small as a rule, and may run no programs, which some tests put there."""
    if not os.access(_MEMORY, os.W_OK):
        return False
    found = os.statvfs(_MEMORY)
    return found.f_bavail * found.f_frsize >= _ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC
