"""Other programs: start, feed, time out, die with the parent. The only module that imports subprocess.

A child inherits an allow-list of the environment, never PG* variables or dbtool's own secrets: what a child
should know of a server is passed to it by name. On Linux a child dies with dbtool, even when dbtool is killed
with SIGKILL; elsewhere it ends when its pipe breaks.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
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
_STDERR_LINES = 200

# prctl(PR_SET_PDEATHSIG, SIGKILL) must be called in the child. preexec_fn is unsafe beside threads, so a
# launcher of a few lines does it and becomes the program. A parent that died in between is seen by its id.
_DIE_WITH_PARENT = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"
    "if os.getppid() != int(sys.argv[1]): os._exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)


def _launched(argv: Sequence[str]) -> list[str]:
    if sys.platform == "linux":
        return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *argv]
    return list(argv)


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
    user: str | int | None = None,
    group: str | int | None = None,
    detaches: bool = False,
) -> str:
    """Run to the end and return standard output.

    ``detaches`` is for programs that leave a server behind (pg_ctl start): it is not tied to our life, and
    its output goes nowhere, since the server would hold the pipe open. ``user`` and ``group`` need root.

    :raises ProgramFailed: it cannot be started, exits non-zero or takes longer than ``timeout_s``. The message
        names the program and its standard error, never its arguments' values or environment.
    """
    name = Path(argv[0]).name
    sink = subprocess.DEVNULL if detaches else subprocess.PIPE
    try:
        done = subprocess.run(
            list(argv) if detaches else _launched(argv),
            env=child_environment(env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=sink,
            stderr=sink,
            timeout=timeout_s,
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProgramFailed(f"{name} was not found") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{name} did not finish within {timeout_s:g} s and was ended") from error
    if done.returncode != 0:
        detail = (done.stderr or b"").decode(errors="replace").strip()
        raise ProgramFailed(
            f"{name} failed with exit code {done.returncode}" + (f": {detail}" if detail else "")
        )
    return (done.stdout or b"").decode(errors="replace")


class Stream:
    """A running program whose standard output is read as it comes.

    Use as a context manager: leaving it early kills the program. ``finish`` waits for a clean end.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], stdin: bytes) -> None:
        self._name = Path(argv[0]).name
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        try:
            self._process = subprocess.Popen(
                _launched(argv),
                env=child_environment(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except FileNotFoundError as error:
            raise ProgramFailed(f"{self._name} was not found") from error
        assert self._process.stdin is not None  # noqa: S101  it was asked for
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self.stdout: IO[bytes] = self._process.stdout
        self._drain = threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True)
        self._drain.start()
        try:
            self._process.stdin.write(stdin)
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once; finish() tells why

    def _read_stderr(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._stderr.append(line.decode(errors="replace").rstrip())

    def finish(self) -> None:
        """Wait for the end. :raises ProgramFailed: it exited non-zero; the message holds its standard error."""
        returncode = self._process.wait()
        self._drain.join(timeout=5)
        if returncode != 0:
            detail = "\n".join(self._stderr)
            raise ProgramFailed(
                f"{self._name} failed with exit code {returncode}" + (f": {detail}" if detail else "")
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self.stdout.close()
        self._drain.join(timeout=5)
