"""A program that is talked with over a socket of its own."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from dbtool.errors import ProgramFailed
from dbtool.program_conversation import Conversation

_OPENING = (
    "import os, socket, sys, time\nsay = socket.socket(fileno=int(sys.argv[-1]))\nhear = say.makefile('rb')\n"
)


def talk(code: str, output_bytes: int = 64 * 1024) -> Conversation:
    return Conversation(
        [sys.executable, "-I", "-S", "-c", _OPENING + code], env={}, output_bytes=output_bytes
    )


def test_lines_go_both_ways_and_end_with_the_program() -> None:
    with talk("say.sendall(hear.readline().upper() + b'two\\nunfinished')") as program:
        program.send(b"one")
        assert [program.receive(), program.receive(), program.receive()] == [b"ONE", b"two", None]
        assert program.finish() == 0


def test_a_line_may_be_long() -> None:
    with talk("say.sendall(b'x' * 3_000_000 + b'\\n')") as program:
        assert program.receive() == b"x" * 3_000_000


def test_the_exit_code_tells_a_signal() -> None:
    with talk("os.kill(os.getpid(), 15)") as program:
        assert program.receive() is None
        assert program.finish() == -signal.SIGTERM


def test_a_fork_that_holds_the_socket_does_not_hide_the_end() -> None:
    with talk("say.sendall(b'last\\n')\nif os.fork() == 0:\n    time.sleep(600)\nos._exit(0)") as program:
        assert program.receive() == b"last"
        assert program.receive() is None
        assert program.finish() == 0


def test_one_that_is_killed_from_another_thread_is_gone_for_who_listens() -> None:
    with talk("time.sleep(600)") as program:
        threading.Timer(0.3, program.kill).start()
        assert program.receive() is None
        assert program.finish() == -signal.SIGKILL


def test_leaving_ends_it_and_what_it_has_started() -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("cannot run here: there is no /proc to see processes in")
    with talk(
        "import subprocess\nsay.sendall(b'%d\\n' % subprocess.Popen(['sleep', '600']).pid)\ntime.sleep(600)"
    ) as program:
        started = Path(f"/proc/{int(program.receive() or b'0')}/stat")
        assert started.exists()
    deadline = time.monotonic() + 5
    while started.exists() and started.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not started.exists() or started.read_text().split()[2] == "Z"


def test_to_send_to_one_that_has_died_is_no_error() -> None:
    with talk("pass") as program:
        assert program.receive() is None
        program.send(b"anybody?")
        assert program.finish() == 0


def test_output_is_the_end_of_both_streams_in_whole_lines() -> None:
    with talk(
        "print('first line')\nsys.stdout.flush()\nsys.stderr.write('second\\nthird\\n')", output_bytes=20
    ) as program:
        assert program.receive() is None
        program.finish()
        assert program.output == "second\nthird\n"


def test_short_output_is_all_there() -> None:
    with talk("print('one')") as program:
        program.finish()
        assert program.output == "one\n"


def test_a_program_that_is_not_there_fails() -> None:
    with Conversation(["not-there-at-all"], env={}) as program:
        assert program.receive() is None
        assert program.finish() == 127


def test_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="cannot be started"):
        Conversation([sys.executable], env={}, cwd=str(tmp_path / "none"))
