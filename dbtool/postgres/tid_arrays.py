"""Rows as ctids, in bulk: numpy ↔ PostgreSQL's binary tid[] and the concatenated output of tidsend().

A tid on the wire is a block of four bytes and an offset of two, both big-endian; a row id is the same number read
from left to right (``block << 16 | offset``). Nothing here is done row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from dbtool.subset.row_set import NO_ROWS, RowIds

TID_BYTES = 6

_TID_OID = 27
_TID_ARRAY_OID = 1010
_PIECE_BYTES = 1_000_000 * TID_BYTES
_OFFSET_BITS = np.uint64(16)
_TID = np.dtype([("block", ">u4"), ("offset", ">u2")])
_ELEMENT = np.dtype([("length", ">i4"), ("block", ">u4"), ("offset", ">u2")])
_NO_DIMENSIONS = np.array([0, 0, _TID_OID], ">i4").tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class TidArray:
    """Row ids to be sent as one parameter."""

    ids: RowIds


class TidArrayDumper(Dumper):
    format = Format.BINARY
    oid = _TID_ARRAY_OID

    def dump(self, obj: TidArray) -> bytes:
        return encode_array(obj.ids)


def encode_array(ids: RowIds) -> bytes:
    """Row ids → tid[] as array_recv reads it: dimensions, no NULLs, the element type, its length, the first subscript."""
    if not len(ids):
        return _NO_DIMENSIONS
    elements = np.empty(len(ids), _ELEMENT)
    elements["length"] = TID_BYTES
    elements["block"] = ids >> _OFFSET_BITS
    elements["offset"] = ids & np.uint64(0xFFFF)
    return np.array([1, 0, _TID_OID, len(ids), 1], ">i4").tobytes() + elements.tobytes()


def decode_tids(sent: bytes | memoryview | None) -> RowIds:
    """What string_agg(tidsend(ctid), '') gave → row ids; None, of no rows, → none."""
    if not sent:
        return NO_ROWS
    tids = np.frombuffer(sent, _TID)
    return join_tids(tids["block"], tids["offset"])


def join_tids(blocks: NDArray[np.uint32], offsets: NDArray[np.uint16]) -> RowIds:
    return (blocks.astype(np.uint64) << _OFFSET_BITS) | offsets.astype(np.uint64)


def decode_pieces(sent: bytes | None) -> Iterator[RowIds]:
    """As ``decode_tids``, a million at a time: what is made of them takes several times the room of what was sent."""
    whole = memoryview(sent or b"")
    for start in range(0, len(whole), _PIECE_BYTES):
        yield decode_tids(whole[start : start + _PIECE_BYTES])


def decode_pairs(sent: bytes | None) -> tuple[RowIds, RowIds]:
    """As ``decode_tids``, of two tids per row."""
    ids = decode_tids(sent)
    return ids[0::2], ids[1::2]
