"""What a refresh is asked to do, and who wants to hear of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from dbtool.catalog.relations import RelationName
from dbtool.digest import ProjectKey
from dbtool.errors import Interrupted
from dbtool.findings import Finding
from dbtool.rules.model import RuleSet
from dbtool.targets import Target


class Observer(Protocol):
    """Hears of progress, possibly from several threads. It must not raise."""

    def stage(self, name: str) -> None: ...

    def walked(self, along: str, rows: int) -> None: ...

    def planned(self, relation: RelationName, rows: int, size: int) -> None: ...

    def advanced(self, relation: RelationName, rows: int, size: int) -> None: ...

    def finished(self, relation: RelationName, rows: int) -> None: ...

    def found(self, finding: Finding) -> None: ...


class Silent:
    def stage(self, name: str) -> None: ...

    def walked(self, along: str, rows: int) -> None: ...

    def planned(self, relation: RelationName, rows: int, size: int) -> None: ...

    def advanced(self, relation: RelationName, rows: int, size: int) -> None: ...

    def finished(self, relation: RelationName, rows: int) -> None: ...

    def found(self, finding: Finding) -> None: ...


class Cancellation:
    """Ends what worker threads wait for. Each registers how to be ended while it waits outside Python."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._lock = (
            threading.RLock()
        )  # a signal's handler may request the end while its thread holds the lock
        self._enders: dict[object, Callable[[], None]] = {}

    def request(self) -> None:
        """Ask everybody to end. It does not raise, so that whoever is on the way out can call it."""
        self._requested.set()
        with self._lock:
            enders = list(self._enders.values())
        for end in enders:
            # What cannot be ended, such as a query on a connection that was lost, must not keep the others at work.
            with suppress(Exception):
                end()

    def renew(self) -> None:
        """For a run that begins again: everybody has ended."""
        self._requested.clear()

    def check(self) -> None:
        """:raises Interrupted: the run is being ended."""
        if self._requested.is_set():
            raise Interrupted("the run was ended")

    def pause(self, seconds: float) -> None:
        """:raises Interrupted: the run is being ended, at once."""
        self._requested.wait(seconds)
        self.check()

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        token = object()
        with self._lock:
            self._enders[token] = end
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._enders.pop(token, None)


def utc_now() -> datetime:
    return datetime.now(UTC)


class MaskedCopy(Protocol):
    """What a copy of masked rows is made by: where from, by which rules and key. A refresh's request has it all."""

    @property
    def source(self) -> Target: ...

    @property
    def rules(self) -> RuleSet: ...

    @property
    def key(self) -> ProjectKey: ...

    @property
    def profile(self) -> str | None: ...

    @property
    def jobs(self) -> int: ...

    @property
    def observer(self) -> Observer: ...

    @property
    def cancellation(self) -> Cancellation: ...


BringForward = Callable[[str, tuple[str, ...], tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """``adopt`` is the consent to replace a target that dbtool never made. ``jobs`` is the number of workers.
    ``state`` is the folder for manifests. ``postgres_bin`` is a configured folder of PostgreSQL's programs.

    ``bring_forward`` is called with the verified candidate's URL, the heads that live is at and those the candidate came
    with, where they differ: it applies what live had and the source has not. What it raises fails the refresh. ``version_table``
    is where Alembic keeps them, as SQL spells it, None for its default in any schema. ``profile`` names which of the rules'
    profiles says what the subset is, None the rules' own ``subset``.
    """

    source: Target
    target: Target
    rules: RuleSet
    key: ProjectKey
    state: Path
    jobs: int = 2
    adopt: bool = False
    max_duration_s: float | None = None
    postgres_bin: Path | None = None
    observer: Observer = field(default_factory=Silent)
    now: Callable[[], datetime] = utc_now
    cancellation: Cancellation = field(default_factory=Cancellation)
    bring_forward: BringForward | None = None
    version_table: str | None = None
    profile: str | None = None
