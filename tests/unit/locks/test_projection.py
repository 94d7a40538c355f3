"""From seconds on the clone to seconds on the target, and what they mean."""

from __future__ import annotations

import pytest

from dbtool.findings import Severity
from dbtool.locks.modes import LockMode
from dbtool.locks.projection import Task, Work, project, weigh
from dbtool.locks.trace import RelationSize
from tests.unit.locks.traces import EMPTY, LARGE, MEASURED, SMALL

_ORDERS = "public.orders"


@pytest.mark.parametrize(
    ("mode", "seconds", "severity"),
    [
        (LockMode.ACCESS_EXCLUSIVE, 1.01, Severity.ERROR),
        (LockMode.ACCESS_EXCLUSIVE, 1.0, Severity.WARNING),
        (LockMode.ACCESS_EXCLUSIVE, 0.1, Severity.INFO),
        (LockMode.SHARE, 5.01, Severity.ERROR),
        (LockMode.SHARE, 1.01, Severity.WARNING),
        (LockMode.SHARE_ROW_EXCLUSIVE, 0.5, Severity.INFO),
    ],
)
def test_a_lock_that_blocks_reads_weighs_more(mode: LockMode, seconds: float, severity: Severity) -> None:
    assert weigh(mode, seconds) is severity


def test_a_measured_time_grows_as_the_bytes_do() -> None:
    found = project(0.84, [Task(_ORDERS, Work.REWRITE, MEASURED, LARGE)])
    assert found.measured
    assert found.target_s == pytest.approx(42)


def test_a_clone_with_many_short_rows_is_measured_by_rows() -> None:
    clone = RelationSize(10_000, 500_000)
    found = project(0.1, [Task(_ORDERS, Work.SCAN, clone, RelationSize(1_000_000, 50_000_000))])
    assert found.target_s == pytest.approx(10)


def test_the_largest_task_gives_the_measure() -> None:
    small = Task("public.states", Work.SCAN, SMALL, SMALL)
    assert project(0.84, [small, Task(_ORDERS, Work.REWRITE, MEASURED, LARGE)]).target_s == pytest.approx(42)


def test_a_clone_without_data_leaves_an_estimate() -> None:
    found = project(0.001, [Task(_ORDERS, Work.REWRITE, SMALL, LARGE)])
    assert not found.measured
    assert found.target_s == pytest.approx(32)  # heap and indexes at 25 MB/s
    assert "estimated, not measured: the clone held 300 rows" in found.describe()


def test_an_unknown_size_is_a_warning_whatever_the_time() -> None:
    found = project(0.001, [Task(_ORDERS, Work.SCAN, MEASURED, None)])
    assert found.weigh(LockMode.ACCESS_EXCLUSIVE) is Severity.WARNING
    assert "not known" in found.describe()


def test_an_empty_table_is_no_trouble() -> None:
    found = project(0.5, [Task(_ORDERS, Work.REWRITE, MEASURED, EMPTY)])
    assert found.weigh(LockMode.ACCESS_EXCLUSIVE) is Severity.INFO


def test_a_small_table_is_an_info() -> None:
    found = project(0.003, [Task(_ORDERS, Work.REWRITE, SMALL, SMALL)])
    assert found.weigh(LockMode.ACCESS_EXCLUSIVE) is Severity.INFO


def test_a_row_found_by_an_index_takes_no_longer_in_a_large_table() -> None:
    found = project(0.001, [Task(_ORDERS, Work.ROWS, MEASURED, LARGE, rows=1)])
    assert found.target_s == pytest.approx(0.001)


def test_a_row_that_took_a_scan_takes_longer_in_a_large_table() -> None:
    found = project(0.1, [Task(_ORDERS, Work.ROWS, MEASURED, LARGE, rows=1)])
    assert found.target_s == pytest.approx(5)


def test_a_condition_that_met_no_row_is_only_a_bound() -> None:
    found = project(0.001, [Task(_ORDERS, Work.ROWS, EMPTY, LARGE, is_bound=True)])
    assert found.target_s == pytest.approx(500)
    assert found.weigh(LockMode.SHARE) is Severity.WARNING
    assert "at most 8 min" in found.describe()


def test_a_table_that_was_never_analysed_is_counted_by_its_bytes() -> None:
    never = RelationSize(-1, 600_000_000)
    assert Task(_ORDERS, Work.ROWS, EMPTY, never).target_rows == 6_000_000
