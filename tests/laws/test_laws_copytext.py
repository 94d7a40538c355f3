"""COPY text ↔ frames, against a reference that goes character by character as PostgreSQL's manual says."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool import copytext
from tests.examples import examples

Row = list[str | None]

_LETTERS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\"}
_TRAPS = [
    "",
    " ",
    "  x  ",
    "\\N",
    "\\.",
    "\\",
    "\\\\",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    "#",
    '"',
    '""',
    '"a',
    "\ufeff",
]
_TRAPS += [
    "NULL",
    "null",
    "N",
    ".",
    ",",
    "'",
    "\u2028",
    "\x85",
    "\x1a",
    "é",
    "e\u0301",
    "😀",
    "1e5",
    "nan",
    "0",
]

values = st.none() | st.sampled_from(_TRAPS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
tables = st.integers(1, 4).flatmap(
    lambda width: st.tuples(st.just(width), st.lists(st.lists(values, min_size=width, max_size=width)))
)
brief = examples(100)


def encode_slowly(value: str | None) -> str:
    if value is None:
        return "\\N"
    return "".join(f"\\{_LETTERS[letter]}" if letter in _LETTERS else letter for letter in value)


def decode_slowly(field: str) -> str | None:
    if field == "\\N":
        return None
    meaning = {escaped: plain for plain, escaped in _LETTERS.items()}
    letters = iter(field)
    return "".join(meaning[next(letters)] if letter == "\\" else letter for letter in letters)


def render_slowly(rows: list[Row]) -> bytes:
    return "".join("\t".join(map(encode_slowly, row)) + "\n" for row in rows).encode()


@brief
@given(tables)
def test_a_block_comes_back_byte_for_byte(table: tuple[int, list[Row]]) -> None:
    width, rows = table
    block = render_slowly(rows)
    assert copytext.render_block(copytext.parse_block(block, width)) == block


@brief
@given(tables)
def test_decoded_columns_hold_the_values_that_were_encoded(table: tuple[int, list[Row]]) -> None:
    width, rows = table
    frame = copytext.parse_block(render_slowly(rows), width)
    assert frame.shape == (len(rows), width)
    assert [list(row) for row in zip(*map(copytext.decode, frame.get_columns()), strict=True)] == rows


@brief
@given(st.lists(values))
def test_encoding_is_the_reference_s_and_decoding_undoes_it(column: Row) -> None:
    plain = pl.Series("c", column, dtype=pl.String)
    encoded = copytext.encode(plain)
    assert encoded.fill_null("\\N").to_list() == [encode_slowly(value) for value in column]
    assert copytext.decode(encoded).to_list() == column


@brief
@given(st.lists(st.text("\\nbt.N", max_size=12)))
def test_runs_of_backslashes_are_read_from_the_left(column: list[str]) -> None:
    fields = [encode_slowly(value) for value in column]
    decoded = copytext.decode(pl.Series(fields, dtype=pl.String)).to_list()
    assert decoded == [decode_slowly(field) for field in fields] == column


@brief
@given(st.lists(values, min_size=1))
def test_decoding_leaves_the_frame_it_came_from_as_it_was(column: Row) -> None:
    block = render_slowly([[value, "x"] for value in column])
    frame = copytext.parse_block(block, 2)
    copytext.decode(frame.to_series(0))
    assert copytext.render_block(frame) == block
