"""Progress as it happens, on standard error: bars on a terminal (bars.py), plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.refresh.request import Observer, Silent
from dbtool.report.numbers import human_bytes, human_count

_LINE_EVERY_S = 5.0


class Watching(AbstractContextManager["Watching"], Protocol):
    """An observer of a refresh that has something on the screen while it is entered."""

    def stage(self, name: str) -> None: ...

    def walked(self, along: str, rows: int) -> None: ...

    def planned(self, relation: RelationName, rows: int, size: int) -> None: ...

    def advanced(self, relation: RelationName, rows: int, size: int) -> None: ...

    def finished(self, relation: RelationName, rows: int) -> None: ...

    def found(self, finding: Finding) -> None: ...


class OfWalk(Silent):
    """Tells how far a plan's rows are chosen, and nothing else: its findings stand in the plan."""

    def __init__(self, shown: Observer) -> None:
        self._shown = shown

    def stage(self, name: str) -> None:
        self._shown.stage(name)

    def walked(self, along: str, rows: int) -> None:
        self._shown.walked(along, rows)


class Pace:
    """Bytes and rows of one relation since its first block."""

    def __init__(self, rows: int, size: int, now: float) -> None:
        self.planned_rows, self.planned_bytes = rows, size
        self.rows, self.bytes = 0, 0
        self.began: float | None = None
        self.said = now

    def advance(self, rows: int, size: int, now: float) -> None:
        self.began = self.began if self.began is not None else now
        self.rows += rows
        self.bytes += size

    def rate(self, now: float) -> float:
        elapsed = now - self.began if self.began is not None else 0.0
        return self.rows / elapsed if elapsed > 0 else 0.0


class Lines:
    """For logs: one line per stage and per finished table, and for a long table one every few seconds."""

    def __init__(
        self, say: Callable[[str], None], *, verbose: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._verbose, self._clock = say, verbose, clock
        self._walked = clock()
        self._lock = threading.Lock()
        self._paces: dict[RelationName, Pace] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def stage(self, name: str) -> None:
        self._say(name)

    def walked(self, along: str, rows: int) -> None:
        now = self._clock()
        if now - self._walked >= _LINE_EVERY_S:
            self._walked = now
            self._say(f"  {human_count(rows)} rows chosen; following {along}")

    def planned(self, relation: RelationName, rows: int, size: int) -> None:
        self._paces[relation] = Pace(rows, size, self._clock())

    def advanced(self, relation: RelationName, rows: int, size: int) -> None:
        now = self._clock()
        with self._lock:
            pace = self._paces.setdefault(relation, Pace(-1, 0, now))
            pace.advance(rows, size, now)
            if now - pace.said < _LINE_EVERY_S:
                return
            pace.said = now
        self._say(f"  {relation}: {self._describe(pace, now)}")

    def _describe(self, pace: Pace, now: float) -> str:
        read = f"{human_bytes(pace.bytes)} read"
        if not pace.rows:
            return read
        rate = pace.rate(now)
        left = (pace.planned_rows - pace.rows) / rate if rate > 0 and pace.planned_rows > pace.rows else 0.0
        remaining = f", about {left:.0f} s left" if left else ""
        return f"{human_count(pace.rows)} rows, {human_count(round(rate))} rows/s{remaining}"

    def finished(self, relation: RelationName, rows: int) -> None:
        with self._lock:
            pace = self._paces.get(relation)
        seconds = self._clock() - pace.began if pace and pace.began is not None else 0.0
        if rows or self._verbose:
            rate = f", {human_count(round(rows / seconds))} rows/s" if seconds > 0 else ""
            self._say(f"  {relation}: {human_count(rows)} rows in {seconds:.1f} s{rate}")

    def found(self, finding: Finding) -> None:
        """Errors end the run, and whoever ran it shows them with their remedies."""
        if finding.severity is Severity.WARNING or (self._verbose and not finding.is_error):
            self._say(f"{finding.severity}: {finding.where}: {finding.message}")
