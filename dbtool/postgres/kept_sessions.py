"""Sessions that serve one piece of work after the other: to connect takes as long as to read a few thousand rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

Session = TypeVar("Session")


class KeptSessions(Generic[Session]):
    """Lends sessions to threads, each to one at a time; makes one where none is free. All end with the context.

    One that ``is_fit`` is not true of when it comes back is ended: work may have borne with the failure that it died of.
    """

    def __init__(
        self,
        make: Callable[[], AbstractContextManager[Session]],
        is_fit: Callable[[Session], bool] = lambda _session: True,
    ) -> None:
        self._make = make
        self._is_fit = is_fit
        self._free: deque[tuple[ExitStack, Session]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_free()

    @contextmanager
    def lend(self) -> Iterator[Session]:
        """A session whose work fails is not lent again, and none of the others: what it died of they may have died of, too."""
        held, session = self._take()
        try:
            yield session
        except BaseException:
            with held:  # it hears of the failure, so that it does not commit
                self.end_free()
                raise
        if self._is_fit(session):
            self._free.append((held, session))
        else:
            with suppress(Exception):
                held.close()

    def _take(self) -> tuple[ExitStack, Session]:
        try:
            return self._free.pop()
        except IndexError:
            held = ExitStack()
            return held, held.enter_context(self._make())

    def end_free(self) -> None:
        """Those that nobody has at the moment; whoever needs one then has a new one."""
        while self._free:
            try:
                held, _ = self._free.pop()
            except IndexError:  # another thread was faster
                return
            # One that its server ended while nobody had it failed no work: whose work had failed was told so.
            with suppress(Exception):
                held.close()
