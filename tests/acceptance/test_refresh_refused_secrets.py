"""Keys and URLs that are not where dbtool.toml says, or not alone there: what is wrong, and nothing of the secret."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.project import KEY, Project, wait_until


def take_url_from(people: Project, source: str) -> None:
    """Staging's URL is a secret in every test: it must not be told, wherever it is from."""
    people.private.add(people.target.rsplit("/", 1)[0])
    text = people.configuration.read_text(encoding="utf-8")
    people.configuration.write_text(text.replace('{ env = "STAGING_URL" }', source), encoding="utf-8")


def running(code: str, *arguments: str) -> str:
    """A command that runs some Python."""
    argv: Sequence[str] = [sys.executable, "-c", f"import os, sys, time; {code}", *arguments]
    return f"{{ command = {json.dumps(argv)} }}"


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        ("sys.exit(9)", 3, "environments.staging.url: its command did not give it; python"),
        ("print('postgresql://u:hunter2@h/d'); sys.exit(9)", 3, "failed with exit code 9"),
        ("sys.exit('sign in first')", 3, "failed with exit code 1: sign in first"),
        ("os.kill(os.getpid(), 9)", 3, "was ended by signal 9"),
        ("pass", 2, "printed is empty; nothing was done"),
        ("print('  ')", 2, "printed is empty; nothing was done"),
        ("print('update available'); print(sys.argv[1])", 2, "printed holds 2 lines and a secret is one; nothing was done"),
        ("sys.stdout.buffer.write(bytes([255]) * 40)", 2, "printed is not UTF-8 text; nothing was done"),
        ("print('x' * 100_000)", 2, "is far longer than a secret; nothing was done"),
        ("print('hunter2')", 2, "staging: the URL cannot be read"),
    ],
)  # fmt: skip
def test_a_command_that_gives_no_url_is_named_with_its_setting(
    people: Project, code: str, exit_code: int, said: str
) -> None:
    people.private.add("hunter2")
    take_url_from(people, running(code, people.target))
    assert said in people.refuse(exit_code).last_message


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{ command = ["dbtool-no-such-program"] }', "cannot be started: No such file or directory. Run it by itself in"),
        ('{ command = ["."] }', "cannot be started"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_started_is_named(people: Project, source: str, said: str) -> None:
    take_url_from(people, source)
    assert said in people.refuse(3).last_message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the file {path}: no such file or directory; nothing was done"),
        (b"", "the file url is empty; nothing was done"),
        (b"\n", "the file url is empty; nothing was done"),
        (b"one\ntwo\n", "the file url holds 2 lines and a secret is one"),
        (b"\xff\xfe", "the file {path} is not UTF-8; nothing was done"),
        (b"post\0gresql://", "the file url is not UTF-8 text"),
    ],
)
def test_a_file_without_one_line_of_text_is_named(people: Project, content: bytes | None, said: str) -> None:
    path = people.folder / "url"
    if content is not None:
        path.write_bytes(content)
    take_url_from(people, '{ file = "url" }')
    assert f"environments.staging.url: {said.format(path=path)}" in people.refuse(2).last_message


@pytest.mark.parametrize(
    ("file", "said"), [(".", "is a directory"), ("dbtool.toml/url", "not a directory"), ("/dev/zero", "secret")]
)  # fmt: skip
def test_what_is_no_file_is_named(people: Project, file: str, said: str) -> None:
    take_url_from(people, f'{{ file = "{file}" }}')
    assert said in people.refuse(2).last_message


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (" " * 40, "is empty"),
        (f"{KEY}\n{KEY}", "holds 2 lines"),
        ("\udcff" * 40, "is not UTF-8 text"),
        (KEY[:31], "has 31 bytes and needs at least 32"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_told(people: Project, key: str, said: str) -> None:
    people.environ["DBTOOL_MASK_KEY"] = key
    assert said in people.refuse(2).last_message


def test_a_run_that_waits_for_a_command_can_be_interrupted(people: Project) -> None:
    started = people.folder / "started"
    take_url_from(people, running("open(sys.argv[1], 'w').close(); time.sleep(600)", str(started)))
    before = people.describe_ends()
    with people.start() as run:
        wait_until(Path(started).exists, "the command runs")
        run.process.send_signal(signal.SIGTERM)
        done = run.finish()
    assert done.code == 143
    assert "interrupted; cleaned up" in done.last_message
    assert people.describe_ends() == before
