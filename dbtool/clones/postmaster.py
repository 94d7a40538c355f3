"""The running process of an embedded server: found by its command line, started with pg_ctl."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dbtool import programs
from dbtool.clones.cluster import EmbeddedServer, write_record
from dbtool.clones.leftovers import find_command_line
from dbtool.clones.ports import find_free_port
from dbtool.errors import ProgramFailed
from dbtool.programs import User

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # we look for what the log says
}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  its size is asked for, nothing is written
_AMPLE_SHARED_MEMORY = 2**30
_ATTEMPTS = 20
_PAUSE_S = 0.02
_WAIT_S = 60
_LOG_BYTES = 4000  # of the log's end, for a message
_PORT_TAKEN = "could not create any TCP/IP sockets"
# The processes of a killed server end a moment after it.
_PREDECESSOR_REMAINS = "pre-existing shared memory block"


def start(server: EmbeddedServer, settings: Mapping[str, str]) -> EmbeddedServer:
    """Start on the port of the last time, or on another if that is taken.

    :raises ProgramFailed: the server does not start; the message holds the end of its log.
    """
    for _ in range(_ATTEMPTS):
        _remove_stale_pid_file(server.data)
        log = _try_to_start(server, settings)
        if log is None:
            return server
        if _PORT_TAKEN in log:
            server = replace(server, port=find_free_port())
            write_record(server)
        elif _PREDECESSOR_REMAINS in log:
            time.sleep(_PAUSE_S)
        else:
            break
    raise ProgramFailed(f"the PostgreSQL server in {server.folder} does not start; its log ends:\n{log}")


def stop(data: Path) -> None:
    """Fast shutdown: sessions are ended, the data is left clean. One that does not run is left as it is.

    :raises ProgramFailed: it still runs after a minute.
    """
    pid = find_postmaster(data)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _WAIT_S
    while find_postmaster(data) is not None:
        if time.monotonic() > deadline:
            raise ProgramFailed(
                f"the PostgreSQL server with pid {pid} in {data} does not stop; end it by hand."
            )
        time.sleep(_PAUSE_S)


def is_running(server: EmbeddedServer) -> bool:
    """Whether it accepts connections; waits for one that is starting or stopping."""
    deadline = time.monotonic() + _WAIT_S
    while find_postmaster(server.data) is not None and time.monotonic() < deadline:
        if _state(server.data) == "ready":
            return True
        time.sleep(_PAUSE_S)
    return False


def find_postmaster(data: Path) -> int | None:
    """Its process id. The id in postmaster.pid may long be another's; only our command line proves it."""
    lines = _pid_file_lines(data)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if f"-D {data} " in find_command_line(pid) else None


def _owner_of(data: Path) -> User | None:
    """Whom the server runs as, where that is not whoever runs dbtool."""
    if os.geteuid() != 0:
        return None
    found = data.stat()
    return User(found.st_uid, found.st_gid)


def _try_to_start(server: EmbeddedServer, settings: Mapping[str, str]) -> str | None:
    """None when it runs, else what it logged."""
    log = server.data / "server.log"
    before = log.stat().st_size if log.exists() else 0
    given = {**_SETTINGS, **_spare_shared_memory(), **settings, "port": str(server.port)}
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in given.items())
    try:
        programs.run_detaching(
            [
                str(server.programs / "pg_ctl"),
                "start",
                f"--pgdata={server.data}",
                f"--log={log}",
                f"--options={options}",
                f"--timeout={_WAIT_S}",
                "--wait",
                "--silent",
            ],
            user=_owner_of(server.data),
            cwd="/",
        )
    except ProgramFailed as failure:
        return _log_since(log, before) or str(failure)
    return None


def _spare_shared_memory() -> dict[str, str]:
    """A container's /dev/shm often has 64 MB, less than one parallel hash join takes: files do then."""
    try:
        found = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return {}
    is_ample = found.f_blocks * found.f_frsize >= _AMPLE_SHARED_MEMORY
    return {} if is_ample else {"dynamic_shared_memory_type": "mmap"}


def _log_since(log: Path, before: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(before)
        return file.read()[-_LOG_BYTES:].decode(errors="replace").strip()


def _remove_stale_pid_file(data: Path) -> None:
    """PostgreSQL takes any living process with the id in it for a predecessor and refuses to start."""
    if find_postmaster(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _state(data: Path) -> str:
    """The eighth line of postmaster.pid: starting, stopping, ready or standby."""
    status_line = 7
    lines = _pid_file_lines(data)
    return lines[status_line].strip() if len(lines) > status_line else ""
