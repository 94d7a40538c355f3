import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.errors import ProgramFailed
from dbtool.programs import LastWill, Stream, child_environment, run, run_detaching, run_with_workers

_FOREVER = ["sleep", "600"]


def _sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _wait_for(condition: object, at_most_s: float = 10) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + at_most_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def test_returns_what_the_program_prints() -> None:
    assert run(_sh("echo out; echo err >&2")) == "out\n"


def test_feeds_standard_input() -> None:
    assert run(["cat"], stdin=b"fed") == "fed"


def test_without_input_a_program_that_reads_finds_the_end() -> None:
    assert run(["cat"]) == ""


def test_a_failure_tells_program_code_and_standard_error() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 3: no luck$"):
        run(_sh("echo no luck >&2; exit 3"))


def test_a_failure_tells_no_argument_and_no_environment() -> None:
    with pytest.raises(ProgramFailed) as failure:
        run(_sh("exit 1 # hunter2"), env={"PGPASSWORD": "hunter3"})
    assert str(failure.value) == "sh failed with exit code 1"


def test_a_failure_holds_the_end_of_a_long_standard_error() -> None:
    with pytest.raises(ProgramFailed, match=r"the end$") as failure:
        run(_sh("yes | head -c 1000000 >&2; echo the end >&2; exit 1"))
    assert len(str(failure.value)) < 20_000


def test_death_by_a_signal_is_named() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh was ended by signal 9$"):
        run(_sh("kill -9 $$"))


@pytest.mark.parametrize("start", [run, run_detaching])
def test_a_missing_program_is_a_failure(start: object) -> None:
    assert callable(start)
    with pytest.raises(ProgramFailed, match=r"^no_such_program (cannot be started|failed)"):
        start(["/nowhere/no_such_program"])


def test_a_slow_program_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match=r"^sleep did not finish within 0\.2 s and was ended$"):
        run(_FOREVER, timeout_s=0.2)
    assert time.monotonic() - began < 5


def test_the_environment_is_an_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    monkeypatch.setenv("DBTOOL_MASK_KEY", "hunter2")
    names = {line.partition("=")[0] for line in run(["env"], env={"PGHOST": "here"}).splitlines()}
    assert "PGHOST" in names
    assert "PATH" in names
    assert names.isdisjoint({"PGPASSWORD", "DBTOOL_MASK_KEY"})
    assert "PGPASSWORD" not in child_environment()


def test_a_detaching_program_may_leave_a_child_that_holds_its_output() -> None:
    began = time.monotonic()
    run_detaching(_sh("sleep 2 & exit 0"))
    assert time.monotonic() - began < 1


def test_a_detaching_program_that_fails_is_a_failure() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 4$"):
        run_detaching(_sh("exit 4"))


def test_a_stream_is_read_as_it_comes_and_ends_cleanly() -> None:
    with Stream(["cat"], env={}, stdin=b"x" * 60_000) as stream:
        assert stream.stdout.read(1) == b"x"
        assert len(stream.stdout.read()) > 0
        while stream.stdout.read(65536):
            pass
        stream.finish()


def test_a_stream_that_fails_tells_the_end_of_its_standard_error() -> None:
    script = "yes | head -c 1000000 >&2; echo the end >&2; exit 5"
    with Stream(_sh(script), env={}, stdin=b"") as stream:
        assert stream.stdout.read() == b""
        with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 5: [\s\S]*the end$") as failure:
            stream.finish()
    assert len(str(failure.value)) < 20_000


def test_a_stream_that_dies_before_it_is_fed_tells_why() -> None:
    with Stream(_sh("exec 0<&-; echo refused >&2; exit 6"), env={}, stdin=b"x" * 1_000_000) as stream:
        stream.stdout.read()
        with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 6: refused$"):
            stream.finish()


def test_leaving_a_stream_early_kills_the_program() -> None:
    with Stream(_sh("echo $$; exec sleep 600"), env={}, stdin=b"") as stream:
        pid = int(stream.stdout.readline())
        assert _is_alive(pid)
    assert not _is_alive(pid)


def test_a_stream_that_another_thread_kills_ends_and_says_so() -> None:
    with Stream(_FOREVER, env={}, stdin=b"") as stream:
        threading.Timer(0.1, stream.kill).start()
        assert stream.stdout.read() == b""
        with pytest.raises(ProgramFailed, match=r"^sleep was ended by signal 9$"):
            stream.finish()


def test_an_error_inside_the_context_is_not_hidden_by_the_kill() -> None:
    with pytest.raises(ZeroDivisionError), Stream(_FOREVER, env={}, stdin=b""):
        _ = 1 / 0


def test_a_program_gets_the_default_sigpipe_back() -> None:
    ignored = run(["grep", "SigIgn", "/proc/self/status"]).split()[1]
    assert int(ignored, 16) & (1 << (signal.SIGPIPE - 1)) == 0


def _parent_that_is_killed(code: str) -> tuple[int, Path]:
    """Run ``code`` in a process, kill that with SIGKILL; the pid that it printed."""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent:
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        parent.kill()
    return pid, Path(f"/proc/{pid}")


def test_a_stream_dies_with_a_parent_that_is_killed() -> None:
    pid, _ = _parent_that_is_killed(
        "from dbtool.programs import Stream\n"
        "stream = Stream(['/bin/sh', '-c', 'echo $$; exec sleep 600'], env={}, stdin=b'')\n"
        "print(int(stream.stdout.readline()), flush=True)\n"
        "stream.finish()\n"
    )
    assert _wait_for(lambda: not _is_alive(pid))


def test_a_run_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid, _ = _parent_that_is_killed(
        "import os, threading, time\n"
        "from pathlib import Path\n"
        "from dbtool.programs import run\n"
        f"told = Path({str(tmp_path / 'pid')!r})\n"
        "def tell():\n"
        "    while not (told.exists() and told.read_text().endswith('\\n')): time.sleep(0.01)\n"
        "    print(told.read_text(), flush=True)\n"
        "threading.Thread(target=tell).start()\n"
        "run(['/bin/sh', '-c', f'echo $$ > {told}; exec sleep 600'])\n"
    )
    assert _wait_for(lambda: not _is_alive(pid))


def test_the_workers_of_a_program_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid, _ = _parent_that_is_killed(
        "import threading, time\n"
        "from pathlib import Path\n"
        "from dbtool.programs import run_with_workers\n"
        f"told = Path({str(tmp_path / 'pid')!r})\n"
        "def tell():\n"
        "    while not (told.exists() and told.read_text().endswith('\\n')): time.sleep(0.01)\n"
        "    print(told.read_text(), flush=True)\n"
        "threading.Thread(target=tell).start()\n"
        "run_with_workers(['/bin/sh', '-c', f'sleep 600 & echo $! > {told}; wait'])\n"
    )
    assert _wait_for(lambda: not _is_alive(pid))


def test_the_workers_of_a_program_die_with_a_wait_that_is_interrupted(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_with_workers(_sh(f"sleep 600 & echo $! > {told}; wait"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _wait_for(lambda: not _is_alive(int(told.read_text())))


def test_a_program_with_workers_is_run_to_its_end() -> None:
    assert run_with_workers(_sh("echo done & wait")) == "done\n"
    with pytest.raises(ProgramFailed, match="sh failed with exit code 3: no"):
        run_with_workers(_sh("echo no >&2; exit 3"))


def test_a_parent_that_died_before_the_launcher_ran_is_noticed(tmp_path: Path) -> None:
    command = programs._launched(["touch", str(tmp_path / "done")], None)  # noqa: SLF001  no other way to lie to it
    stranger = [*command[:5], "1", *command[6:]]  # claims that pid 1 started it
    assert subprocess.run(stranger, check=False).returncode == 1
    assert not (tmp_path / "done").exists()


def test_a_last_will_is_carried_out_when_the_parent_is_killed(tmp_path: Path) -> None:
    _parent_that_is_killed(
        "import os, time\n"
        "from dbtool.programs import LastWill\n"
        f"LastWill(['touch', {str(tmp_path / 'done')!r}])\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    assert _wait_for((tmp_path / "done").exists)


def test_a_revoked_last_will_is_not_carried_out(tmp_path: Path) -> None:
    LastWill(["touch", str(tmp_path / "done")]).revoke()
    assert not (tmp_path / "done").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="cannot run here: only root may run a program as another user")
def test_root_runs_a_program_as_another_user_who_dies_with_it_too() -> None:
    assert run(["id", "-u"], user=programs.User(65534, 65534)).strip() == "65534"
    assert run(["id", "-G"], user=programs.User(65534, 65534)).strip() == "65534"
    assert (
        run(["grep", "CapEff", "/proc/self/status"], user=programs.User(65534, 65534)).split()[1].strip("0")
        == ""
    )
