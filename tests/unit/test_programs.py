import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dbtool.errors import ProgramFailed
from dbtool.programs import (
    LastWill,
    User,
    ask,
    child_environment,
    launched,
    run,
    run_detaching,
    run_with_workers,
)
from tests.unit.processes import FOREVER, is_alive, parent_that_is_killed, sh, wait_for


def test_returns_what_the_program_prints() -> None:
    assert run(sh("echo out; echo err >&2")) == "out\n"


def test_feeds_standard_input() -> None:
    assert run(["cat"], stdin=b"fed") == "fed"


def test_without_input_a_program_that_reads_finds_the_end() -> None:
    assert run(["cat"]) == ""


def test_a_failure_tells_program_code_and_standard_error() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 3: no luck$"):
        run(sh("echo no luck >&2; exit 3"))


def test_a_failure_tells_no_argument_and_no_environment() -> None:
    with pytest.raises(ProgramFailed) as failure:
        run(sh("exit 1 # hunter2"), env={"PGPASSWORD": "hunter3"})
    assert str(failure.value) == "sh failed with exit code 1"


def test_a_failure_holds_the_end_of_a_long_standard_error() -> None:
    with pytest.raises(ProgramFailed, match=r"the end$") as failure:
        run(sh("yes | head -c 1000000 >&2; echo the end >&2; exit 1"))
    assert len(str(failure.value)) < 20_000


def test_death_by_a_signal_is_named() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh was ended by signal 9$"):
        run(sh("kill -9 $$"))


@pytest.mark.parametrize("start", [run, run_detaching])
def test_a_missing_program_is_a_failure(start: object) -> None:
    assert callable(start)
    with pytest.raises(ProgramFailed, match=r"^no_such_program (cannot be started|failed)"):
        start(["/nowhere/no_such_program"])


def test_a_slow_program_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(ProgramFailed, match=r"^sleep did not finish within 0\.2 s and was ended$"):
        run(FOREVER, timeout_s=0.2)
    assert time.monotonic() - began < 5


def test_what_is_asked_answers_fails_and_is_ended_as_what_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    assert ask(sh('read -r line || echo "no input,${PGPASSWORD} no password"'), timeout_s=5) == (
        "no input, no password\n"
    )
    with pytest.raises(ProgramFailed, match=r"^no_such_program cannot be started"):
        ask(["/nowhere/no_such_program"], timeout_s=5)
    with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 3: no luck$"):
        ask(sh("echo no luck >&2; exit 3"), timeout_s=5)
    with pytest.raises(ProgramFailed, match=r"^sleep did not finish within 0\.2 s and was ended$"):
        ask(FOREVER, timeout_s=0.2)


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
    run_detaching(sh("sleep 2 & exit 0"))
    assert time.monotonic() - began < 1


def test_a_detaching_program_that_fails_is_a_failure() -> None:
    with pytest.raises(ProgramFailed, match=r"^sh failed with exit code 4$"):
        run_detaching(sh("exit 4"))


def test_a_program_gets_the_default_sigpipe_back() -> None:
    ignored = run(["grep", "SigIgn", "/proc/self/status"]).split()[1]
    assert int(ignored, 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_a_run_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid, _ = parent_that_is_killed(
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
    assert wait_for(lambda: not is_alive(pid))


def test_the_workers_of_a_program_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid, _ = parent_that_is_killed(
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
    assert wait_for(lambda: not is_alive(pid))


def test_the_workers_of_a_program_die_with_a_wait_that_is_interrupted(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_with_workers(sh(f"sleep 600 & echo $! > {told}; wait"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert wait_for(lambda: not is_alive(int(told.read_text())))


def test_a_program_with_workers_is_run_to_its_end() -> None:
    assert run_with_workers(sh("echo done & wait")) == "done\n"
    with pytest.raises(ProgramFailed, match="sh failed with exit code 3: no"):
        run_with_workers(sh("echo no >&2; exit 3"))


def test_a_parent_that_died_before_the_launcher_ran_is_noticed(tmp_path: Path) -> None:
    command = launched(["touch", str(tmp_path / "done")])
    stranger = [*command[:5], "1", *command[6:]]  # claims that pid 1 started it
    assert subprocess.run(stranger, check=False).returncode == 1
    assert not (tmp_path / "done").exists()


def test_a_last_will_is_carried_out_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent_that_is_killed(
        "import os, time\n"
        "from dbtool.programs import LastWill\n"
        f"LastWill(['touch', {str(tmp_path / 'done')!r}])\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    assert wait_for((tmp_path / "done").exists)


def test_a_revoked_last_will_is_not_carried_out(tmp_path: Path) -> None:
    LastWill(["touch", str(tmp_path / "done")]).revoke()
    assert not (tmp_path / "done").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="cannot run here: only root may run a program as another user")
def test_root_runs_a_program_as_another_user_who_dies_with_it_too() -> None:
    assert run(["id", "-u"], user=User(65534, 65534)).strip() == "65534"
    assert run(["id", "-G"], user=User(65534, 65534)).strip() == "65534"
    assert run(["grep", "CapEff", "/proc/self/status"], user=User(65534, 65534)).split()[1].strip("0") == ""
