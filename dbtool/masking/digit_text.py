"""Permute the digits inside texts of any format and leave every other character in its place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import polars as pl

from dbtool.masking.permutation import Network, Permutation, Words

_DIRECT_DIGITS = 18  # 10**18 fits 64 bits with room for sums
_MOST_DIGITS = 36  # two halves of 18
_MANY_FORMATS = 64  # beyond it rows are put together one by one


def permute_digits_in(values: pl.Series, key: bytes, kept: int = 0) -> pl.Series:
    """Permute each text's digits among all runs of as many digits; injective. No text is NULL.

    The first ``kept`` digits stay where at least four follow them. A digit of another script (Arabic, Thai)
    counts by its value and comes out in its script.
    """
    return map_digits(values, lambda digits: permute_run(digits, key, kept))


def map_digits(values: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Replace each text's digits in place; ``change`` gets runs of one length ≥ 1 and returns as many digits."""
    digits = _read_digits(values)
    return _put_back(values, digits, _change_runs(digits, change))


def _read_digits(values: pl.Series) -> pl.Series:
    digits = values.str.replace_all(r"[^0-9]", "")
    is_foreign = _has_foreign_digits(values)
    if not is_foreign.any():
        return digits
    read = [_read_any_script(text) for text in values.filter(is_foreign).to_list()]
    return digits.scatter(is_foreign.arg_true(), pl.Series(read, dtype=pl.String))


def _has_foreign_digits(values: pl.Series) -> pl.Series:
    return values.str.contains(r"[\p{Nd}&&[^0-9]]")


def _read_any_script(text: str) -> str:
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


def _change_runs(digits: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    frame = pl.DataFrame({"digits": digits, "length": digits.str.len_bytes()}).with_row_index("row")
    parts = [
        pl.DataFrame(
            {
                "row": part.get_column("row"),
                "digits": change(part.get_column("digits"))
                if part.item(0, "length")
                else part.get_column("digits"),
            }
        )
        for part in frame.partition_by("length", maintain_order=False)
    ]
    return pl.concat(parts).sort("row").get_column("digits") if parts else digits


def permute_run(digits: pl.Series, key: bytes, kept: int = 0) -> pl.Series:
    count = len(digits[0])
    start = kept if count >= kept + 4 else 0
    head = digits.str.slice(0, start)
    for position in range(start, count, _MOST_DIGITS):
        length = min(_MOST_DIGITS, count - position)
        tweak = length | position << 8
        head = head + _permute_piece(digits.str.slice(position, length), length, key, tweak)
    return head


def _permute_piece(digits: pl.Series, length: int, key: bytes, tweak: int) -> pl.Series:
    if length <= _DIRECT_DIGITS:
        numbers = digits.cast(pl.UInt64).to_numpy()
        return _spell(Permutation(key, 10**length, tweak)(numbers), length)
    half = length // 2
    left, right = digits.str.slice(0, half).cast(pl.UInt64), digits.str.slice(half).cast(pl.UInt64)
    network = Network(key, 10**half, 10 ** (length - half), tweak)
    left_out, right_out = network.permute(left.to_numpy(), right.to_numpy())
    return _spell(left_out, half) + _spell(right_out, length - half)


def _spell(numbers: Words, length: int) -> pl.Series:
    return pl.Series(numbers, dtype=pl.UInt64).cast(pl.String).str.zfill(length)


def _put_back(values: pl.Series, digits: pl.Series, permuted: pl.Series) -> pl.Series:
    if (values == digits).all():
        return permuted.alias(values.name)
    formats = values.str.replace_all(r"[^0-9]", "_").str.replace_all(r"[0-9]", "0")
    if formats.n_unique() > _MANY_FORMATS or _has_foreign_digits(values).any():
        rows = zip(values.to_list(), permuted.to_list(), strict=True)
        return pl.Series(values.name, [_put_back_row(*row) for row in rows], dtype=pl.String)
    frame = pl.DataFrame({"value": values, "digits": permuted, "format": formats}).with_row_index("row")
    parts = [
        part.select("row", _build(part.item(0, "format")).alias("output"))
        for part in frame.partition_by("format", maintain_order=False)
    ]
    return pl.concat(parts).sort("row").get_column("output").alias(values.name)


def _build(text_format: str) -> pl.Expr:
    """An expression that puts together the texts of one format: 0 stands for a digit, _ for what is kept."""
    pieces: list[pl.Expr] = []
    position = used = 0
    for kind, run in groupby(text_format):
        length = len(list(run))
        if kind == "0":
            pieces.append(pl.col("digits").str.slice(used, length))
            used += length
        else:
            pieces.append(pl.col("value").str.slice(position, length))
        position += length
    return pl.concat_str(pieces) if pieces else pl.col("value")


def _put_back_row(text: str, permuted: str) -> str:
    following = iter(permuted)
    return "".join(
        _in_script_of(letter, next(following)) if letter.isdecimal() else letter for letter in text
    )


def _in_script_of(letter: str, digit: str) -> str:
    """The scripts' ten digits stand in order, so a distance of values is one of code points."""
    return chr(ord(letter) - int(letter) + int(digit))
