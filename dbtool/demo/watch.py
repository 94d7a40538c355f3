"""A client of staging that never stops asking while staging is replaced underneath it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from dbtool.demo.result import Availability
from dbtool.errors import DbtoolError
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect

_PAUSE_S = 0.05
_RETRY_S = 0.01
# Yesterday's staging holds fewer customers than today's production, so the answer tells which one gave it.
_QUESTION = b"SELECT max(id) FROM public.customers"


class StagingWatch:
    """Use as a context manager; ``availability`` is complete once it was left."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dbtool-demo-watch", daemon=True)
        self._moments: list[float] = []
        self._answers: list[int] = []
        self._interruptions = 0

    @property
    def availability(self) -> Availability:
        gaps = [later - earlier for earlier, later in zip(self._moments, self._moments[1:], strict=False)]
        return Availability(
            answered=len(self._moments),
            interruptions=self._interruptions,
            longest_gap_s=max(gaps, default=0.0),
            answers=tuple(self._answers),
        )

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self._ask_until_broken()
        self._ask_until_broken()  # once more: whoever answers now is what the others left

    def _ask_until_broken(self) -> None:
        """One session: until it is ended, or we are told to stop."""
        try:
            with translated("asking staging"), connect(self._url()) as connection:
                self._ask(connection)
        except DbtoolError:
            self._interruptions += 1
            self._stopped.wait(_RETRY_S)

    def _ask(self, connection: Connection) -> None:
        while True:
            row = connection.execute(_QUESTION).fetchone()
            self._moments.append(time.monotonic())
            if row and row[0] not in self._answers[-1:]:
                self._answers.append(row[0])
            if self._stopped.wait(_PAUSE_S):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
