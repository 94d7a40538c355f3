"""Does a mask's output fit the column? Decided while binding, never by cutting a value."""

from __future__ import annotations

from dbtool.catalog.relations import TypeKind
from dbtool.masking.mask import TEXT_TYPES, DoesNotFit, MaskContext

PROSE_TYPES = TEXT_TYPES - {"name"}  # name counts bytes, and a locale's words have more of them than letters
INTEGER_RANGES = {
    "int2": range(-(2**15), 2**15),
    "int4": range(-(2**31), 2**31),
    "int8": range(-(2**63), 2**63),
}
_NAME_CHARACTERS = 63  # of type name: NAMEDATALEN less its terminator


class TooLong(DoesNotFit):
    """What it makes could be longer than the column: other masks may be shorter."""


def check_type(mask: str, context: MaskContext, types: frozenset[str]) -> None:
    column = context.type
    if column.is_array:
        raise DoesNotFit(f"{mask} masks single values and the column is {column.sql}", "null, or constant")
    if column.kind is TypeKind.BASE and column.base in types:
        return
    raise DoesNotFit(
        f"{mask} serves {', '.join(sorted(types))} and the column is {column.sql}", "null, or constant"
    )


def get_room(context: MaskContext) -> int | None:
    """Characters that the column holds; None where there is no limit."""
    if context.type.base in {"varchar", "bpchar"}:
        return context.type.length
    return _NAME_CHARACTERS if context.type.base == "name" else None


def check_length(mask: str, longest: int, context: MaskContext, alternative: str) -> None:
    room = get_room(context)
    if room is not None and longest > room:
        raise TooLong(
            f"{mask} makes texts of up to {longest} characters and {context.type.sql} holds {room}",
            alternative,
        )
