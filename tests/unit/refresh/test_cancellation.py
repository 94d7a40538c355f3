import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from dbtool.errors import Interrupted
from dbtool.refresh.request import Cancellation


def test_nothing_is_ended_unasked() -> None:
    cancellation = Cancellation()
    cancellation.check()
    cancellation.pause(0)
    with cancellation.ending(lambda: pytest.fail("ended")):
        pass


def test_a_request_ends_every_wait_at_work_and_no_other() -> None:
    cancellation, ended = Cancellation(), list[str]()
    with cancellation.ending(lambda: ended.append("over")):
        pass
    with cancellation.ending(lambda: ended.append("one")), cancellation.ending(lambda: ended.append("two")):
        cancellation.request()
    assert ended == ["one", "two"]


def test_after_a_request_nothing_begins() -> None:
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Interrupted):
        cancellation.check()
    with pytest.raises(Interrupted), cancellation.ending(lambda: None):
        pytest.fail("began")
    with pytest.raises(Interrupted):
        cancellation.pause(60)


def test_once_everybody_has_ended_a_run_can_begin_again() -> None:
    cancellation, ended = Cancellation(), list[str]()
    cancellation.request()
    cancellation.renew()
    cancellation.check()
    with cancellation.ending(lambda: ended.append("one")):
        cancellation.request()
    assert ended == ["one"]


def test_a_wait_that_cannot_be_ended_keeps_no_other_from_its_end() -> None:
    cancellation, ended = Cancellation(), list[str]()

    def fail() -> None:
        raise OSError("the server is gone")

    with cancellation.ending(fail), cancellation.ending(lambda: ended.append("two")):
        cancellation.request()
    assert ended == ["two"]


def test_one_function_may_end_several_waits() -> None:
    cancellation, ended = Cancellation(), list[str]()

    def end() -> None:
        ended.append("ended")

    with cancellation.ending(end):
        with cancellation.ending(end):
            pass
        cancellation.request()
    assert ended == ["ended"]


def test_a_signal_may_request_the_end_while_the_end_is_being_requested() -> None:
    """A signal such as the alarm of --max-duration can come at any line of the main thread, within request() as well."""
    cancellation, alarms = Cancellation(), list[str]()

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        alarms.append("alarm")
        if len(alarms) == 1:
            cancellation.request()

    class HitByAlarm(dict[object, Callable[[], None]]):
        def values(self) -> Any:
            signal.raise_signal(signal.SIGUSR1)
            return super().values()

    cancellation._enders = HitByAlarm()  # noqa: SLF001  the one line at which the lock is held
    before = signal.signal(signal.SIGUSR1, on_alarm)
    try:
        cancellation.request()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(alarms) == 2
