import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbtool.digest import ProjectKey
from dbtool.errors import SnapshotLost, TimeIsUp, VerificationFailed
from dbtool.findings import Finding, Severity
from dbtool.refresh.filling import refuse_unverified
from dbtool.refresh.request import Cancellation, RefreshRequest, Silent
from dbtool.refresh.result import Verification
from dbtool.refresh.run import Run, lift_time_limit, time_limit
from dbtool.refresh.workers import run_workers
from dbtool.rules.model import RuleSet
from dbtool.targets import Target, Tier


class Stages(Silent):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def stage(self, name: str) -> None:
        self.heard.append(name)


def request(
    max_duration_s: float | None = None,
    observer: Silent | None = None,
    cancellation: Cancellation | None = None,
) -> RefreshRequest:
    return RefreshRequest(
        source=Target("production", Tier.PRODUCTION, lambda: ""),
        target=Target("staging", Tier.STAGING, lambda: ""),
        rules=RuleSet({}),
        key=ProjectKey(b"k" * 32),
        state=Path("state"),
        max_duration_s=max_duration_s,
        observer=observer or Silent(),
        now=lambda: datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC),
        cancellation=cancellation or Cancellation(),
    )


def wait_for_the_end(cancellation: Cancellation) -> Callable[[], None]:
    def wait() -> None:
        ended = threading.Event()
        with cancellation.ending(ended.set):
            assert ended.wait(20), "nobody ended it"

    return wait


def test_when_the_time_is_up_the_workers_are_ended_and_the_run_fails() -> None:
    cancellation = Cancellation()
    before = signal.getsignal(signal.SIGALRM)
    with (
        pytest.raises(
            TimeIsUp, match=r"longer than --max-duration \(0\.1 s\); .* live database is as it was"
        ),
        time_limit(request(0.1, cancellation=cancellation)),
    ):
        run_workers([wait_for_the_end(cancellation)] * 2, cancellation)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_within_its_time_leaves_no_alarm() -> None:
    with time_limit(request(60)):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_that_begins_again_has_what_is_left_of_its_time() -> None:
    limited = request(60)
    with time_limit(limited):
        run = Run(limited, started=time.monotonic() - 50)
        lift_time_limit()  # as the clean-up of the first attempt does
        run.begin_again(SnapshotLost("ended"))
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 10


def test_a_run_whose_time_was_over_during_the_clean_up_does_not_begin_again() -> None:
    limited = request(60)

    def begin_late() -> None:
        with time_limit(limited):
            lift_time_limit()
            Run(limited, started=time.monotonic() - 90).begin_again(SnapshotLost("ended"))
            time.sleep(5)

    with pytest.raises(TimeIsUp):
        begin_late()


def test_what_was_found_before_a_run_began_again_is_looked_for_anew() -> None:
    run = Run(request())
    run.remark([Finding("orphans-in-source", Severity.WARNING, "public.a", "3 references lead nowhere", "")])
    for _ in range(2):
        run.begin_again(SnapshotLost("ended"))
    assert [one.check for one in run.remarks] == ["snapshot-lost"]


def test_a_run_without_a_limit_sets_no_alarm() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(request()):
        assert signal.getsignal(signal.SIGALRM) is before


def test_elsewhere_than_in_the_main_thread_no_alarm_can_be_set() -> None:
    seen: list[object] = []

    def enter() -> None:
        with time_limit(request(60)):
            seen.append(signal.getsignal(signal.SIGALRM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGALRM)]


def test_a_run_is_named_by_its_time_in_milliseconds() -> None:
    assert Run(request()).made_at == "20260102030405678"


def test_stages_within_a_stage_are_charged_to_themselves() -> None:
    observer = Stages()
    run = Run(request(observer=observer))
    with run.stage("snapshot"):
        time.sleep(0.02)
        for name in ("stream", "verify"):
            with run.stage(name):
                time.sleep(0.05)
    seconds = dict(run.stages)
    assert observer.heard == ["snapshot", "stream", "verify"]
    assert list(seconds) == ["snapshot", "stream", "verify"]
    assert 0.02 <= seconds["snapshot"] < 0.05 <= min(seconds["stream"], seconds["verify"])


def test_a_stage_that_fails_is_not_counted() -> None:
    run = Run(request())
    with pytest.raises(ZeroDivisionError), run.stage("stream"):
        raise ZeroDivisionError
    assert run.stages == []


def test_errors_of_verification_refuse_the_swap_and_carry_everything() -> None:
    findings = tuple(Finding("c", severity, "w", "m") for severity in Severity)
    with pytest.raises(
        VerificationFailed, match=r"failed with 1 finding; the candidate was dropped"
    ) as failure:
        refuse_unverified(Verification(findings=findings))
    assert failure.value.findings == findings
    with pytest.raises(VerificationFailed, match="with 2 findings;"):
        refuse_unverified(Verification(findings=(*findings, *findings)))
    refuse_unverified(Verification(findings=findings[:2]))
