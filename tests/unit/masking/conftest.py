"""Masks bound to a column as a run binds them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import MaskContext
from dbtool.masking.masks import MASKS

_KEY = ProjectKey(b"the key of the unit tests, 32 long")


class MaskValues(Protocol):
    def __call__(
        self,
        mask: str,
        values: Sequence[str | None],
        column: str = "text",
        options: Mapping[str, Any] | None = None,
        by: Mapping[str, Sequence[str | None]] | None = None,
    ) -> list[str | None]: ...


def _parse_type(sql: str) -> ColumnType:
    """A type as it is written: text, varchar(20), char(5), int4, numeric(10,2)."""
    match = re.fullmatch(r"([a-z0-9]+)(?:\((\d+)(?:,(-?\d+))?\))?", sql)
    assert match is not None
    if match[1] == "numeric" and match[2]:
        return ColumnType(sql, "numeric", precision=int(match[2]), scale=int(match[3] or 0))
    base = "bpchar" if match[1] == "char" else match[1]
    return ColumnType(sql, base, length=int(match[2]) if match[2] else None)


@pytest.fixture
def mask_values() -> MaskValues:
    """Mask a column of the given type, under a fixed key and the mask's own domain."""

    def masked(
        mask: str,
        values: Sequence[str | None],
        column: str = "text",
        options: Mapping[str, Any] | None = None,
        by: Mapping[str, Sequence[str | None]] | None = None,
    ) -> list[str | None]:
        found = MASKS[mask]
        context = MaskContext(_parse_type(column), _KEY.digest_for(mask), by=tuple(by or ()))
        bound = found.bind(found.options.model_validate(options or {}), context)
        frame = pl.DataFrame(dict(by or {}), schema=dict.fromkeys(by or (), pl.String))
        return bound(pl.Series("v", list(values), dtype=pl.String), frame).to_list()

    return masked
