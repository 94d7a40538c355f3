"""A value with nothing in it, where NULL would not do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from dbtool.catalog.relations import TypeKind
from dbtool.masking.mask import (
    ANY_TYPE,
    TEXT_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking

_JSON = {"object": "{}", "array": "[]"}
_BY_BASE: Mapping[str, str] = {
    **dict.fromkeys((*TEXT_TYPES, "hstore", "tsvector", "varbit", "xml"), ""),
    "bytea": "\\x",
}
_BY_KIND: Mapping[TypeKind, str] = {TypeKind.RANGE: "empty", TypeKind.MULTIRANGE: "{}"}


class EmptyOptions(Options):
    json_as: Literal["object", "array"] = Field("object", description="what a document becomes: {} or []")


def _spell(options: EmptyOptions, context: MaskContext) -> str:
    column = context.type
    if column.is_array:
        return "{}"
    if column.base in {"json", "jsonb"}:
        return _JSON[options.json_as]
    found = _BY_BASE.get(column.base) if column.kind is TypeKind.BASE else _BY_KIND.get(column.kind)
    if found is None:
        raise DoesNotFit(f"the column is {column.sql}, which has no empty value", "null, or constant")
    return found


def _bind(options: EmptyOptions, context: MaskContext) -> BoundMask:
    spelt = _spell(options, context)

    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        same = pl.Series(values.name, [spelt], dtype=pl.String).new_from_index(0, len(values))
        return same.zip_with(values.is_not_null(), values)

    return masked


MASK = Mask(
    name="empty",
    summary="An empty text, array, document, range or file, whatever the type has; NULL stays NULL. The original never "
    "leaves the source.",
    types=ANY_TYPE,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.NOT_READ,
    space=Space.RESERVED,
    bind=taking(EmptyOptions, _bind),
    example=Example("settings: {mask: empty}", "jsonb", ('{"theme": "dark"}', None)),
    options=EmptyOptions,
    capacity=lambda _options, _context: 1,
)
