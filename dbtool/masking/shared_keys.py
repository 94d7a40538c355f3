"""May a column that refers to a key hold the key's stand-ins, and does it spell its values as the key does?"""

from __future__ import annotations

from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.masking.mask import INTEGER_TYPES

_WIDTH = {"int2": 2, "int4": 4, "int8": 8}
_PLAIN_TEXT = frozenset({"text", "varchar", "bpchar", "name"})
_LONGEST_INTEGER = {"int2": 6, "int4": 11, "int8": 20}  # characters, with the sign


def find_mismatch(own: ColumnType, key: ColumnType) -> str | None:
    """Why ``own`` cannot take the stand-ins made for ``key``; None where it can.

    A mask adapts to the key's type, so a column that holds less would have to get something else.
    """
    if own.is_array or key.is_array or own.kind is not key.kind:
        return None if own == key else f"{own.sql} and {key.sql} are different kinds of type"
    if own.kind is not TypeKind.BASE or own.base == key.base:
        return _compare_same(own, key)
    if own.base in INTEGER_TYPES and key.base in INTEGER_TYPES:
        return (
            None if _WIDTH[own.base] >= _WIDTH[key.base] else f"{own.sql} holds fewer numbers than {key.sql}"
        )
    if own.base in _PLAIN_TEXT and key.base in _PLAIN_TEXT:
        return _compare_rooms(own, room_of(key), key)
    if own.base in _PLAIN_TEXT and key.base in INTEGER_TYPES:
        return _compare_rooms(own, _LONGEST_INTEGER[key.base], key)
    return f"{own.sql} does not spell its values as {key.sql} does"


def _compare_same(own: ColumnType, key: ColumnType) -> str | None:
    if (own.base, own.type_schema) != (key.base, key.type_schema):
        return f"{own.sql} and {key.sql} are different types"
    if own.base == "numeric":
        is_same = (own.precision, own.scale) == (key.precision, key.scale)
        return None if is_same else f"{own.sql} does not spell its values as {key.sql} does"
    return _compare_rooms(own, room_of(key), key)


def room_of(column: ColumnType) -> int | None:
    """Characters a text type holds; None: no limit."""
    return 63 if column.base == "name" else column.length


def _compare_rooms(own: ColumnType, needed: int | None, key: ColumnType) -> str | None:
    room = room_of(own)
    if room is None or (needed is not None and needed <= room):
        return None
    return f"{own.sql} is shorter than what the stand-ins of {key.sql} may need"
