"""Laws of hstore as text: masked key by key, all else byte for byte."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool.masking.hstore_text import bind_hstore

Hstore = dict[str, str | None]

texts = st.sampled_from(["", "NULL", 'a"=>"b', "a\\", ", ", "é\n", "*"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=6
)
hstores = st.dictionaries(st.sampled_from("abc") | texts, st.none() | texts, max_size=4)
rows = st.lists(st.none() | hstores, max_size=6)


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spell(pairs: Hstore | None) -> str | None:
    """As hstore_out does it, in any order of the keys."""
    if pairs is None:
        return None
    return ", ".join(
        f"{quote(key)}=>{'NULL' if value is None else quote(value)}" for key, value in pairs.items()
    )


def shout(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values + '!"'


def series(rows: list[Hstore | None]) -> pl.Series:
    return pl.Series("h", [spell(row) for row in rows], dtype=pl.String)


def shouted(value: str | None) -> str | None:
    return None if value is None else f'{value}!"'


@given(rows)
def test_what_is_kept_comes_out_as_it_went_in(rows: list[Hstore | None]) -> None:
    values = series(rows)
    assert bind_hstore({}, "keep")(values).to_list() == values.to_list()
    assert bind_hstore({"*": None}, "error")(values).to_list() == values.to_list()


@given(rows)
def test_only_the_named_keys_are_masked(rows: list[Hstore | None]) -> None:
    expected = [
        row and {key: shouted(value) if key == "a" else value for key, value in row.items()} for row in rows
    ]
    assert bind_hstore({"a": shout}, "keep")(series(rows)).to_list() == series(expected).to_list()


@given(rows)
def test_what_no_key_decides_is_dropped_or_falls_to_every_other(rows: list[Hstore | None]) -> None:
    dropped = [row and {key: value for key, value in row.items() if key in {"a", "b"}} for row in rows]
    assert bind_hstore({"a": None, "b": None}, "drop")(series(rows)).to_list() == series(dropped).to_list()
    others = [
        row and {key: value if key == "a" else shouted(value) for key, value in row.items()} for row in rows
    ]
    assert bind_hstore({"a": None, "*": shout}, "error")(series(rows)).to_list() == series(others).to_list()
