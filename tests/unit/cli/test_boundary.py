import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dbtool import errors
from dbtool.cli.boundary import run_bounded

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _signals_and_folder_restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("DBTOOL_DEBUG", raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(body: Any, *arguments: str) -> int:
    """The exit code of a command that does ``body``."""
    command = click.Command("tiny", callback=body, params=[click.Option(["--count"], type=int)])
    with pytest.raises(SystemExit) as ended:
        run_bounded(command, arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def failing(error: BaseException) -> Any:
    def body(**_options: object) -> None:
        raise error

    return body


CODES = {
    errors.DbtoolError: 70,
    errors.AnswerIsNo: 1,
    errors.UsageError: 2,
    errors.EnvironmentFailed: 3,
    errors.Drift: 4,
    errors.ConsentMissing: 5,
    errors.Busy: 6,
    errors.PartlyDone: 7,
    errors.Interrupted: 130,
}
SAMPLES: list[errors.DbtoolError] = [
    errors.AnswerIsNo("m"),
    errors.FindingsRefuse("m", ()),
    errors.VerificationFailed("m"),
    errors.UsageError("m"),
    errors.ConfigurationInvalid("m"),
    errors.UrlInvalid("m"),
    errors.RulesInvalid(["m"]),
    errors.MaskFailed("m"),
    errors.TargetRefused("m"),
    errors.EnvironmentFailed("m"),
    errors.ServerUnreachable("m"),
    errors.ServerFailed("m"),
    errors.SnapshotLost("m"),
    errors.PrivilegeMissing("m"),
    errors.ProgramFailed("m"),
    errors.CloneImpossible("m"),
    errors.TimeIsUp("m"),
    errors.Drift("m"),
    errors.KeptColumnChanged("m"),
    errors.RevisionUnknown("m"),
    errors.RevisionEdited("m"),
    errors.HeadConflict("m"),
    errors.ConsentMissing("m"),
    errors.EvidenceRefused("m"),
    errors.Busy("m"),
    errors.LockNotAcquired("m"),
    errors.PartlyDone("m"),
    errors.Interrupted("m"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_expected_error_has_the_code_of_its_kind_and_its_message(
    error: errors.DbtoolError, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = next(each for each in type(error).__mro__ if each in CODES)
    assert run(failing(error)) == CODES[kind]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"dbtool: {error}\n")


def test_the_samples_are_all_the_errors_there_are() -> None:
    def descend(kind: type[errors.DbtoolError]) -> set[type[errors.DbtoolError]]:
        below = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
        return {*below, *(found for each in below for found in descend(each))}

    assert descend(errors.DbtoolError) == {type(sample) for sample in SAMPLES}


def test_what_failed_on_the_way_out_is_told_below(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.ServerFailed("m")
    error.add_note("the candidate x could not be dropped")
    assert run(failing(error)) == 3
    assert capsys.readouterr().err == "dbtool: m\n  the candidate x could not be dropped\n"


def test_success_and_a_command_s_own_code_pass() -> None:
    assert run(lambda **_options: None) == 0
    assert run(lambda **_options: 0) == 0
    assert run(lambda **_options: click.get_current_context().exit(4)) == 4
    assert run(lambda **_options: None, "--help") == 0


@pytest.mark.parametrize("arguments", [["--count", "many"], ["--no-such-option"], ["surplus"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda **_options: None, *arguments) == 2
    assert "Usage:" in capsys.readouterr().err


def test_a_prompt_that_is_left_is_130() -> None:
    assert run(failing(click.exceptions.Abort())) == 130


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_who_has_gone_does_not_change_the_exit_code(closed: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    script = f"import sys; from dbtool.cli.boundary import outlive_readers; outlive_readers(); sys.{closed}.write('x' * 99999)"
    try:
        process = subprocess.Popen([sys.executable, "-c", script], **{closed: writing})  # type: ignore[call-overload]
        assert process.wait() == 0
    finally:
        os.close(writing)


_SPEAKING = """
import sys, click
from dbtool.cli.boundary import outlive_readers, run_bounded
outlive_readers()
run_bounded(click.Command("tiny", callback=lambda: print("zürich → " + "x" * 99999)), [])
"""


def test_output_that_finds_no_room_is_partly_done_and_no_bug() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", _SPEAKING], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 7
    assert done.stderr.decode().startswith(
        "dbtool: done, but the output could not be written whole (no space left"
    )
    assert len(done.stderr.splitlines()) == 1


def test_letters_that_the_output_cannot_spell_are_escaped() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(
        [sys.executable, "-c", _SPEAKING], env=environment, capture_output=True, check=True
    ).stdout
    assert said.startswith(rb"z\xfcrich \u2192 xxx")


def test_a_bug_is_70_and_its_log_has_frames_and_no_value(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def body(**_options: object) -> None:
        value = SECRET
        raise ValueError(value)

    assert run(body) == 70
    said = capsys.readouterr().err
    assert "a bug (ValueError)" in said
    assert SECRET not in said
    (log,) = tmp_path.iterdir()
    assert str(log) in said
    written = log.read_text(encoding="utf-8")
    assert re.match(r"dbtool \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ builtins\.ValueError\n", written)
    assert "raise ValueError(value)" in written
    assert SECRET not in written
    assert log.stat().st_mode & 0o077 == 0


def test_the_whole_error_is_shown_only_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBTOOL_DEBUG", "1")
    assert run(failing(ValueError(SECRET))) == 70
    assert SECRET in capsys.readouterr().err


_INTERRUPTED = r"""
import os, sys, time
import click
from dbtool.cli.boundary import run_bounded

@click.command()
def tiny():
    try:
        os.write(1, b"ready\n")  # a signal within print() can make it write twice
        time.sleep(60)
    finally:
        os.write(1, b"cleaning\n")
        sys.stdin.readline()
        os.write(1, b"clean\n")

run_bounded(tiny, [])
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_a_signal_ends_the_command_and_a_second_one_does_not_cut_the_clean_up_short(
    number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "cleaning\n"
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline() == "dbtool: already cleaning up; a moment\n"
        said, complaint = process.communicate("\n", timeout=20)
    assert said == "clean\n"
    assert complaint == "dbtool: interrupted; cleaned up, and what was live is as it was\n"
    assert process.returncode == code


def test_a_run_that_was_told_to_outlive_its_terminal_does() -> None:
    """As by nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run(lambda **_options: os.kill(os.getpid(), signal.SIGHUP)) == 0


def test_nothing_within_a_command_can_end_it_as_if_it_were_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(SystemExit(0))) == 70
    assert "a bug (SystemExit)" in capsys.readouterr().err


def test_names_that_a_message_quotes_do_not_reach_the_terminal_as_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = errors.UsageError("no \x1b[2Jtable \x9b31m \0 \r\n\tin it")
    error.add_note("\x07")
    assert run(failing(error)) == 2
    assert capsys.readouterr().err == "dbtool: no \\x1b[2Jtable \\x9b31m \\x00 \\x0d\n\tin it\n  \\x07\n"
