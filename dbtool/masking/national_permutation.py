"""Permute national numbers so that valid ones stay valid: check digits agree, birth dates stay dates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from string import ascii_uppercase

import numpy as np
import polars as pl

from dbtool.masking.byte_text import spell_digits
from dbtool.masking.check_digits import Numbers, read_columns
from dbtool.masking.digit_text import Change, map_digits, permute_run
from dbtool.masking.format_text import permute_format_in
from dbtool.masking.national_numbers import DIGIT_NUMBERS, NO_CHECK, DigitNumber, rank_dates
from dbtool.masking.permutation import Permutation

_CENTURY_DIGITS = 2
_DATE_DIGITS = 6
_VALID, _INVALID = 1, 2  # tweaks
_SPANISH_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD_PLACES = np.array(
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
)
_CAPITALS = pl.Series(list(ascii_uppercase))
_HAS_LETTERS = r"\p{L}"
_SPANISH = r"^(?:[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}|[A-Z][ .-]?[0-9]{7})[ -]?[A-Z]$"
_ITALIAN = r"^[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]$"

InPlace = Callable[[pl.Series], pl.Series]
make_permutation = lru_cache(maxsize=64)(Permutation)


def plan_national_permutation(country: str | None, key: bytes) -> InPlace:
    """Injective: letters and digits change within their format, in a manner of the country's own where we know it."""
    if country == "es":
        return _by_form(_SPANISH, lambda values: _permute_spanish(values, key), key)
    if country == "it":
        return _by_form(_ITALIAN, lambda values: _permute_italian(values, key), key)
    number = DIGIT_NUMBERS.get(country or "")
    if number is None:
        return lambda values: permute_format_in(values, key)
    change = _plan_change(number, key)
    return _by_form(
        _HAS_LETTERS, lambda values: permute_format_in(values, key), key, lambda v: map_digits(v, change)
    )


def _by_form(form: str, inside: InPlace, key: bytes, outside: InPlace | None = None) -> InPlace:
    """A form tells letters from digits and no more, so no permutation leads out of it or into it."""
    otherwise = outside or (lambda values: permute_format_in(values, key))

    def permute(values: pl.Series) -> pl.Series:
        rows = values.str.contains(form)
        if not rows.any():
            return otherwise(values)
        if rows.all():
            return inside(values)
        outputs = values.clone().scatter(rows.arg_true(), inside(values.filter(rows)))
        return outputs.scatter((~rows).arg_true(), otherwise(values.filter(~rows)))

    return permute


def _plan_change(number: DigitNumber, key: bytes) -> Change:
    permute = _plan_payload(number, key)

    def change(digits: pl.Series) -> pl.Series:
        length = len(digits[0])
        if number.has_century and length == number.length + _CENTURY_DIGITS:
            return digits.str.head(_CENTURY_DIGITS) + change(digits.str.slice(_CENTURY_DIGITS))
        if length != number.length:
            return permute_run(digits, key)
        old = digits.str.head(number.length - number.checks)
        new = permute(old)
        return new + _spell_checks(number, digits.str.tail(number.checks), old, new) if number.checks else new

    return change


def _spell_checks(number: DigitNumber, written: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    """As far from the right ones as they were: valid numbers stay valid, and no two become one."""
    assert number.check is not None  # noqa: S101  a number that has check digits says how they are made
    modulus = 10**number.checks
    right = written.cast(pl.Int64).to_numpy() - number.check(old) + number.check(new)
    return spell_digits((right % modulus).astype(np.uint64), number.checks)


def _plan_payload(number: DigitNumber, key: bytes) -> InPlace:
    length = number.length - number.checks
    if number.date is not None:
        return _plan_dated(number, length, key)
    if number.has_gaps:
        return lambda payloads: _permute_among_checked(number, payloads, key)
    return lambda payloads: permute_run(payloads, key)


def _plan_dated(number: DigitNumber, length: int, key: bytes) -> InPlace:
    """Numbers whose date is one are permuted among themselves, and so are the others."""
    assert number.date is not None  # noqa: S101  the caller asked
    ranks = rank_dates(number.date)
    serials = 10 ** (length - _DATE_DIGITS)
    valid = ranks.dates * serials

    def permute(payloads: pl.Series) -> pl.Series:
        numbers = payloads.cast(pl.UInt64).to_numpy()
        serial = np.uint64(serials)
        places = ranks.rank[numbers // serial] * serial + numbers % serial
        is_valid = places < valid
        changed = places.copy()
        changed[is_valid] = make_permutation(key, valid, _VALID)(places[is_valid])
        rest = places[~is_valid] - np.uint64(valid)
        changed[~is_valid] = make_permutation(key, 10**length - valid, _INVALID)(rest) + np.uint64(valid)
        return spell_digits(ranks.order[changed // serial] * serial + changed % serial, length)

    return permute


def _permute_among_checked(number: DigitNumber, payloads: pl.Series, key: bytes) -> pl.Series:
    """Go on until a payload that has a check digit got one that has one, too: still a permutation."""
    assert number.check is not None  # noqa: S101  see _spell_checks
    check = number.check
    has_none = check(payloads) == NO_CHECK
    outputs = permute_run(payloads, key)
    rows = np.flatnonzero((check(outputs) == NO_CHECK) != has_none)
    while len(rows):
        again = permute_run(outputs.gather(rows), key)
        outputs = outputs.scatter(rows, again)
        rows = rows[(check(again) == NO_CHECK) != has_none[rows]]
    return outputs


def _permute_spanish(values: pl.Series, key: bytes) -> pl.Series:
    """A letter in front stays (X, Y and Z are foreigners' 0, 1 and 2); one behind that is no check letter, too."""
    heads, letters = values.str.head(-1), values.str.tail(1)
    changed = map_digits(heads, lambda digits: permute_run(digits, key))
    written = letters.replace_strict(dict(zip(_SPANISH_LETTERS, range(23), strict=True)), default=None)
    moved = written.cast(pl.Int64) - _remainder_23(heads) + _remainder_23(changed)
    alphabet = pl.Series(list(_SPANISH_LETTERS))
    return changed + alphabet.gather(moved % 23).fill_null(letters)


def _remainder_23(heads: pl.Series) -> pl.Series:
    numbers = heads.str.replace("^X", "0").str.replace("^Y", "1").str.replace("^Z", "2")
    return numbers.str.replace_all("[^0-9]", "").cast(pl.Int64) % 23


def _permute_italian(values: pl.Series, key: bytes) -> pl.Series:
    """Fifteen letters and digits, and a letter as far from the right one as it was."""
    old = values.str.head(15)
    new = permute_format_in(old, key)
    written = read_columns(values.str.tail(1))[0].astype(np.int64) - 10
    moved = (written - _sum_italian(old) + _sum_italian(new)) % 26
    return new + _CAPITALS.gather(moved)


def _sum_italian(texts: pl.Series) -> Numbers:
    """A digit counts as the letter of its place in the alphabet."""
    columns = read_columns(texts).astype(np.int64)
    places = np.where(columns > 9, columns - 10, columns)  # noqa: PLR2004  letters follow the ten digits
    return np.asarray(_ODD_PLACES[places[0::2]].sum(axis=0) + places[1::2].sum(axis=0), dtype=np.int64)
