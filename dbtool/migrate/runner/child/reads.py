"""Which files of the project a revision reads while it is loaded or runs: SQL, CSV, modules found at run time."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any, Callable, Sequence, Set

# Installed packages, and what is hidden: .venv, .git, the .env that each machine has its own of.
_NOT_THE_PROJECTS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}.")


def watch_reads(root: str, versions: Sequence[str], tell: Callable[[str], Any]) -> None:
    """``versions`` are the folders of revisions; ``tell`` is told each path once, from ``root``."""
    _Watch(root, versions, tell).install()


class _Watch:
    def __init__(self, root: str, versions: Sequence[str], tell: Callable[[str], Any]) -> None:
        self._root = os.path.realpath(root) + os.sep
        spellings = [spell(folder) for folder in versions for spell in (os.path.abspath, os.path.realpath)]
        self._versions = tuple(spelling + os.sep for spelling in spellings)
        self._tell = tell
        self._told: Set[str] = set()

    def install(self) -> None:
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: Any) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, (str, bytes)) and (flags & os.O_ACCMODE) != os.O_WRONLY:
                self._read(os.fsdecode(path))

    def _read(self, given: str) -> None:
        path = _source_of(os.path.realpath(given))
        if (
            path in self._told
            or not path.startswith(self._root)
            or any(part in path for part in _NOT_THE_PROJECTS)
        ):
            return
        if self._is_revisions_doing() and os.path.isfile(path):
            self._told.add(path)
            self._tell(path[len(self._root) :])

    def _is_revisions_doing(self) -> bool:
        frame: Any = sys._getframe(3)  # noqa: SLF001  whoever opens the file
        while frame is not None:
            if frame.f_code.co_filename.startswith(self._versions):
                return True
            frame = frame.f_back
        return False


def _source_of(path: str) -> str:
    if not path.endswith(".pyc"):
        return path
    try:
        return importlib.util.source_from_cache(path)
    except ValueError:
        return path
