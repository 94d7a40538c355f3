"""Numbers and lists in the sentences of findings."""

from __future__ import annotations

import pytest

from dbtool.locks.trace import RelationSize
from dbtool.locks.wording import spell_bytes, spell_list, spell_seconds, spell_size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "under 1 ms"),
        (0.0021, "2 ms"),
        (0.84, "0.84 s"),
        (4.25, "4.2 s"),
        (42, "42 s"),
        (800, "13 min"),
    ],
)
def test_seconds_are_spelt_to_two_figures(seconds: float, text: str) -> None:
    assert spell_seconds(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (12_000_000, "12 MB"), (1.2e9, "1.2 GB"), (3e12, "3 TB")]
)
def test_bytes_are_spelt_to_three_figures(size: float, text: str) -> None:
    assert spell_bytes(size) == text


def test_a_long_list_is_cut() -> None:
    assert spell_list(["a"]) == "a"
    assert spell_list(["a", "b", "c", "d"]) == "a, b, c and d"
    assert spell_list([f"p{number}" for number in range(24)]) == "p0, p1, p2 and 21 more"


def test_a_size_says_how_busy_the_relation_is_where_that_is_known() -> None:
    assert spell_size([RelationSize(1, 100)]) == "1 row, 100 bytes"
    busy = RelationSize(5_000_000, 600_000_000, scans_per_s=12.4, writes_per_s=0.31)
    assert spell_size([busy]) == "5,000,000 rows, 600 MB, 12 scans and 0.31 writes per second"
