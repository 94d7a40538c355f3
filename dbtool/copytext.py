"""COPY text blocks ↔ Polars frames, byte-exact; pure.

A block is whole lines of COPY's text format. It becomes a frame of strings still in COPY's escapes, so columns
that no mask touches pass as they came. Only masked columns are decoded and encoded again.

Two traps of the CSV reader are met here: a block that begins with a UTF-8 byte order mark would lose it (one
more in front mends that), and in a relation of one column an empty line is an empty string, not nothing.
"""

from __future__ import annotations

import io
import re

import polars as pl

_BOM = b"\xef\xbb\xbf"
# Octal and hexadecimal escapes are accepted by COPY FROM but never written by COPY TO.
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\([bfnrtv\\])")
# Backslash first: the others bring backslashes in.
_ENCODINGS = (
    ("\\", "\\\\"),
    ("\b", "\\b"),
    ("\f", "\\f"),
    ("\n", "\\n"),
    ("\r", "\\r"),
    ("\t", "\\t"),
    ("\v", "\\v"),
)
_NEEDS_ENCODING = r"[\x08-\x0d\\]"


def column_names(count: int) -> list[str]:
    return [f"c{index}" for index in range(count)]


def parse_block(block: bytes, columns: int) -> pl.DataFrame:
    """A block of whole lines → a frame of ``columns`` String columns c0, c1 …, NULL as null, escapes untouched.

    Raises polars.exceptions.PolarsError where a line has another number of fields: never a value in its text.
    """
    names = column_names(columns)
    if columns == 1:
        return _parse_lines(block, names[0])
    if block.startswith(_BOM):
        block = _BOM + block
    return pl.read_csv(
        block,
        separator="\t",
        has_header=False,
        new_columns=names,
        schema=dict.fromkeys(names, pl.String),
        quote_char=None,
        null_values="\\N",
        empty_string_is_null=False,
        infer_schema=False,
        raise_if_empty=False,
    )


def _parse_lines(block: bytes, name: str) -> pl.DataFrame:
    lines = block.decode().split("\n")[:-1]
    return pl.DataFrame({name: [None if line == "\\N" else line for line in lines]}, schema={name: pl.String})


def render_block(frame: pl.DataFrame) -> bytes:
    """The inverse of parse_block."""
    if frame.width == 1:
        lines = frame.to_series().fill_null("\\N")
        return ("\n".join(lines.to_list()) + "\n").encode() if frame.height else b""
    buffer = io.BytesIO()
    frame.write_csv(buffer, separator="\t", include_header=False, quote_style="never", null_value="\\N")
    return buffer.getvalue()


def decode(column: pl.Series) -> pl.Series:
    """Undo COPY's escapes."""
    escaped = column.str.contains("\\", literal=True).fill_null(value=False)
    if not escaped.any():
        return column
    # Few values have escapes; a scan from the left in Python is the one way to read "\\\\n" rightly.
    decoded = pl.Series(
        [_ESCAPE.sub(lambda match: _ESCAPES[match.group(1)], text) for text in column.filter(escaped)],
        dtype=pl.String,
    )
    return column.clone().scatter(escaped.arg_true(), decoded)


def encode(column: pl.Series) -> pl.Series:
    """Apply COPY's escapes."""
    if not column.str.contains(_NEEDS_ENCODING).any():
        return column
    for plain, escaped in _ENCODINGS:
        column = column.str.replace_all(plain, escaped, literal=True)
    return column
