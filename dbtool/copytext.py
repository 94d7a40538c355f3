"""COPY text blocks ↔ Polars frames, byte-exact; pure.

A block is whole lines of COPY's text format. It becomes a frame of strings still in COPY's escapes, so columns
that no mask touches pass as they came. Only masked columns are decoded and encoded again.

Two traps of the CSV reader are met here: a block that begins with a UTF-8 byte order mark would lose it (one
more in front mends that), and in a relation of one column an empty line is an empty string, not nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import polars as pl

from dbtool.errors import ServerFailed

_BOM = b"\xef\xbb\xbf"
# COPY FROM accepts octal and hexadecimal escapes, too; COPY TO never writes them. All are two characters long and
# only one's second is a backslash, so that a scan from the left reads a run of backslashes rightly.
_PLAIN = ["\\", "\b", "\f", "\n", "\r", "\t", "\v"]
_ESCAPED = ["\\\\", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v"]
_NEEDS_ENCODING = r"[\x08-\x0d\\]"
_LONG = 1 << 20  # bytes of one text
_UNTRANSLATABLE = "22021"  # PostgreSQL's own code for a character that an encoding does not have


def column_names(count: int) -> list[str]:
    return [f"c{index}" for index in range(count)]


def parse_block(block: bytes, columns: int, of: str = "the stream") -> pl.DataFrame:
    """A block of whole lines → a frame of ``columns`` String columns c0, c1 …, NULL as null, escapes untouched.

    ``of`` names in messages what is read. A line with too few fields, which COPY never writes, goes unnoticed.

    :raises ServerFailed: the block ends within a line, has more fields than columns, or is not UTF-8.
    """
    if block and not block.endswith(b"\n"):
        raise ServerFailed(f"the COPY stream of {of} ended within a row; the server or the connection failed")
    try:
        return _parse_lines(block) if columns == 1 else _parse_fields(block, column_names(columns))
    except UnicodeDecodeError:
        raise _not_utf8(of) from None
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error):
            raise _not_utf8(of) from None
        raise ServerFailed(
            f"the COPY stream of {of} has a row of other than {columns} fields", "22P04"
        ) from None


def _not_utf8(of: str) -> ServerFailed:
    return ServerFailed(
        f"{of} holds text that is not UTF-8 (as a database in SQL_ASCII may): it cannot be masked or searched; "
        "repair the text in the source",
        _UNTRANSLATABLE,
    )


def _parse_fields(block: bytes, names: list[str]) -> pl.DataFrame:
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


def _parse_lines(block: bytes) -> pl.DataFrame:
    (name,) = column_names(1)
    if not block:
        return pl.DataFrame(schema={name: pl.String})
    lines = pl.Series(name, [block.removesuffix(b"\n").decode()]).str.split("\n").explode()
    return lines.to_frame().select(pl.when(pl.col(name) != "\\N").then(pl.col(name)))


def render_block(frame: pl.DataFrame) -> bytes:
    """The inverse of parse_block."""
    if frame.width == 1:
        lines = frame.to_series().fill_null("\\N")
        return (lines.str.join("\n").item() + "\n").encode() if frame.height else b""
    buffer = io.BytesIO()
    frame.write_csv(buffer, separator="\t", include_header=False, quote_style="never", null_value="\\N")
    return buffer.getvalue()


def decode(column: pl.Series) -> pl.Series:
    """Undo COPY's escapes."""
    if not column.str.contains("\\", literal=True).any():
        return column
    return column.str.replace_many(_ESCAPED, _PLAIN)


def decode_pieces(pieces: Iterable[str]) -> str:
    """Undo them in one text that comes in pieces, none of which ends within an escape."""
    return "".join(decode(pl.Series([piece])).item() for piece in pieces)


def encode(column: pl.Series) -> pl.Series:
    """Apply COPY's escapes."""
    if not column.str.contains(_NEEDS_ENCODING).any():
        return column
    if (column.str.len_bytes() > _LONG).any():
        return pl.Series(column.name, [text and _encode_long(text) for text in column], dtype=pl.String)
    return column.str.replace_many(_PLAIN, _ESCAPED)


def _encode_long(text: str) -> str:
    """Piece by piece: all at once takes several times the memory."""
    cuts = range(0, len(text), _LONG)
    return "".join(
        pl.Series([text[at : at + _LONG]]).str.replace_many(_PLAIN, _ESCAPED).item() for at in cuts
    )
