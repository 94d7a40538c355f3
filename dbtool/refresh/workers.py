"""A few threads that end together: the first failure, or a signal in the main thread, ends the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from dbtool.refresh.request import Cancellation

POLL_S = 0.2

Result = TypeVar("Result")
Item = TypeVar("Item")


def run_workers(tasks: Sequence[Callable[[], Result]], cancellation: Cancellation) -> list[Result]:
    """Run each task in a thread of its own and return their results in order.

    The wait goes in short steps, so that signals reach the main thread; whatever is raised, here or in a task,
    first asks all others to end and waits for them.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(tasks)), thread_name_prefix="dbtool") as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=POLL_S, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
        except BaseException:
            cancellation.request()
            raise
        return [future.result() for future in futures]


def run_shares(
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], jobs: int, cancellation: Cancellation
) -> list[Result]:
    """Deal ``items`` out to ``jobs`` workers, like cards, so that a list sorted by size is shared evenly."""
    shares = [items[start::jobs] for start in range(jobs) if items[start::jobs]]
    return run_workers([lambda share=share: work(share) for share in shares], cancellation)  # type: ignore[misc]
