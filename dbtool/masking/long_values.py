"""Values of mebibytes: taken out of a block before it is parsed, and read a window at a time. Pure.

A frame holds such a value once more, and so does every step that a search takes over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONG_BYTES = 1 << 20  # of a value as it is
# COPY's escapes make a field at most twice as long as its value, so that these are long for certain.
_LONG_FIELD_BYTES = 2 * LONG_BYTES
_ORDINARY_BLOCK_BYTES = 6 << 20  # a larger one has a line that is: blocks are of 4 MB and a line
_WINDOW_BYTES = 1 << 20
_OVERLAP_BYTES = 1 << 16  # what is searched for and no longer than half of it is whole in some window
_LEADING_BITS, _WITHIN_A_CHARACTER = 0b1100_0000, 0b1000_0000  # of a byte of UTF-8


@dataclass(frozen=True, slots=True)
class LongField:
    """Bytes ``start`` up to, not including, ``end`` of a block: the field of a ``row`` and a ``column``, counted from 0."""

    row: int
    column: int
    start: int
    end: int


def find_long_fields(block: bytes) -> list[LongField]:
    """In their order. Blocks of usual size are not looked at: what they hold is parsed with little memory."""
    if len(block) <= _ORDINARY_BLOCK_BYTES:
        return []
    return [
        LongField(row, column, start, end)
        for row, (line, line_end) in enumerate(_pieces(block, b"\n", 0, len(block)))
        if line_end - line > _LONG_FIELD_BYTES
        for column, (start, end) in enumerate(_pieces(block, b"\t", line, line_end))
        if end - start > _LONG_FIELD_BYTES
    ]


def _pieces(block: bytes, separator: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while (found := block.find(separator, start, end)) >= 0:
        yield start, found
        start = found + 1
    yield start, end


def without_fields(block: bytes, fields: Sequence[LongField]) -> bytes:
    """The block with empty texts in their places."""
    edges = [0, *(edge for field in fields for edge in (field.start, field.end)), len(block)]
    with memoryview(block) as view:
        return b"".join(view[start:end] for start, end in list(pairwise(edges))[::2])


def with_fields(rendered: bytes, fields: Sequence[LongField], block: bytes) -> bytes:
    """The inverse for a block of the same rows and columns, whatever the other fields have become."""
    by_place = {(field.row, field.column): field for field in fields}
    rows = {field.row for field in fields}
    pieces: list[bytes | memoryview] = []
    done = 0
    for row, (line, line_end) in enumerate(_pieces(rendered, b"\n", 0, len(rendered))):
        if row not in rows:
            continue
        for column, (start, end) in enumerate(_pieces(rendered, b"\t", line, line_end)):
            if found := by_place.get((row, column)):
                pieces += [rendered[done:start], memoryview(block)[found.start : found.end]]
                done = end
    return b"".join([*pieces, rendered[done:]])


def read_windows(data: bytes, start: int, end: int) -> Iterator[str]:
    """Overlapping pieces of a text in UTF-8, or of a field in COPY's escapes, neither of which are cut in two."""
    while True:
        stop = _cut(data, start + _WINDOW_BYTES, end)
        yield _read(data, start, stop)
        if stop >= end:
            return
        start = _cut(data, stop - _OVERLAP_BYTES, end)


def read_pieces(data: bytes, field: LongField) -> Iterator[str]:
    """All of a field, in COPY's escapes, one piece after the other."""
    at = field.start
    while at < field.end:
        stop = at + _WINDOW_BYTES
        stop = field.end if stop >= field.end else _between_characters(data, stop)
        yield _read(data, at, stop)
        at = stop


def read_ends(data: bytes, start: int, end: int) -> tuple[str, str]:
    """The first and the last window of a long one."""
    last = max(_cut(data, end - _WINDOW_BYTES, end), start)
    return _read(data, start, _cut(data, start + _WINDOW_BYTES, end)), _read(data, last, end)


def _read(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode(errors="replace")  # the server has seen to it that it is UTF-8


def _cut(data: bytes, at: int, end: int) -> int:
    """Before a blank where there is one, so that no word is cut."""
    if at >= end:
        return end
    blank = data.rfind(b" ", at - _OVERLAP_BYTES // 2, at)
    return blank if blank >= 0 else _between_characters(data, at)


def _between_characters(data: bytes, at: int) -> int:
    while data[at] & _LEADING_BITS == _WITHIN_A_CHARACTER:
        at -= 1
    before = data[max(0, at - _OVERLAP_BYTES) : at]
    backslashes = len(before) - len(before.rstrip(b"\\"))
    return at - backslashes % 2
