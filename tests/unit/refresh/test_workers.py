import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from dbtool.errors import Interrupted, ServerFailed, TimeIsUp
from dbtool.refresh.request import Cancellation
from dbtool.refresh.workers import meanwhile, run_shares, run_workers


def wait_for_the_end(cancellation: Cancellation) -> None:
    """Wait as a COPY does: outside of Python's reach, until somebody ends it."""
    ended = threading.Event()
    with cancellation.ending(ended.set):
        assert ended.wait(20), "nobody ended it"
    cancellation.check()


def test_results_come_in_the_order_of_the_tasks() -> None:
    def work_slowly() -> str:
        time.sleep(0.05)
        return "slow"

    assert run_workers([work_slowly, lambda: "quick"], Cancellation()) == ["slow", "quick"]


def test_without_tasks_there_is_nothing_to_wait_for() -> None:
    assert run_workers([], Cancellation()) == []


def test_tasks_run_side_by_side() -> None:
    barrier = threading.Barrier(3, timeout=20)
    assert len(run_workers([barrier.wait] * 3, Cancellation())) == 3


def test_the_first_failure_ends_the_others_and_is_the_one_raised() -> None:
    cancellation = Cancellation()

    def fail() -> None:
        time.sleep(0.05)
        raise ZeroDivisionError

    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        run_workers(
            [lambda: wait_for_the_end(cancellation), fail, lambda: wait_for_the_end(cancellation)],
            cancellation,
        )
    assert time.monotonic() - began < 5


def test_no_worker_outlives_a_failure() -> None:
    cancellation, left = Cancellation(), list[str]()

    def linger() -> None:
        try:
            wait_for_the_end(cancellation)
        finally:
            time.sleep(0.1)
            left.append("left")

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_workers([linger, fail], cancellation)
    assert left == ["left"]


def test_a_request_from_outside_ends_all() -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.1, cancellation.request)
    timer.start()
    with pytest.raises(Interrupted):
        run_workers([lambda: wait_for_the_end(cancellation)] * 2, cancellation)
    timer.join()


def test_a_signal_in_the_main_thread_ends_all_at_once() -> None:
    cancellation = Cancellation()

    def on_signal(_number: int, _frame: object) -> None:
        raise Interrupted("by the test", signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, on_signal)
    timer = threading.Timer(
        0.1, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
    )
    began = time.monotonic()
    try:
        timer.start()
        with pytest.raises(Interrupted, match="by the test"):
            run_workers([lambda: wait_for_the_end(cancellation)] * 2, cancellation)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - began < 5


def test_items_are_dealt_out_like_cards() -> None:
    assert run_shares(list, [9, 8, 7, 6, 5], 2, Cancellation()) == [[9, 7, 5], [8, 6]]


def test_there_are_no_more_workers_than_items() -> None:
    assert run_shares(list, [1, 2], 8, Cancellation()) == [[1], [2]]
    assert run_shares(list, [], 8, Cancellation()) == []


def test_what_is_done_meanwhile_gives_its_result_when_it_is_asked_for() -> None:
    begun = threading.Event()

    def work() -> str:
        begun.set()
        return "done"

    with meanwhile(work, Cancellation()) as result:
        assert begun.wait(10), "it waits for the body"
        assert result() == result() == "done"


def test_the_body_s_end_waits_for_what_is_done_meanwhile() -> None:
    ended = []

    def work() -> None:
        time.sleep(0.1)
        ended.append(True)

    with meanwhile(work, Cancellation()):
        pass
    assert ended


def test_a_failure_meanwhile_ends_the_body_and_is_what_is_raised() -> None:
    cancellation = Cancellation()

    def fail() -> None:
        raise ServerFailed("the disk is full")

    with pytest.raises(ServerFailed, match="the disk is full"), meanwhile(fail, cancellation):
        wait_for_the_end(cancellation)


def test_a_failure_meanwhile_that_nobody_asked_about_is_raised_in_the_end() -> None:
    def fail() -> None:
        raise ServerFailed("the disk is full")

    with pytest.raises(ServerFailed, match="the disk is full"), meanwhile(fail, Cancellation()):
        pass


def test_a_failure_of_the_body_ends_what_is_done_meanwhile_and_is_raised() -> None:
    cancellation = Cancellation()
    with (
        pytest.raises(ZeroDivisionError),
        meanwhile(lambda: wait_for_the_end(cancellation), cancellation),
    ):
        1 / 0  # noqa: B018  any failure of the body


def test_why_the_body_ended_is_told_also_when_what_is_done_meanwhile_ends_before_it() -> None:
    """As when the time is up while the body's own workers are waited for."""
    cancellation = Cancellation()

    def run_out_of_time() -> None:
        with meanwhile(lambda: wait_for_the_end(cancellation), cancellation) as result:
            cancellation.request()
            with suppress(Interrupted):
                result()
            raise TimeIsUp("the time is up")

    with pytest.raises(TimeIsUp):
        run_out_of_time()


def test_a_task_that_fails_of_being_ended_is_not_what_is_told() -> None:
    """As a COPY whose statement was cancelled, of which the server tells as of any failure."""
    cancellation = Cancellation()

    def copy() -> None:
        try:
            wait_for_the_end(cancellation)
        except Interrupted:
            raise ServerFailed("canceling statement due to user request") from None

    timer = threading.Timer(0.1, cancellation.request)
    timer.start()
    with pytest.raises(Interrupted):
        run_workers([copy], cancellation)
    timer.join()


def _interrupt_while(wait: Callable[[], None]) -> None:
    threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
    wait()


def test_a_signal_ends_both() -> None:
    cancellation = Cancellation()
    with (
        pytest.raises(KeyboardInterrupt),
        meanwhile(lambda: wait_for_the_end(cancellation), cancellation) as result,
    ):
        _interrupt_while(result)
