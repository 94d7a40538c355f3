"""How threads wait for one another: in short steps, so that signals reach the main thread on every system."""

from __future__ import annotations

from concurrent.futures import Future, wait
from typing import TypeVar

POLL_S = 0.2

Result = TypeVar("Result")


def result_of(future: Future[Result]) -> Result:
    """Its result, or what it raised."""
    while not wait([future], timeout=POLL_S).done:
        pass
    return future.result()
