"""A program that is read while it runs."""

from __future__ import annotations

import threading

import pytest

from dbtool.errors import ProgramFailed
from dbtool.program_stream import Stream
from tests.unit.processes import FOREVER, is_alive, parent_that_is_killed, sh, wait_for


def test_a_stream_is_read_as_it_comes_and_ends_cleanly() -> None:
    with Stream(["cat"], env={}, stdin=b"x" * 60_000) as stream:
        assert stream.stdout.read(1) == b"x"
        assert len(stream.stdout.read()) > 0
        while stream.stdout.read(65536):
            pass
        stream.finish()


def test_a_stream_that_fails_tells_the_end_of_its_standard_error() -> None:
    script = "yes | head -c 1000000 >&2; echo the end >&2; exit 5"
    with Stream(sh(script), env={}, stdin=b"") as stream:
        assert stream.stdout.read() == b""
        with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 5: [\s\S]*the end$") as failure:
            stream.finish()
    assert len(str(failure.value)) < 20_000


def test_a_stream_that_dies_before_it_is_fed_tells_why() -> None:
    with Stream(sh("exec 0<&-; echo refused >&2; exit 6"), env={}, stdin=b"x" * 1_000_000) as stream:
        stream.stdout.read()
        with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 6: refused$"):
            stream.finish()


def test_leaving_a_stream_early_kills_the_program() -> None:
    with Stream(sh("echo $$; exec sleep 600"), env={}, stdin=b"") as stream:
        pid = int(stream.stdout.readline())
        assert is_alive(pid)
    assert not is_alive(pid)


def test_a_stream_that_another_thread_kills_ends_and_says_so() -> None:
    with Stream(FOREVER, env={}, stdin=b"") as stream:
        threading.Timer(0.1, stream.kill).start()
        assert stream.stdout.read() == b""
        with pytest.raises(ProgramFailed, match=r"^sleep was ended by signal 9$"):
            stream.finish()


def test_an_error_inside_the_context_is_not_hidden_by_the_kill() -> None:
    with pytest.raises(ZeroDivisionError), Stream(FOREVER, env={}, stdin=b""):
        _ = 1 / 0


def test_a_stream_dies_with_a_parent_that_is_killed() -> None:
    pid, _ = parent_that_is_killed(
        "from dbtool.program_stream import Stream\n"
        "stream = Stream(['/bin/sh', '-c', 'echo $$; exec sleep 600'], env={}, stdin=b'')\n"
        "print(int(stream.stdout.readline()), flush=True)\n"
        "stream.finish()\n"
    )
    assert wait_for(lambda: not is_alive(pid))
