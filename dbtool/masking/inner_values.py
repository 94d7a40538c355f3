"""Columns whose values hold values: what a mask gets of an array or a range, and how its stand-ins are put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.masking.array_text import cut_arrays, read_elements, spell_elements
from dbtool.masking.mask import BoundMask, Mask
from dbtool.masking.range_text import cut_ranges, read_bounds, spell_bounds
from dbtool.masking.row_key import join_keys
from dbtool.masking.text_parts import Cut

MOVED_BY = "moved by"  # the one column that the bounds of a range are keyed by
_BOUNDS = {
    "daterange": "date",
    "datemultirange": "date",
    "tsrange": "timestamp",
    "tsmultirange": "timestamp",
    "tstzrange": "timestamptz",
    "tstzmultirange": "timestamptz",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of text that holds values. ``as_one``: all that one text holds is keyed alike."""

    cut: Cut
    read: Callable[[pl.Series], pl.Series]
    spell: Callable[[pl.Series], pl.Series]
    as_one: bool = False


ARRAY = Layer(cut_arrays, read_elements, spell_elements)
RANGE = Layer(cut_ranges, read_bounds, spell_bounds, as_one=True)


def find_layers(column: ColumnType, mask: Mask, *, each: bool) -> tuple[Layer, ...]:
    """What has to be opened, from the outside in, to get at the values that the mask is for."""
    layers = (ARRAY,) if each and column.is_array else ()
    is_open = column.is_array == each
    return (*layers, RANGE) if is_open and mask.keeps_order and has_moving_bounds(column) else layers


def has_moving_bounds(column: ColumnType) -> bool:
    return (
        column.kind in {TypeKind.RANGE, TypeKind.MULTIRANGE}
        and column.type_schema == "pg_catalog"
        and column.base in _BOUNDS
    )


def inner_type(column: ColumnType, mask: Mask, *, each: bool) -> ColumnType:
    """The type of the values that the mask gets: the column's own where there are no layers."""
    for layer in find_layers(column, mask, each=each):
        if layer is ARRAY:
            column = replace(column, is_array=False, sql=column.sql.removesuffix("[]"))
        else:
            bound = _BOUNDS[column.base]
            column = ColumnType(bound, bound)
    return column


def mask_within(layers: tuple[Layer, ...], bound: BoundMask, by: tuple[str, ...]) -> BoundMask:
    """``bound`` for the values within the layers; ``by`` are the columns that the rule names."""
    for layer in reversed(layers):
        bound = _mask_within_one(layer, bound, by)
    return bound


def _mask_within_one(layer: Layer, bound: BoundMask, by_names: tuple[str, ...]) -> BoundMask:
    def masked(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        parts = layer.cut(values)
        inner = layer.read(parts.spelt)
        if inner.is_empty():
            return values
        keys = _keys_as_one(values, by, by_names) if layer.as_one else by
        stand_ins = bound(inner, keys[parts.owners] if keys.width else keys)
        return parts.join(layer.spell(stand_ins))

    return masked


def _keys_as_one(values: pl.Series, by: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The key of a row's date under the same ``by``, so that a range moves as the dates beside it do."""
    keys = join_keys(by.select(names), values) if names else values
    return keys.alias(MOVED_BY).to_frame()


def take_out(layers: tuple[Layer, ...], texts: pl.Series) -> pl.Series:
    """All values within the texts, in order."""
    for layer in layers:
        texts = layer.read(layer.cut(texts).spelt)
    return texts
