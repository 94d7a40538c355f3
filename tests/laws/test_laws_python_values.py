"""Values of Python that a column can hold come back from its text as they were, and their texts are taken for its own."""

from __future__ import annotations

from datetime import timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import ColumnType
from dbtool.masking.python_values import are_of, python_type, read_value, spell_value

_MINUTES = st.integers(-15 * 60, 15 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _LETTERS
)
_DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_LETTERS, inner), max_leaves=5
).filter(lambda value: value is not None)
_VALUES = {
    "int8": st.integers(-(2**63), 2**63 - 1),
    "float8": st.floats(allow_nan=False),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "date": st.dates(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(timezones=_MINUTES),
    "uuid": st.uuids(),
    "jsonb": _DOCUMENTS,
    "bytea": st.binary(),
    "text": _LETTERS,
}


@pytest.mark.parametrize("base", _VALUES)
@given(data=st.data())
def test_a_value_comes_back_as_it_was(base: str, data: st.DataObject) -> None:
    column = ColumnType(base, base)
    kind, value = python_type(column), data.draw(_VALUES[base])
    text = spell_value(kind, value)
    assert are_of(pl.Series([text], dtype=pl.String), column)
    assert read_value(kind, text) == value


@given(st.integers(0, 12), st.integers(-3, 12), st.integers(-(10**14), 10**14), st.integers(-16, 2))
def test_a_number_fits_a_declared_precision_where_it_is_short_enough_once_rounded(
    precision: int, scale: int, units: int, exponent: int
) -> None:
    precision += 1
    column = ColumnType("numeric", "numeric", precision=precision, scale=scale)
    shift = exponent + scale
    exact = abs(units) * 10**shift * 2 if shift >= 0 else 2 * abs(units)
    step = 1 if shift >= 0 else 10**-shift
    rounded = (exact + step) // (2 * step)  # half away from zero
    fits = are_of(pl.Series([f"{units}e{exponent}"]), column)
    assert fits == (rounded < 10**precision)
