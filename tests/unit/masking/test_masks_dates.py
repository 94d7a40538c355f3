"""Dates: every date PostgreSQL has, moved but valid, and one shift for what shares it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from dbtool.masking.dates import civil_from_days, days_from_civil, read_days

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


_FIRST_DAY, _LAST_DAY = -2440588, 2145042905


def test_the_calendar_is_the_standard_librarys() -> None:
    days = np.arange(-719162, 2932897, 11)
    year, month, day = civil_from_days(days)
    epoch = date(1970, 1, 1).toordinal()
    for position in range(0, len(days), 1000):
        found = date.fromordinal(int(days[position]) + epoch)
        assert (year[position], month[position], day[position]) == (found.year, found.month, found.day)
    assert np.array_equal(days_from_civil(year, month, day), days)


def test_days_before_christ_and_after_9999_are_read() -> None:
    read = read_days(
        pl.Series(["0001-01-01", "0001-12-31 BC", "4714-11-24 BC", "10000-01-01", "5874897-12-31"])
    )
    assert read.to_list() == [-719162, -719163, -2440588, 2932897, 2145042905]


@pytest.mark.parametrize(
    "text", ["infinity", "-infinity", "2023-02-29", "2023-13-01", "0000-01-01x", "soon", ""]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_days(pl.Series([text])).to_list() == [None]


def days_between(one: str, other: str) -> int:
    days = read_days(pl.Series([one, other]))
    return int(days[1] - days[0])


@pytest.mark.parametrize(
    "value",
    [
        "2024-02-29",
        "2024-02-29 23:59:59.999999+05:30",
        "1999-12-31 24:00:00",
        "0001-01-01",
        "0001-01-05 BC",
        "0044-03-15 12:00:00 BC",
        "9999-12-31",
        "12024-06-01 00:00:00+00",
    ],
)
def test_a_date_moves_by_some_days_and_keeps_all_else(mask_values: MaskValues, value: str) -> None:
    moved = mask_values("shift_date", [value], "timestamptz", {"days": 10})[0]
    assert 1 <= abs(days_between(value, moved)) <= 10
    time_of_day = value.removesuffix(" BC").partition(" ")[2]
    assert moved.removesuffix(" BC").partition(" ")[2] == time_of_day


def test_every_shift_occurs_but_none(mask_values: MaskValues) -> None:
    values = [str(date.fromordinal(700_000 + row)) for row in range(4000)]
    moved = mask_values("shift_date", values, "date", {"days": 3})
    shifts = {days_between(*pair) for pair in zip(values, moved, strict=True)}
    assert shifts == {-3, -2, -1, 1, 2, 3}


@pytest.mark.parametrize(
    ("base", "value"),
    [("date", "4714-11-24 BC"), ("date", "5874897-12-31"), ("timestamp", "294276-12-31 23:59:59.999999")],
)
def test_the_first_and_the_last_day_stay_within_the_type(
    mask_values: MaskValues, base: str, value: str
) -> None:
    towards = 1 if value.endswith("BC") else -1
    days = [[str(row)] for row in range(40)]
    moved = [mask_values("shift_date", [value], base, {"days": 30}, {"id": key})[0] for key in days]
    assert {days_between(value, output) * towards > 0 for output in moved} == {True}


def test_infinity_and_null_stay(mask_values: MaskValues) -> None:
    values = ["infinity", "-infinity", None, "2024-01-01"]
    for mask in ("shift_date", "birth_date"):
        assert mask_values(mask, values, "date")[:3] == values[:3]


def test_dates_of_one_row_move_together(mask_values: MaskValues) -> None:
    starts = [str(date(2024, 1, 1 + row % 28)) for row in range(300)]
    ends = [str(date(2024, 3, 1 + row % 31)) for row in range(300)]
    by = {"id": [str(row) for row in range(300)]}
    moved_starts = mask_values("shift_date", starts, "date", {"days": 30}, by)
    moved_ends = mask_values("shift_date", ends, "timestamp", {"days": 30}, by)
    for start, end, moved_start, moved_end in zip(starts, ends, moved_starts, moved_ends, strict=True):
        assert days_between(start, end) == days_between(moved_start, moved_end)
    shifts = {days_between(*pair) for pair in zip(starts, moved_starts, strict=True)}
    assert len(shifts) > 50


def test_two_columns_to_go_by_count_together(mask_values: MaskValues) -> None:
    def shift(one: str | None, other: str | None) -> int:
        by = {"a": [one], "b": [other]}
        return days_between(
            "2024-01-01", mask_values("shift_date", ["2024-01-01"], "date", {"days": 30000}, by)[0]
        )

    assert shift("1", "23") != shift("12", "3")
    assert shift("1", "23") == shift("1", "23")


def test_where_nothing_to_go_by_is_known_the_date_is_its_own_key(mask_values: MaskValues) -> None:
    with_null = mask_values("shift_date", ["2024-01-01"], "date", {}, {"id": [None]})
    assert with_null == mask_values("shift_date", ["2024-01-01"], "date")


def test_a_birthday_stays_in_its_year_and_is_never_the_same(mask_values: MaskValues) -> None:
    values = [f"{1940 + row % 80}-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(4000)] + [
        "2000-02-29"
    ]
    outputs = mask_values("birth_date", values, "date")
    assert [output[:4] for output in outputs] == [value[:4] for value in values]
    assert all(output != value for output, value in zip(outputs, values, strict=True))
    assert len({output[5:] for output in outputs}) > 350


def test_a_birthday_may_move_by_years(mask_values: MaskValues) -> None:
    outputs = mask_values(
        "birth_date", [f"1980-01-{1 + row % 31:02}" for row in range(31)], "date", {"years": 2}
    )
    assert {int(output[:4]) for output in outputs} <= {1978, 1979, 1980, 1981, 1982}
    assert len({output[:4] for output in outputs}) > 2


@pytest.mark.parametrize("mask", ["birth_date", "shift_date"])
def test_no_date_leaves_what_the_server_holds(mask: str, mask_values: MaskValues) -> None:
    """Of the first year there are six weeks."""
    first = [f"4714-11-{day} BC" for day in range(24, 31)] + [f"4714-12-{day:02} BC" for day in range(1, 32)]
    last = [f"5874897-12-{day:02}" for day in range(1, 32)]
    for value, output in zip(first + last, mask_values(mask, first + last, "date"), strict=True):
        day = read_days(pl.Series([output])).item()
        assert _FIRST_DAY <= day <= _LAST_DAY
        assert output != value


def test_a_text_that_is_no_date_is_redacted(mask_values: MaskValues) -> None:
    values = ["born in May", "31.12.1999", "2023-02-30", "2024-01-01T10:00:00Z", ""]
    outputs = mask_values("shift_date", values, "text")
    assert outputs[:3] == ["xxxx xx Xxx", "00.00.0000", "0000-00-00"]
    assert outputs[3].endswith("T10:00:00Z")
    assert outputs[4] == ""


@pytest.mark.parametrize(
    "text", ["2024-02-29 Ada", "2024-02-29 10:00 Ada", "2024-02-29T10:00:00Z ada@x.org", "12024-01-01 Ada"]
)
def test_a_text_that_goes_on_behind_its_date_is_no_date(text: str) -> None:
    """A mask of dates blanks what is none; the rest of such a text would have stayed as it is."""
    assert read_days(pl.Series([text])).to_list() == [None]
