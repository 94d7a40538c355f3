"""Numbers moved by a keyed distance: integers, decimals and money exactly, floats as floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.decimal_text import (
    LARGEST,
    Decimals,
    Integers,
    get_limit,
    is_number,
    is_short,
    read_decimals,
    render_decimals,
)
from dbtool.masking.distinct import per_value
from dbtool.masking.mask import INTEGER_TYPES, TEXT_TYPES, BoundMask, MaskContext
from dbtool.masking.masks.redact import blank_out
from dbtool.masking.row_key import join_keys

FLOAT_TYPES = frozenset({"float4", "float8"})
NUMBER_TYPES = INTEGER_TYPES | FLOAT_TYPES | TEXT_TYPES | {"numeric", "money"}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_MOST_DIGITS = 4000  # Python reads no longer whole numbers
_PARTS = 2**53

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """How far a number moves at most: ``amount``, or else ``ratio`` of it. Stand-ins lie within the bounds."""

    ratio: float
    amount: float | None = None
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class _Noise:
    """``limit`` is in units of the last digit; None: no more digits than the number has. ``turns``: where there is
    no room on one side, go to the other, so that a number hardly ever stays; but not where columns move alike.
    """

    spread: Spread
    limit: int | None
    turns: bool

    def move(self, numbers: Decimals, shares: Floats) -> Integers:
        """The same sign, and at least one unit away where there is room."""
        units = numbers.units
        lowest, highest = self._bound(numbers)
        steps = self._measure(numbers, np.abs(shares))
        is_up = shares >= 0
        above, below = np.maximum(highest - units, 0), np.maximum(units - lowest, 0)
        if self.turns:
            is_up ^= (steps > np.where(is_up, above, below)) & (np.where(is_up, below, above) > 0)
        moved = np.where(is_up, units + np.minimum(steps, above), units - np.minimum(steps, below))
        return np.where(units == 0, 0, np.clip(moved, lowest, highest))

    def _measure(self, numbers: Decimals, shares: Floats) -> Integers:
        if self.spread.amount is None:
            reach = np.abs(numbers.units) * self.spread.ratio
        else:
            reach = self.spread.amount * _power(numbers.scales)
        most = np.maximum(np.floor(reach), 1.0)
        return _to_units(np.minimum(np.floor(reach * shares) + 1, most))

    def _bound(self, numbers: Decimals) -> tuple[Integers, Integers]:
        units = numbers.units
        limit = _count_nines(units) if self.limit is None else np.full(len(units), self.limit)
        lowest, highest = np.where(units > 0, 1, -limit), np.where(units < 0, -1, limit)
        if self.spread.lowest is not None:
            lowest = np.maximum(lowest, _to_units(np.ceil(self.spread.lowest * _power(numbers.scales))))
        if self.spread.highest is not None:
            highest = np.minimum(highest, _to_units(np.floor(self.spread.highest * _power(numbers.scales))))
        return lowest, highest


def _power(scales: Integers) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.power(10.0, scales), dtype=np.float64)


def _to_units(numbers: Floats) -> Integers:
    """2**63 - 1024 is the largest float below 2**63."""
    return np.clip(np.nan_to_num(numbers), -(2.0**63) + 1024, 2.0**63 - 1024).astype(np.int64)


_POWERS = np.array([10**exponent for exponent in range(19)], dtype=np.int64)
_NINES = np.array([9, *(10**digits - 1 for digits in range(1, 19)), LARGEST], dtype=np.int64)


def _count_nines(units: Integers) -> Integers:
    """The largest number of as many digits: 999 for 421."""
    return np.asarray(_NINES[np.searchsorted(_POWERS, np.abs(units), side="right")], dtype=np.int64)


def plan_noise(context: MaskContext, spread: Spread) -> BoundMask:
    """Bind the noise, keyed by the ``by`` columns together, or by the value where they are all NULL."""
    limit = None if context.type.base in TEXT_TYPES else min(get_limit(context.type) or LARGEST, LARGEST)
    noise = _Noise(spread, limit, turns=not context.by)
    change = (
        _plan_floats(spread, context.type.base, turns=not context.by)
        if context.type.base in FLOAT_TYPES
        else _plan_decimals(noise)
    )
    prefix = "$" if context.type.base == "money" else ""

    def mask_keyed(values: pl.Series, keys: pl.Series) -> pl.Series:
        bare = values.str.replace_all(r"[$,]", "") if prefix else values
        words = context.digest.uint64(keys).to_numpy() >> np.uint64(11)
        outputs = change(bare, words)
        return outputs.str.replace("^(-?)", "${1}$$") if prefix else outputs

    if not context.by:
        return per_value(lambda values: mask_keyed(values, values))

    def masked(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        rows = (values != "").fill_null(value=False)
        keys = join_keys(by.select(context.by), values)
        return values.clone().scatter(rows.arg_true(), mask_keyed(values.filter(rows), keys.filter(rows)))

    return masked


Change = Callable[[pl.Series, npt.NDArray[np.uint64]], pl.Series]  # (numbers, 53 bits of digest) → numbers


def _plan_decimals(noise: _Noise) -> Change:
    def change(values: pl.Series, words: npt.NDArray[np.uint64]) -> pl.Series:
        numbers = is_number(values)
        short = numbers & is_short(values)
        if short.all():
            return _move_short(noise, values, words)
        rows = short.to_numpy()
        outputs = values.clone().scatter(
            short.arg_true(), _move_short(noise, values.filter(short), words[rows])
        )
        long = (numbers & ~short).to_numpy()
        found = zip(values.filter(pl.Series(long)).to_list(), words[long].tolist(), strict=True)
        moved = pl.Series([_move_long(noise, text, word) for text, word in found], dtype=pl.String)
        outputs = outputs.scatter(np.flatnonzero(long), moved)
        others = ~numbers & ~values.is_in(_NOT_FINITE)
        return outputs.scatter(others.arg_true(), blank_out(values.filter(others)))

    return change


def _move_short(noise: _Noise, values: pl.Series, words: npt.NDArray[np.uint64]) -> pl.Series:
    numbers = read_decimals(values)
    outputs = render_decimals(numbers, noise.move(numbers, _share(words)))
    is_zero = numbers.units == 0
    return outputs.zip_with(pl.Series(~is_zero), values) if is_zero.any() else outputs


def _share(words: npt.NDArray[np.uint64]) -> Floats:
    """53 bits → from -1 to 1."""
    return np.asarray(words / (_PARTS / 2) - 1, dtype=np.float64)


def _move_long(noise: _Noise, text: str, word: int) -> str:
    """A number of 19 digits or more moves toward 0, where there is room in any type; its bounds come first."""
    mantissa, mark, exponent = text.replace("E", "e").partition("e")
    whole, point, fraction = mantissa.lstrip("-").partition(".")
    minus = "-" if text[0] == "-" else ""
    if len(whole) + len(fraction) > _MOST_DIGITS:
        return minus + whole[0] + "0" * (len(whole) - 1) + point + "0" * len(fraction) + mark + exponent
    scale = len(fraction) - int(exponent or 0)
    size = int(minus + whole + fraction)
    step = _reach(noise.spread, abs(size), scale) * word // _PARTS + 1
    moved = _clamp_long(_step_long(size, -step, whole + fraction), noise.spread, scale)
    if noise.turns and moved == size:
        moved = _clamp_long(_step_long(size, step, whole + fraction), noise.spread, scale)
    spelt = str(abs(moved)).zfill(len(whole + fraction))
    cut = len(spelt) - len(fraction)
    return ("-" if moved < 0 else "") + spelt[:cut] + point + spelt[cut:] + mark + exponent


def _step_long(size: int, step: int, digits: str) -> int:
    """Away from 0 by ``step``, with the same sign and as many digits."""
    least = int(10 ** (len(digits) - 1)) if digits[0] != "0" else 1
    moved = min(max(abs(size) + step, least), int(10 ** len(digits)) - 1)
    return -moved if size < 0 else moved


def _reach(spread: Spread, size: int, scale: int) -> int:
    if spread.amount is None:
        return size * round(spread.ratio * _PARTS) // _PARTS
    return int(Decimal(spread.amount).scaleb(scale))


def _clamp_long(moved: int, spread: Spread, scale: int) -> int:
    if spread.lowest is not None:
        moved = max(moved, math.ceil(Decimal(spread.lowest).scaleb(scale)))
    if spread.highest is not None:
        moved = min(moved, math.floor(Decimal(spread.highest).scaleb(scale)))
    return moved


def _plan_floats(spread: Spread, base: str, *, turns: bool) -> Change:
    kind = np.float32 if base == "float4" else np.float64
    largest = float(np.finfo(kind).max)
    lowest = -largest if spread.lowest is None else max(spread.lowest, -largest)
    highest = largest if spread.highest is None else min(spread.highest, largest)

    def change(values: pl.Series, words: npt.NDArray[np.uint64]) -> pl.Series:
        numbers = values.cast(pl.Float64, strict=False).to_numpy()
        with np.errstate(all="ignore"):
            reach = np.abs(numbers) * spread.ratio if spread.amount is None else spread.amount
            steps = reach * _share(words)
            steps = np.where(np.sign(numbers + steps) == np.sign(numbers), steps, -steps)
            moved = numbers + steps
            if turns:
                is_beyond = (moved < lowest) | (moved > highest)
                is_beyond &= np.sign(numbers - steps) == np.sign(numbers)
                moved = np.where(is_beyond, numbers - steps, moved)
            moved = np.clip(moved, lowest, highest).astype(kind)
        is_kept = (numbers == 0) | (moved == 0) | ~np.isfinite(numbers)
        outputs = pl.Series(moved).cast(pl.String).str.strip_suffix(".0")
        return outputs.zip_with(pl.Series(~is_kept), values)

    return change
