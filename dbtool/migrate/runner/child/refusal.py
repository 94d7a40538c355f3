"""What the guard raises, and who may pass it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterator

_passing: ContextVar[bool] = ContextVar("dbtool_passing", default=False)


class Refusal(RuntimeError):
    """What the guard raises. The parent is told of it, whatever env.py makes of it."""


class ConnectsElsewhere(Refusal):
    """A connection that does not lead where it should, or takes a way that cannot be overseen. Nothing was sent."""


@contextmanager
def passing() -> Iterator[None]:
    """What is connected within is our own; the context of asyncio's tasks begun within goes with it."""
    token = _passing.set(True)
    try:
        yield
    finally:
        _passing.reset(token)


def is_passing() -> bool:
    return _passing.get()
