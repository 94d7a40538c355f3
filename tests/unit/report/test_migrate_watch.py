from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from dbtool.findings import Finding, Severity
from dbtool.report.watch_migrate import Lines, Spinner, Watching, watch_migration

FOUND = Finding("lock-queue", Severity.WARNING, "a.py:1", "waits")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(observer: Watching) -> None:
    with observer:
        observer.stage("rehearse")
        observer.revision("8f2c", "versions/a.py")
        observer.statement("SELECT\n  '[bold]'")
        observer.waiting("public.t is locked by pid 4711")
        observer.found(FOUND)
        observer.found(replace(FOUND, severity=Severity.INFO))
        observer.found(replace(FOUND, severity=Severity.ERROR))


def lines(*, verbose: bool) -> list[str]:
    said: list[str] = []
    play(Lines(said.append, verbose=verbose))
    return said


def test_a_log_has_stages_revisions_and_what_is_waited_for() -> None:
    assert lines(verbose=False) == [
        "rehearse",
        "  8f2c versions/a.py",
        "  waiting: public.t is locked by pid 4711",
        "  warning: a.py:1: waits",
    ]


def test_statements_and_remarks_are_for_those_who_ask() -> None:
    assert lines(verbose=True) == [
        "rehearse",
        "  8f2c versions/a.py",
        "    SELECT '[bold]'",
        "  waiting: public.t is locked by pid 4711",
        "  warning: a.py:1: waits",
        "  info: a.py:1: waits",
    ]


def test_no_escape_of_a_migration_reaches_a_log() -> None:
    said: list[str] = []
    observer = Lines(said.append, verbose=True)
    observer.statement("SELECT '\x1b[2J'")
    observer.revision("\x1b[1m", "a\nb")
    assert said == ["    SELECT '\\x1b[2J'", "  \\x1b[1m a b"]


def test_a_quiet_run_says_nothing() -> None:
    stream = io.StringIO()
    play(watch_migration(quiet=True, verbose=True, stream=stream))
    assert stream.getvalue() == ""


def test_only_a_terminal_gets_a_spinner() -> None:
    assert isinstance(watch_migration(stream=Terminal()), Spinner)
    log = io.StringIO()
    play(watch_migration(stream=log))
    assert log.getvalue().splitlines() == lines(verbose=False)


def test_a_terminal_shows_the_statement_that_runs_and_leaves_the_lines() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=60, force_terminal=True, no_color=True, _environ={"TERM": "xterm"})
    observer = Spinner(console, verbose=False)
    with observer:
        observer.stage("rehearse")
        observer.statement("SELECT '[bold]' " + "x" * 100)
        shown = observer.now
    assert shown == "SELECT '[bold]' " + "x" * 27 + "…"
    assert "rehearse\n" in stream.getvalue().replace("\r", "")
