"""One run: its name in time, the seconds of its stages, its limit, and the result it ends in."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from dbtool.errors import SnapshotLost, TimeIsUp
from dbtool.findings import Finding, Severity
from dbtool.postgres.databases import DatabaseEntry
from dbtool.refresh.keys import ChosenRows
from dbtool.refresh.plan import describe_tools
from dbtool.refresh.preflight import Preflight
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import RefreshResult, SequenceSet, Verification
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.refresh.stream import Streamed


@contextmanager
def time_limit(request: RefreshRequest) -> Iterator[None]:
    """End the run after ``max_duration_s``, by the alarm signal: only the main thread can be told so."""
    limit = request.max_duration_s
    if limit is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def time_is_up(_signal: int, _frame: object) -> None:
        request.cancellation.request()
        raise TimeIsUp(
            f"the refresh took longer than --max-duration ({limit:g} s); it was ended and the live database is as it was. "
            "Allow it longer, or refresh when the source is quieter."
        )

    before = signal.signal(signal.SIGALRM, time_is_up)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def lift_time_limit() -> None:
    """Clean-up is not to be cut short by the limit that may have called for it."""
    if threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, 0)


_LOST = "snapshot-lost"


def _resume_time_limit(limit_s: float | None, started: float) -> None:
    """The clean-up before has lifted it. Where no time is left the alarm comes at once."""
    if limit_s is not None and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, max(0.001, started + limit_s - time.monotonic()))


@dataclass
class Run:
    """The clock of one run: its name in time, its stages' seconds. ``swapping`` is the candidate, once its swap begins."""

    request: RefreshRequest
    started: float = field(default_factory=time.monotonic)
    stages: list[tuple[str, float]] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    swapping: DatabaseEntry | None = None
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.request.now()

    def begin_again(self, lost: SnapshotLost) -> None:
        """Everything is read anew, since rows of two moments do not fit together, in what is left of the time."""
        self.request.cancellation.renew()
        _resume_time_limit(self.request.max_duration_s, self.started)
        self.stages[:] = [("begun before", time.monotonic() - self.started)]
        self.remarks = [one for one in self.remarks if one.check == _LOST]
        finding = Finding(
            _LOST,
            Severity.WARNING,
            self.request.source.name,
            f"{lost}; the refresh has begun again",
            "on a standby, raise max_standby_streaming_delay beyond the time a refresh takes, or set hot_standby_feedback",
        )
        self.remark([finding])

    def remark(self, findings: Iterable[Finding]) -> None:
        """Found out while running. What is found twice is said once, as it was the last time."""
        for finding in findings:
            said = (finding.check, finding.where)
            self.remarks = [one for one in self.remarks if (one.check, one.where) != said]
            self.remarks.append(finding)
            self.request.observer.found(finding)

    @property
    def made_at(self) -> str:
        """UTC to the millisecond, digits only: part of database names that people type."""
        return self.began.strftime("%Y%m%d%H%M%S%f")[:-3]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.request.observer.stage(name)
        before, place = time.monotonic(), len(self.stages)
        yield
        # Stages nest (the snapshot is held while others run): each is charged its own time only, in the order they began.
        nested = sum(seconds for _, seconds in self.stages[place:])
        self.stages.insert(place, (name, time.monotonic() - before - nested))

    def result(
        self,
        checked: Preflight,
        snapshot: HeldSnapshot,
        streamed: Streamed,
        sequences: tuple[SequenceSet, ...],
        verification: Verification,
        *,
        rows: ChosenRows | None = None,
    ) -> RefreshResult:
        return RefreshResult(
            source=self.request.source.name,
            target=self.request.target.name,
            status="ok",
            live=checked.target.live_name,
            previous=(),
            made_at=self.made_at,
            snapshot=snapshot.taken,
            tables=streamed.tables,
            verification=verification,
            findings=(*self.remarks, *checked.findings, *(rows.findings if rows else ())),
            sequences=sequences,
            key_id=self.request.key.key_id,
            rules_digest=self.request.rules.digest,
            pools_digest=checked.inputs.pools_digest,
            programs=describe_tools(checked.tools),
            stages=tuple(self.stages),
            seconds=time.monotonic() - self.started,
            subset=rows.plan if rows else None,
        )

    def finished(self, result: RefreshResult, previous: tuple[str, ...]) -> RefreshResult:
        return replace(
            result, previous=previous, stages=tuple(self.stages), seconds=time.monotonic() - self.started
        )
