"""Replace each word of a text, and leave what stands between the words."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_letters, digits

import numpy as np
import numpy.typing as npt
import polars as pl

from dbtool.masking.alike_words import SPARE, find_alike
from dbtool.masking.byte_text import Bytes, Counts, Marks, cut_bytes, mark, read_bytes, read_lengths
from dbtool.masking.distinct import map_distinct

_IS_OF_WORD = mark(f"{ascii_letters}{digits}".encode())
_WORD = r"[\p{L}\p{M}\p{N}]+"
_ONE_WORD = rf"^{_WORD}$"
_PIECE = rf"{_WORD}|[^\p{{L}}\p{{M}}\p{{N}}]+"
_BETWEEN = "\0"  # PostgreSQL has no text with it


StandIn = Callable[[pl.Series], pl.Series]


def map_words(values: pl.Series, stand_in: StandIn) -> pl.Series:
    """``stand_in`` gets words: runs of letters, marks and digits. No text is NULL."""
    is_plain = values.str.len_bytes() == values.str.len_chars()
    if is_plain.all():
        return _map_plain(values, stand_in)
    is_one = ~is_plain & values.str.contains(_ONE_WORD)
    outputs = values.clone()
    for rows, change in (
        (is_plain, lambda several: _map_plain(several, stand_in)),
        (is_one, stand_in),
        (~is_one & ~is_plain, lambda several: _map_pieces(several, stand_in)),
    ):
        if rows.any():
            outputs = outputs.scatter(rows.arg_true(), change(values.filter(rows)))
    return outputs


def _map_plain(values: pl.Series, stand_in: StandIn) -> pl.Series:
    """As ``_map_pieces`` for texts that are all ASCII. Measured: in a third to two thirds of its time."""
    text = _lay_out(values)
    if np.count_nonzero(text == 0) != len(values) + 1 + SPARE:  # a document can spell \u0000
        return _map_pieces(values, stand_in)
    is_word = _IS_OF_WORD.take(text)
    bounds = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    starts, ends = np.ascontiguousarray(bounds[0::2]), np.ascontiguousarray(bounds[1::2])
    if not len(starts):
        return values
    if np.count_nonzero(is_word) + len(values) + 1 + SPARE == len(text) and len(starts) == len(values):
        return stand_in(values)  # a word each
    words = _replace(text, starts, ends - starts, stand_in)
    changed = _put_words(text, is_word, starts, ends, words)
    joined = changed[1 : -1 - SPARE].tobytes().decode()
    return pl.Series(values.name, [joined]).str.split(_BETWEEN).explode()


def _lay_out(values: pl.Series) -> Bytes:
    """The texts end to end, with a sign before each and behind the last that no word has."""
    joined = values.str.join(_BETWEEN).item()
    return np.frombuffer(f"{_BETWEEN}{joined}{_BETWEEN * (1 + SPARE)}".encode(), dtype=np.uint8)


def _replace(text: Bytes, starts: Counts, lengths: Counts, stand_in: StandIn) -> pl.Series:
    """``stand_in`` gets words that repeat once, or hardly more often."""
    alike = find_alike(text, starts, lengths)
    outputs = stand_in(cut_bytes(text, starts[alike.firsts], lengths[alike.firsts]))
    return outputs.gather(alike.number)


def _put_words(text: Bytes, is_word: Marks, starts: Counts, ends: Counts, words: pl.Series) -> Bytes:
    """``text`` with each of ``words`` where it has one from ``starts`` to ``ends``; none is empty."""
    lengths = read_lengths(words)
    grown = np.cumsum(lengths - (ends - starts))
    new_ends = ends + grown
    will_be_word = _mark_runs(new_ends - lengths, new_ends, len(text) + int(grown[-1]))
    changed = np.empty(len(will_be_word), dtype=np.uint8)
    changed[will_be_word] = read_bytes(words)
    changed[~will_be_word] = text[~is_word]
    return changed


def _mark_runs(starts: Counts, ends: Counts, count: int) -> Marks:
    """No run begins where another ends."""
    steps = np.zeros(count + 1, dtype=np.int8)
    steps[starts] = 1
    steps[ends] = -1
    return np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_)


def _map_pieces(values: pl.Series, stand_in: StandIn) -> pl.Series:
    cut = values.str.extract_all(_PIECE)
    pieces = cut.explode()
    rows = pieces.str.contains(_ONE_WORD).arg_true()
    if len(rows):
        pieces = pieces.scatter(rows, map_distinct(stand_in, pieces.gather(rows)))
    return _join(pieces, cut.list.len().to_numpy().astype(np.int64))


def _join(pieces: pl.Series, counts: npt.NDArray[np.int64]) -> pl.Series:
    """One text per count of pieces, none of which is 0. Measured: a join per group takes three times as long."""
    starts = np.cumsum(counts) - counts
    lengths = np.add.reduceat(pieces.str.len_chars().to_numpy().astype(np.int64), starts)
    joined = str(pieces.str.join().item())
    ends = np.cumsum(lengths)
    spans = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
    return pl.Series([joined[start:end] for start, end in spans], dtype=pl.String)
