"""A few threads that end together: the first failure, or a signal in the main thread, ends the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from dbtool.errors import Interrupted
from dbtool.refresh.request import Cancellation
from dbtool.waiting import POLL_S, result_of

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
                _raise_failure(done, cancellation)
        except BaseException:
            cancellation.request()
            raise
        return [future.result() for future in futures]


def _raise_failure(done: Iterable[Future[Result]], cancellation: Cancellation) -> None:
    """What fails while the run is being ended was ended: somebody else knows why."""
    for future in done:
        if error := future.exception():
            cancellation.check()
            raise error


@contextmanager
def meanwhile(work: Callable[[], Result], cancellation: Cancellation) -> Iterator[Callable[[], Result]]:
    """Work in a thread of its own while the context's body runs, which gets its result by calling what is given.

    Should the work fail, the body is ended and the failure is raised in its place. Leaving waits for the work, however
    the body ended: nothing goes on behind a run that is over.
    """

    def end_all(done: Future[Result]) -> None:
        if done.exception():
            cancellation.request()

    with ThreadPoolExecutor(1, thread_name_prefix="dbtool") as pool:
        future = pool.submit(work)
        future.add_done_callback(end_all)
        try:
            yield lambda: result_of(future)
            result_of(future)
        except BaseException as error:
            # What failed first is the one to hear of: the other may know of it as an interruption only.
            failure = future.exception() if future.done() else None
            cancellation.request()
            if failure and not isinstance(failure, Interrupted) and isinstance(error, Exception):
                raise failure from None
            raise


def run_shares(
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], jobs: int, cancellation: Cancellation
) -> list[Result]:
    """Deal ``items`` out to ``jobs`` workers, like cards, so that a list sorted by size is shared evenly."""
    shares = [items[start::jobs] for start in range(jobs) if items[start::jobs]]
    return run_workers([lambda share=share: work(share) for share in shares], cancellation)  # type: ignore[misc]
