"""Values as PostgreSQL prints them ↔ as Python has them, and which texts it reads as a type: for functions of the project's own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

import polars as pl

from dbtool.catalog.relations import ColumnType
from dbtool.masking.dates import read_days
from dbtool.masking.fit import INTEGER_RANGES
from dbtool.masking.mask import DATE_TYPES, INTEGER_TYPES, TEXT_TYPES

_FLOATS = {"float4": (7.1e-46, 3.4028235677973366e38), "float8": (5e-324, math.inf)}  # but for 0 and infinity
_JSON = frozenset({"json", "jsonb"})
TYPES = (
    TEXT_TYPES | INTEGER_TYPES | DATE_TYPES | _FLOATS.keys() | _JSON | {"numeric", "bool", "uuid", "bytea"}
)

_INTEGER = r"^-?[0-9]{1,19}$"
_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$"
_NO_DIGIT_BUT_0 = r"^[^1-9eE]*(?:[eE]|$)"
_SPECIAL = r"(?i)^(?:nan|[+-]?inf(?:inity)?)$"
_SECONDS = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
_ZONE = r"(?: ?(?:[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9]){0,2}|Z|UTC|GMT))?"
_MOMENT = rf"^[0-9]+-[0-9]{{2}}-[0-9]{{2}}(?:[ T]{_SECONDS}{_ZONE})?(?: BC)?$"
_FIRST_DAY = -2440588  # 4714-11-24 BC, from where PostgreSQL counts
_LAST_DAY = {"date": 2147494450, "timestamp": 106751990, "timestamptz": 106751990}
_MOST_DIGITS = 131072  # of numeric, before the point
_EXACT = Context(prec=4000)  # numeric has at most 1000 digits on either side of a declared point
_UUID = r"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_BYTES = r"^\\x(?:[0-9A-Fa-f]{2})*$"
_SHAPES = {"bool": r"(?i)^(?:t|f|true|false)$", "uuid": _UUID, "bytea": _BYTES}


class NoSuchValue(Exception):
    """A text of which Python has no value, or a value of which the type has none."""


def are_of(texts: pl.Series, column: ColumnType) -> bool:
    """Does PostgreSQL read all of them as the type? Whether a text is too long for it is not asked."""
    base = column.base
    if base in INTEGER_RANGES:
        numbers = texts.cast(pl.Int128, strict=False)
        allowed = INTEGER_RANGES[base]
        is_one = texts.str.contains(_INTEGER) & numbers.is_between(allowed.start, allowed.stop - 1)
    elif base == "numeric":
        is_one = _are_numerics(texts, column)
    elif base in _FLOATS:
        is_one = _are_floats(texts, *_FLOATS[base])
    elif base in DATE_TYPES:
        is_one = _are_moments(texts, base)
    elif base in _JSON:
        is_one = pl.Series([_is_json(text, base) for text in texts], dtype=pl.Boolean)
    elif base in _SHAPES:
        is_one = texts.str.contains(_SHAPES[base])
    else:
        return True
    return bool(is_one.fill_null(value=False).all())


def _are_numerics(texts: pl.Series, column: ColumnType) -> pl.Series:
    """PostgreSQL rounds to the scale, and refuses what then has too many digits."""
    room = _MOST_DIGITS if column.precision is None else max(column.precision - (column.scale or 0), 0)
    special = _SPECIAL if column.precision is None else "(?i)^nan$"
    whole = texts.str.extract(r"^[+-]?0*([0-9]*)").str.len_chars()
    is_short = ~texts.str.contains("[eE]") & (whole < room)
    is_one = texts.str.contains(_DECIMAL)
    long = (is_one & ~is_short).arg_true()
    fitting = [_fits(Decimal(text), column) for text in texts.gather(long)]
    return texts.str.contains(special) | is_one.scatter(long, fitting)


def _fits(number: Decimal, column: ColumnType) -> bool:
    if column.precision is None:
        return number.adjusted() < _MOST_DIGITS
    scale = column.scale or 0
    half = Decimal((0, (5,), -scale - 1))  # of the last place
    return number.copy_abs() < _EXACT.subtract(Decimal((0, (1,), column.precision - scale)), half)


def _are_floats(texts: pl.Series, smallest: float, largest: float) -> pl.Series:
    size = texts.cast(pl.Float64, strict=False).abs()
    is_within = (size >= smallest) & (size <= largest) & size.is_finite()
    is_zero = (size == 0) & texts.str.contains(_NO_DIGIT_BUT_0)
    return texts.str.contains(_SPECIAL) | (texts.str.contains(_DECIMAL) & (is_within | is_zero))


def _are_moments(texts: pl.Series, base: str) -> pl.Series:
    is_dated = read_days(texts).is_between(_FIRST_DAY, _LAST_DAY[base]) & texts.str.contains(_MOMENT)
    return is_dated | texts.str.contains(r"(?i)^-?infinity$")


def _is_json(text: str, base: str) -> bool:
    """Of jsonb: it holds no NUL, and no half of a surrogate pair."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        if base == "jsonb":
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return base == "json" or not _NUL.search(text)


def _refuse_constant(_name: str) -> None:
    raise ValueError


@dataclass(frozen=True, slots=True)
class PythonType:
    """``kinds`` are what a function may return; ``spelt`` is what a message calls them."""

    spelt: str
    kinds: tuple[type, ...]
    read: Callable[[str], Any]
    spell: Callable[[Any], str] = str


def _spell_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _read_moment(*, is_aware: bool) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        return _check_zone(moment, is_aware=is_aware)

    return read


def _spell_moment(*, is_aware: bool) -> Callable[[datetime], str]:
    return lambda moment: _check_zone(moment, is_aware=is_aware).isoformat(" ")


def _check_zone(moment: datetime, *, is_aware: bool) -> datetime:
    if (moment.tzinfo is not None) is not is_aware:
        raise ValueError
    return moment


def _spell_date(day: date) -> str:
    if isinstance(day, datetime):
        raise TypeError
    return day.isoformat()


_PYTHON: Mapping[str, PythonType] = {
    **dict.fromkeys(INTEGER_TYPES, PythonType("int", (int,), int)),
    **dict.fromkeys(_FLOATS, PythonType("float", (float, int), float)),
    **dict.fromkeys(_JSON, PythonType("a value that json writes", (object,), json.loads, _spell_json)),
    "numeric": PythonType("Decimal", (Decimal, int), Decimal),
    "bool": PythonType("bool", (bool,), lambda text: text == "t", lambda value: "t" if value else "f"),
    "date": PythonType("date", (date,), date.fromisoformat, _spell_date),
    "timestamp": PythonType(
        "datetime without a time zone",
        (datetime,),
        _read_moment(is_aware=False),
        _spell_moment(is_aware=False),
    ),
    "timestamptz": PythonType(
        "datetime with a time zone", (datetime,), _read_moment(is_aware=True), _spell_moment(is_aware=True)
    ),
    "uuid": PythonType("UUID", (UUID,), UUID),
    "bytea": PythonType(
        "bytes", (bytes,), lambda text: bytes.fromhex(text[2:]), lambda value: "\\x" + value.hex()
    ),
}
_TEXT = PythonType("str", (str,), str)


def python_type(column: ColumnType) -> PythonType:
    return _PYTHON.get(column.base, _TEXT)


def read_value(kind: PythonType, text: str) -> Any:
    """:raises NoSuchValue: Python has none for it, as for the date infinity."""
    try:
        return kind.read(text)
    except (ValueError, ArithmeticError):
        raise NoSuchValue from None


def spell_value(kind: PythonType, value: object) -> str:
    """:raises NoSuchValue: it is of another type."""
    is_number_only = isinstance(value, bool) and not {bool, object} & set(kind.kinds)
    if value is None or is_number_only or not isinstance(value, kind.kinds):
        raise NoSuchValue
    try:
        return kind.spell(value)
    except (TypeError, ValueError, RecursionError):
        raise NoSuchValue from None
