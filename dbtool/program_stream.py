"""A program that is read while it runs."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from dbtool.errors import ProgramFailed
from dbtool.programs import STDERR_BYTES, child_environment, describe_exit, launched, opened


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
                launched(argv),
                env=child_environment(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            raise ProgramFailed(f"{self._name} cannot be started: {error.strerror}") from error
        self.stdout: IO[bytes] = opened(self._process.stdout)
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()
        self._feed(stdin)

    def _feed(self, stdin: bytes) -> None:
        unsent = memoryview(stdin)
        with opened(self._process.stdin) as pipe, contextlib.suppress(BrokenPipeError):
            while unsent:  # one that dies at once does not read; finish() tells why
                unsent = unsent[pipe.write(unsent) :]

    def _read_stderr(self) -> None:
        with opened(self._process.stderr) as pipe:
            while chunk := pipe.read(4096):
                self._stderr = (self._stderr + chunk)[-STDERR_BYTES:]

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
            raise ProgramFailed(describe_exit(self._name, returncode, self._stderr))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()  # does nothing to one that was waited for
        self._process.wait()
        self.stdout.close()
        self._drain.join(timeout=5)
