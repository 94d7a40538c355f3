"""Progress on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.report.numbers import human_bytes, human_count
from dbtool.report.progress import Pace


class Bars:
    """For terminals: a bar for the whole load by bytes, and under it the tables at work."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._lock = threading.Lock()
        self._paces: dict[RelationName, Pace] = {}
        self._tasks: dict[RelationName, TaskID] = {}
        self._walk: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),  # names may hold brackets
            BarColumn(),
            TaskProgressColumn("{task.percentage:>3.0f} %"),  # nothing where the end is not known
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, name: str) -> None:
        if self._walk is not None:
            self._progress.remove_task(self._walk)
            self._walk = None
        self._console.print(f"[bold]{name}[/bold]", highlight=False)

    def walked(self, along: str, rows: int) -> None:
        """A bar without an end: how far it goes is what is being found out."""
        if self._walk is None:
            self._walk = self._progress.add_task("", total=None, pace="")
        self._progress.update(self._walk, description=along, pace=f"{human_count(rows)} rows chosen")

    def planned(self, relation: RelationName, rows: int, size: int) -> None:
        self._paces[relation] = Pace(rows, size, self._clock())

    def advanced(self, relation: RelationName, rows: int, size: int) -> None:
        now = self._clock()
        with self._lock:
            pace = self._paces.setdefault(relation, Pace(-1, size, now))
            pace.advance(rows, size, now)
            if relation not in self._tasks:
                self._tasks[relation] = self._progress.add_task(
                    str(relation), total=max(pace.planned_bytes, 1), pace=""
                )
            shown = f"{human_count(round(pace.rate(now)))} rows/s" if pace.rows else human_bytes(pace.bytes)
            self._progress.update(self._tasks[relation], advance=size, pace=shown)

    def finished(self, relation: RelationName, rows: int) -> None:
        with self._lock:
            task = self._tasks.pop(relation, None)
            pace = self._paces.get(relation)
        if task is not None:
            self._progress.remove_task(task)
        if rows and pace and pace.began is not None:
            seconds = max(self._clock() - pace.began, 1e-3)
            self._console.print(
                f"  {relation}: {human_count(rows)} rows, {human_count(round(rows / seconds))} rows/s",
                highlight=False,
                markup=False,
            )

    def found(self, finding: Finding) -> None:
        if finding.severity is Severity.WARNING:
            self._console.print(
                f"{finding.severity}: {finding.where}: {finding.message}", highlight=False, markup=False
            )
