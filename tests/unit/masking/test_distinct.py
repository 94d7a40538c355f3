"""A value is worked on once where values repeat, and what nobody is in is not worked on at all."""

from __future__ import annotations

import polars as pl

from dbtool.masking.distinct import per_value

NO_COLUMNS = pl.DataFrame()


def masked_and_seen(values: list[str | None]) -> tuple[list[str | None], list[str]]:
    seen: list[str] = []

    def shout(some: pl.Series) -> pl.Series:
        seen.extend(some.to_list())
        return some.str.to_uppercase()

    column = pl.Series("v", values, dtype=pl.String)
    outputs = per_value(shout)(column, NO_COLUMNS)
    assert column.to_list() == values
    assert outputs.name == "v"
    return outputs.to_list(), seen


def test_null_and_empty_texts_are_neither_shown_nor_changed() -> None:
    assert masked_and_seen(["a", None, "", "b"]) == (["A", None, "", "B"], ["a", "b"])
    assert masked_and_seen([None, ""]) == ([None, ""], [])
    assert masked_and_seen([]) == ([], [])


def test_values_that_repeat_are_shown_once_and_keep_their_rows() -> None:
    values: list[str | None] = [None if row % 7 == 0 else f"v{row % 100}" for row in range(10_000)]
    outputs, seen = masked_and_seen(values)
    assert outputs == [None if value is None else value.upper() for value in values]
    assert sorted(seen) == sorted({value for value in values if value})


def test_values_that_hardly_repeat_are_shown_as_they_come() -> None:
    values: list[str | None] = [f"v{row}" for row in range(10_000)]
    assert masked_and_seen(values)[1] == values
