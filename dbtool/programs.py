"""Other programs: start, feed, time out, die with the parent. They are run to their end here; program_stream.py has
those that are read while they run, program_conversation.py those that are talked with. Nothing else imports subprocess.

A child inherits an allow-list of the environment, never PG* variables or dbtool's own secrets: what a child
should know of a server is passed to it by name, and secrets never in its arguments. On Linux a child dies with
dbtool, even when dbtool is killed with SIGKILL; elsewhere it ends when its pipe breaks. The kernel counts by
thread: a child also dies when the thread that started it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dbtool.errors import ProgramFailed

_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
STDERR_BYTES = 16 * 1024  # the end of standard error that a message may hold

_HAS_LAUNCHER = sys.platform == "linux"

# prctl(PR_SET_PDEATHSIG, SIGKILL) must be called in the child, after the user is changed, which resets it.
# preexec_fn is unsafe beside threads, so a launcher of a few lines does it and becomes the program. A parent
# that died in between is seen by its id. Python ignores SIGPIPE (13), which the program should not inherit.
_DIE_WITH_PARENT = """
import ctypes, os, sys
parent, user, group, *argv = sys.argv[1:]
libc = ctypes.CDLL(None)
if user:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
libc.prctl(1, 9)
libc.signal(13, None)
if os.getppid() != int(parent):
    os._exit(1)
try:
    os.execv(argv[0], argv)
except OSError as error:
    os.write(2, b"cannot be started: " + os.fsencode(error.strerror))
    os._exit(127)
"""

# Reads until its standard input ends, which happens however the parent dies; then it becomes the program. A line instead of the
# end says that there is nothing left to do. A shell starts in a tenth of the time that Python takes.
_AFTER_PARENT = 'read -r line || exec "$@"'


@dataclass(frozen=True, slots=True)
class User:
    """Whom a program runs as; only root may choose."""

    uid: int
    gid: int


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.update(extra or {})
    return environment


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout_s: float | None = None,
    cwd: str | None = None,
    user: User | None = None,
) -> str:
    """Run to the end and return standard output.

    :raises ProgramFailed: it cannot be started, exits non-zero or takes longer than ``timeout_s``. The message
        names the program and the end of its standard error, never its arguments or environment.
    """
    done = _run_to_the_end(
        launched(argv, user),
        name=Path(argv[0]).name,
        env=env,
        stdin=stdin,
        sink=subprocess.PIPE,
        timeout_s=timeout_s,
        cwd=cwd,
        user=None if _HAS_LAUNCHER else user,
    )
    return done.decode(errors="replace")


def ask(argv: Sequence[str], *, timeout_s: float) -> str:
    """What a program answers at once, such as to ``--version``. Without the launcher, which takes eight times as long: nothing is
    left behind for long if dbtool dies meanwhile.

    :raises ProgramFailed: as ``run`` does.
    """
    answer = _run_to_the_end(list(argv), name=Path(argv[0]).name, sink=subprocess.PIPE, timeout_s=timeout_s)
    return answer.decode(errors="replace")


def run_with_workers(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """Run to the end a program that starts processes of its own: they end when it does, or when dbtool dies.

    :raises ProgramFailed: as ``run`` does.
    """
    name = Path(argv[0]).name
    try:
        process = subprocess.Popen(
            launched(argv),
            env=child_environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # they are all of one group, which nobody else is in
        )
    except OSError as error:
        raise ProgramFailed(f"{name} cannot be started: {error.strerror}") from error
    end_all = f"import os; os.killpg({process.pid}, {signal.SIGKILL.value})"
    last_will = LastWill([sys.executable, "-I", "-S", "-c", end_all])
    try:
        stdout, stderr = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    finally:
        last_will.revoke()
    if process.returncode != 0:
        raise ProgramFailed(describe_exit(name, process.returncode, stderr))
    return stdout.decode(errors="replace")


def run_detaching(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    cwd: str | None = None,
    user: User | None = None,
) -> None:
    """Run a program that leaves a server behind, as ``pg_ctl start`` does.

    The server is not tied to our life, and the output goes nowhere: the server would hold a pipe open.

    :raises ProgramFailed: as ``run`` does; the server's own log says why.
    """
    _run_to_the_end(
        list(argv),
        name=Path(argv[0]).name,
        env=env,
        sink=subprocess.DEVNULL,
        timeout_s=timeout_s,
        cwd=cwd,
        user=user,
    )


def _run_to_the_end(
    command: list[str],
    *,
    name: str,
    sink: int,
    timeout_s: float | None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cwd: str | None = None,
    user: User | None = None,
) -> bytes:
    try:
        done = subprocess.run(
            command,
            env=child_environment(env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=sink,
            stderr=sink,
            timeout=timeout_s,
            cwd=cwd,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            check=False,
        )
    except OSError as error:
        raise ProgramFailed(f"{name} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{name} did not finish within {timeout_s:g} s and was ended") from error
    if done.returncode != 0:
        raise ProgramFailed(describe_exit(name, done.returncode, done.stderr or b""))
    return done.stdout or b""


class LastWill:
    """``argv`` is run when this process dies without having called ``revoke``, by SIGKILL too."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _AFTER_PARENT, "sh", *argv],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for us, and this must outlive it
        )

    def revoke(self) -> None:
        self._process.communicate(b"\n")


def launched(argv: Sequence[str], user: User | None = None) -> list[str]:
    """On Linux the launcher changes the user itself: that user may not be able to reach our Python."""
    if not _HAS_LAUNCHER:
        return list(argv)
    owner = [str(user.uid), str(user.gid)] if user else ["", ""]
    program = shutil.which(argv[0]) or argv[0]
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *owner, program, *argv[1:]]


def describe_exit(name: str, returncode: int, stderr: bytes) -> str:
    end = f"was ended by signal {-returncode}" if returncode < 0 else f"failed with exit code {returncode}"
    detail = stderr[-STDERR_BYTES:].decode(errors="replace").strip()
    return f"{name} {end}" + (f": {detail}" if detail else "")


def opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the pipe was asked for")
    return pipe
