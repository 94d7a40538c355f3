"""A rehearsal's or an application's progress on standard error: what runs now on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dbtool.findings import Finding, Severity
from dbtool.report.page import one_line
from dbtool.report.statement_text import shown

_BESIDE = 16  # columns that the spinner and the time take
_SQL_IN_LOGS = 200


class Watching(AbstractContextManager["Watching"], Protocol):
    """An observer that has something on the screen while it is entered."""

    def stage(self, name: str) -> None: ...

    def revision(self, revision: str, file: str) -> None: ...

    def statement(self, sql: str) -> None: ...

    def waiting(self, reason: str) -> None: ...

    def found(self, finding: Finding) -> None: ...


def watch_migration(*, quiet: bool = False, verbose: bool = False, stream: TextIO | None = None) -> Watching:
    stream = stream or sys.stderr
    if quiet:
        return Lines(lambda _line: None, verbose=False)
    if stream.isatty():
        return Spinner(Console(file=stream), verbose=verbose)
    return Lines(lambda line: print(line, file=stream, flush=True), verbose=verbose)


class Lines:
    """For logs. Each statement only when asked for; that somebody is waited for, always."""

    def __init__(self, say: Callable[[str], None], *, verbose: bool) -> None:
        self._say, self._verbose = say, verbose

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def stage(self, name: str) -> None:
        self._say(one_line(name))

    def revision(self, revision: str, file: str) -> None:
        self._say(f"  {one_line(revision)} {one_line(file)}")

    def statement(self, sql: str) -> None:
        if self._verbose:
            self._say(f"    {one_line(shown(sql), _SQL_IN_LOGS)}")

    def waiting(self, reason: str) -> None:
        self._say(f"  waiting: {one_line(reason)}")

    def found(self, finding: Finding) -> None:
        """A warning may explain a wait that is to come. Errors end the run, and whoever ran it shows them."""
        if finding.severity is Severity.WARNING or (self._verbose and not finding.is_error):
            self._say(f"  {finding.severity}: {one_line(finding.where)}: {one_line(finding.message)}")


class Spinner(Lines):
    """For terminals: as in logs, and under it the statement that runs now and for how long."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        super().__init__(self._print, verbose=verbose)
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),  # SQL may hold brackets
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    @property
    def now(self) -> str:
        """What is shown beside the clock."""
        return self._progress.tasks[0].description

    def _show(self, words: str) -> None:
        """The clock begins anew with what is shown."""
        shown = one_line(words, max(self._console.width - _BESIDE, _BESIDE))
        self._progress.reset(self._task, description=shown)

    def stage(self, name: str) -> None:
        super().stage(name)
        self._show(name)

    def revision(self, revision: str, file: str) -> None:
        super().revision(revision, file)
        self._show(revision)

    def statement(self, sql: str) -> None:
        super().statement(sql)
        self._show(shown(sql))

    def waiting(self, reason: str) -> None:
        super().waiting(reason)
        self._show(f"waiting: {reason}")
