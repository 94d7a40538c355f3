"""Other programs: start, feed, time out, die with the parent. The only module that imports subprocess.

A child inherits an allow-list of the environment, never PG* variables or dbtool's own secrets: what a child
should know of a server is passed to it by name, and secrets never in its arguments. On Linux a child dies with
dbtool, even when dbtool is killed with SIGKILL; elsewhere it ends when its pipe breaks. The kernel counts by
thread: a child also dies when the thread that started it ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

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
_STDERR_BYTES = 16 * 1024  # the end of standard error that a message may hold

_LOOK_EVERY_S = 0.5
_FAREWELL_S = 10.0

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

# Reads until its standard input ends, which happens however the parent dies; then it becomes the program.
# A byte instead of the end says that there is nothing left to do.
_AFTER_PARENT = """
import os, sys
if not os.read(0, 1):
    os.execvp(sys.argv[1], sys.argv[1:])
"""


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
        _launched(argv, user),
        name=Path(argv[0]).name,
        env=env,
        stdin=stdin,
        sink=subprocess.PIPE,
        timeout_s=timeout_s,
        cwd=cwd,
        user=None if _HAS_LAUNCHER else user,
    )
    return done.decode(errors="replace")


def run_with_workers(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """Run to the end a program that starts processes of its own: they end when it does, or when dbtool dies.

    :raises ProgramFailed: as ``run`` does.
    """
    name = Path(argv[0]).name
    try:
        process = subprocess.Popen(
            _launched(argv, None),
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
        raise ProgramFailed(_failure(name, process.returncode, stderr))
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
        stdin=None,
        sink=subprocess.DEVNULL,
        timeout_s=timeout_s,
        cwd=cwd,
        user=user,
    )


def _run_to_the_end(
    command: list[str],
    *,
    name: str,
    env: Mapping[str, str] | None,
    stdin: bytes | None,
    sink: int,
    timeout_s: float | None,
    cwd: str | None,
    user: User | None,
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
        raise ProgramFailed(_failure(name, done.returncode, done.stderr or b""))
    return done.stdout or b""


class LastWill:
    """``argv`` is run when this process dies without having called ``revoke``, by SIGKILL too."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _AFTER_PARENT, *argv],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for us, and this must outlive it
        )

    def revoke(self) -> None:
        self._process.communicate(b"\n")


class Conversation:
    """A running program that we talk with in lines over a socket of its own, whose descriptor is its last argument.

    Use as a context manager: leaving it kills the program, with what it has started and left running, and reaps it.
    ``output`` is the end of what it wrote to standard output and error together, in whole lines.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        output_bytes: int = 64 * 1024,
    ) -> None:
        self._name = Path(argv[0]).name
        self._output, self._limit, self._is_cut = b"", output_bytes, False
        self._unread = b""
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                _launched([*argv, str(theirs.fileno())], None),
                env=child_environment(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                bufsize=0,
                process_group=0,  # what it starts is of this group too, unless it takes care not to be
            )
        except OSError as error:
            ours.close()
            raise ProgramFailed(f"{self._name} cannot be started: {error.strerror}") from error
        finally:
            theirs.close()
        self._socket = ours
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

    def send(self, line: bytes) -> None:
        """One that has died does not read; ``receive`` tells that it is gone."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(line + b"\n")

    def receive(self) -> bytes | None:
        """The next line without its end; None once the program has closed its side or died."""
        while b"\n" not in self._unread:
            chunk = self._read_some()
            if not chunk:
                return None
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _read_some(self) -> bytes:
        """What it has forked may hold the socket open beyond its death, without ever writing to it."""
        while not select.select([self._socket], [], [], _LOOK_EVERY_S)[0]:
            if self._has_ended() and not select.select([self._socket], [], [], 0)[0]:
                return b""
        with contextlib.suppress(ConnectionResetError):
            return self._socket.recv(1 << 16)
        return b""

    def _has_ended(self) -> bool:
        """Without reaping it: its number stays its own, and so does its group's."""
        if self._process.returncode is not None:
            return True
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        if self._process.poll() is None:
            return False
        self._kill_group()  # macOS before Python 3.13 has to reap it; its number is hardly another's yet
        return True

    def finish(self) -> int:
        """Wait for the end and return the exit code, negative for a signal. One that has stopped talking but does not
        end is given a moment.
        """
        deadline = time.monotonic() + _FAREWELL_S
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.kill()
        returncode = self._process.wait()
        self._drain.join(timeout=1)  # what has left the group may hold the pipe open
        return returncode

    def kill(self) -> None:
        """End it, and what it has started, from any thread; whoever receives learns that it is gone."""
        if self._process.returncode is None:
            self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def output(self) -> str:
        kept = self._output.partition(b"\n")[2] if self._is_cut else self._output
        return kept.decode(errors="replace")

    def _read_output(self) -> None:
        with _present(self._process.stdout) as pipe:
            while chunk := pipe.read(4096):
                self._is_cut = self._is_cut or len(self._output) + len(chunk) > self._limit
                self._output = (self._output + chunk)[-self._limit :]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._process.wait()
        self._socket.close()
        self._drain.join(timeout=1)


class Stream:
    """A running program whose standard output is read as it comes.

    Use as a context manager: leaving it early kills the program. ``finish`` waits for a clean end. ``stdin`` is
    written before anything is read: SQL of some kilobytes, not data.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], stdin: bytes) -> None:
        self._name = Path(argv[0]).name
        self._stderr = b""
        try:
            self._process = subprocess.Popen(
                _launched(argv, None),
                env=child_environment(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            raise ProgramFailed(f"{self._name} cannot be started: {error.strerror}") from error
        self.stdout: IO[bytes] = _present(self._process.stdout)
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()
        self._feed(stdin)

    def _feed(self, stdin: bytes) -> None:
        unsent = memoryview(stdin)
        with _present(self._process.stdin) as pipe, contextlib.suppress(BrokenPipeError):
            while unsent:  # one that dies at once does not read; finish() tells why
                unsent = unsent[pipe.write(unsent) :]

    def _read_stderr(self) -> None:
        with _present(self._process.stderr) as pipe:
            while chunk := pipe.read(4096):
                self._stderr = (self._stderr + chunk)[-_STDERR_BYTES:]

    def kill(self) -> None:
        """End it from another thread; whoever reads sees the end of the stream, and ``finish`` raises."""
        self._process.kill()

    def finish(self) -> None:
        """Wait for the end, once standard output was read to its end.

        :raises ProgramFailed: it exited non-zero; the message holds the end of its standard error.
        """
        returncode = self._process.wait()
        self._drain.join(timeout=5)
        if returncode != 0:
            raise ProgramFailed(_failure(self._name, returncode, self._stderr))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()  # does nothing to one that was waited for
        self._process.wait()
        self.stdout.close()
        self._drain.join(timeout=5)


def _launched(argv: Sequence[str], user: User | None) -> list[str]:
    """On Linux the launcher changes the user itself: that user may not be able to reach our Python."""
    if not _HAS_LAUNCHER:
        return list(argv)
    owner = [str(user.uid), str(user.gid)] if user else ["", ""]
    program = shutil.which(argv[0]) or argv[0]
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *owner, program, *argv[1:]]


def _failure(name: str, returncode: int, stderr: bytes) -> str:
    end = f"was ended by signal {-returncode}" if returncode < 0 else f"failed with exit code {returncode}"
    detail = stderr[-_STDERR_BYTES:].decode(errors="replace").strip()
    return f"{name} {end}" + (f": {detail}" if detail else "")


def _present(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the pipe was asked for")
    return pipe
