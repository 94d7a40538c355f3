"""Laws of arrays and ranges as text: what PostgreSQL prints is cut, read and put together again, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool.masking.array_text import cut_arrays, read_elements, spell_elements
from dbtool.masking.inner_values import ARRAY, mask_within
from dbtool.masking.range_text import cut_ranges, read_bounds, spell_bounds
from dbtool.masking.text_parts import TextParts

Nested = Sequence["Nested"] | str | None
BLANKS = " \t\n\r\v\f"

letters = st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from('"\\{},[]=:' + BLANKS)
elements = (
    st.none()
    | st.sampled_from(["NULL", "null", "nUlL", "", "[a]", "[1:2]={a}", "\\", '"', "{}", "é"])
    | st.text(letters, max_size=8)
)


def print_element(element: str | None) -> str:
    """Letter by letter, as array_out does it."""
    if element is None:
        return "NULL"
    escaped = "".join("\\" + letter if letter in '"\\' else letter for letter in element)
    is_plain = element and element.lower() != "null" and not set(element) & set('"\\{},' + BLANKS)
    return escaped if is_plain else f'"{escaped}"'


def print_array(value: Nested) -> str:
    if value is None or isinstance(value, str):
        return print_element(value)
    return "{" + ",".join(print_array(one) for one in value) + "}"


def flat(value: Nested) -> list[str | None]:
    return (
        [value] if value is None or isinstance(value, str) else [one for part in value for one in flat(part)]
    )


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, list[str | None]]:
    """An array of one to three dimensions, with lower bounds or without: as text, and its elements."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    made: st.SearchStrategy[Nested] = elements
    for size in sizes:
        made = st.lists(made, min_size=size, max_size=size)
    value = draw(st.just([]) | made)
    lower = draw(st.none() | st.integers(-3, 3))
    has_bounds = bool(value) and lower is not None and lower != 1
    bounds = "".join(f"[{lower}:{lower + size - 1}]" for size in reversed(sizes)) if lower is not None else ""
    return (f"{bounds}=" if has_bounds else "") + print_array(value), flat(value)


def texts(values: Sequence[str | None]) -> pl.Series:
    return pl.Series("a", values, dtype=pl.String)


def whole(parts: TextParts) -> list[str | None]:
    return parts.join(parts.spelt).to_list()


@given(st.lists(st.none() | arrays(), max_size=6))
def test_arrays_come_out_as_they_went_in(rows: list[tuple[str, list[str | None]] | None]) -> None:
    printed = [row[0] if row else None for row in rows]
    parts = cut_arrays(texts(printed))
    assert whole(parts) == printed
    found = read_elements(parts.spelt)
    assert found.to_list() == [element for row in rows if row for element in row[1]]
    assert spell_elements(found).to_list() == parts.spelt.to_list()
    assert parts.owners.to_list() == [number for number, row in enumerate(rows) if row for _ in row[1]]


@given(st.lists(st.none() | arrays(), max_size=6), st.lists(elements, min_size=1, max_size=4))
def test_stand_ins_of_any_text_take_the_places_of_elements(
    rows: list[tuple[str, list[str | None]] | None], stand_ins: list[str | None]
) -> None:
    def replaced(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        repeated = [stand_ins[number % len(stand_ins)] for number in range(len(values))]
        return texts(repeated)

    originals = texts([row[0] if row else None for row in rows])
    outputs = mask_within((ARRAY,), replaced, ())(originals, pl.DataFrame())
    before, after = cut_arrays(originals), cut_arrays(outputs)
    assert after.owners.to_list() == before.owners.to_list()
    assert (outputs.is_null() == originals.is_null()).all()
    found = read_elements(after.spelt).to_list()
    assert found == [stand_ins[number % len(stand_ins)] for number in range(len(found))]
    no_values = [one.parts.filter(~one.is_value).to_list() for one in (before, after)]
    assert no_values[0] == no_values[1]


bounds = st.sampled_from(
    ["", "2024-01-01", '"2024-01-01 10:00:00+00"', "infinity", "-infinity", '"0044-03-15 BC"']
)
ranges = st.just("empty") | st.builds(
    "{}{},{}{}".format, st.sampled_from("[("), bounds, bounds, st.sampled_from("])")
)
multiranges = st.lists(ranges.filter(lambda one: one != "empty"), max_size=3).map(
    lambda all_: "{" + ",".join(all_) + "}"
)


@given(st.lists(st.none() | ranges | multiranges, max_size=6))
def test_ranges_come_out_as_they_went_in(printed: list[str | None]) -> None:
    parts = cut_ranges(texts(printed))
    assert whole(parts) == printed
    assert spell_bounds(read_bounds(parts.spelt)).to_list() == parts.spelt.to_list()
    assert not set("".join(read_bounds(parts.spelt).to_list())) & set('"[](),{}')
