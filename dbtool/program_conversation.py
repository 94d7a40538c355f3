"""A program that is talked with while it runs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from dbtool.errors import ProgramFailed
from dbtool.programs import child_environment, launched, opened

_LOOK_EVERY_S = 0.5
_FAREWELL_S = 10.0


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
                launched([*argv, str(theirs.fileno())]),
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
        with opened(self._process.stdout) as pipe:
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
