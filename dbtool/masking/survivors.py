"""Do originals survive? Keyed 64-bit hashes of what was masked, and the search for them in what landed. Pure.

The hashes are keyed, held in memory only and bounded: beyond ``limit`` distinct values the exact set becomes a
filter (one-sided: it may say yes wrongly, never no), and a hit is then confirmed by a second, exact pass over
the source (``Originals.exact`` tells).

Not every original can be searched for everywhere: "unknown" or "Excellent" stand in many columns and are
nobody's. What is searched for holds a digit or an @ and at least 6 characters, or has at least 24 characters.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash  # noqa: F401  registers the nchash namespace

from dbtool import copytext
from dbtool.masking.long_values import LONG_BYTES, LongField, read_ends, read_windows

Hashes = npt.NDArray[np.uint64]

SHORTEST = 6
SHORTEST_PLAIN = 24
_TELLING = r"[0-9@]"
_TOKENS = (
    r"[\p{L}\p{N}._%+'\-]+@[\p{L}\p{N}.\-]+\.\p{L}{2,}",  # e-mail addresses
    r"[\p{L}\p{N}@+_.\-]{6,}",  # words, numbers, tokens, UUIDs, IBANs
    r"\"(?:[^\"\\]|\\.)*\"",  # strings of JSON and quoted elements of arrays
)
# Telephone and card numbers as people space them, with at most two signs between two digits.
_SPACED_DIGITS = r"\+?\d(?:[ ()./\-]{0,2}\d){6,}"
_DIGITS_ALONE = r"^\+?[\d ()./\-]{9,}$"
# In free text a number without a separator, a plus or a leading zero is as likely an order's as a telephone's, and
# dates, amounts and addresses of computers are made of digits and the same separators.
_TELEPHONE = r"^(?:\+|00?[1-9]|\d+[ ()./\-])"
_NO_TELEPHONE = r"^(?:\d{4}-\d\d-\d\d\b.*|\d+\.\d+|\d{1,3}(?:\.\d{1,3}){3})$"
_SHORTEST_TELEPHONE = 9
_INTERNET_ADDRESS = r"^\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?$"
_REFERENCE = "&#?[0-9A-Za-z]+;"
_ESCAPE = r"\\(?:u([0-9A-Fa-f]{4})|/)"
_SPACED_IBAN = r"\b[A-Z]{2}\d\d(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?\b"
_END = 50_000  # characters at either end by which a long text is known
_NO_TEXTS = pl.Series("v", [], dtype=pl.String)
_EMPTY: Hashes = np.empty(0, dtype=np.uint64)

DEFAULT_LIMIT = 8_000_000  # 64 MB; sorting what came in since takes three times as much for a moment
_FILTER_BITS = 30


def distinct_hashes(*parts: Hashes) -> Hashes:
    """The distinct values of all parts, sorted. numpy.unique hashes: 7 s for 5 million where sorting takes 0.05."""
    ordered = (
        np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
    )  # a copy: it may be sorted in place
    ordered.sort()
    if not len(ordered):
        return _EMPTY
    distinct: Hashes = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return distinct


def common_hashes(hashes: Hashes, known: Hashes) -> Hashes:
    """Those of ``hashes``, sorted and distinct, that are in ``known``, which must be sorted and distinct."""
    distinct = distinct_hashes(hashes)
    if not len(known) or not len(distinct):
        return _EMPTY
    places = np.minimum(np.searchsorted(known, distinct), len(known) - 1)
    common: Hashes = distinct[known[places] == distinct]
    return common


def _telling(text: pl.Expr) -> pl.Expr:
    length = text.str.len_chars()
    return ((length >= SHORTEST) & text.str.contains(_TELLING)) | (length >= SHORTEST_PLAIN)


def _hash(texts: pl.Series, seed: int) -> Hashes:
    """Repeated texts are hashed again and again: that costs less than finding out that they repeat."""
    normal = pl.col("v").str.strip_chars().str.to_lowercase()
    frame = texts.drop_nulls().to_frame("v").select(normal).filter(_telling(pl.col("v")))
    whole = frame.select(pl.col("v").nchash.xxh3_64(seed=seed)).to_series()  # type: ignore[attr-defined]
    return distinct_hashes(whole.to_numpy().astype(np.uint64, copy=False))


def _digits(texts: pl.Series) -> pl.Series:
    """E.164-like digits under a prefix of their own, so that only numbers meet numbers."""
    found = texts.filter(texts.str.contains(_DIGITS_ALONE))
    if found.is_empty():
        return found
    numbers = found.str.replace("(0)", "", literal=True)
    digits = numbers.str.replace_all(r"\D", "").str.strip_chars_start("0")
    return ("tel:" + digits.filter(digits.str.len_chars() >= _SHORTEST_TELEPHONE)).rename("v")


def _telephones_in(texts: pl.Series) -> pl.Series:
    found = _extract(texts, _SPACED_DIGITS)
    if found.is_empty():
        return found
    return _digits(found.filter(found.str.contains(_TELEPHONE) & ~found.str.contains(_NO_TELEPHONE)))


def _compact_ibans_in(texts: pl.Series) -> pl.Series:
    found = _extract(texts, _SPACED_IBAN)
    return found if found.is_empty() else found.str.replace_all(" ", "", literal=True)


def _extract(texts: pl.Series, pattern: str) -> pl.Series:
    return texts if texts.is_empty() else texts.str.extract_all(pattern).explode().drop_nulls().unique()


def hash_originals(values: pl.Series, seed: int) -> Hashes:
    """Hashes of the values themselves, and of telephone, card and account numbers however they are spaced."""
    short, long = _part_by_length(values)
    texts = short.str.strip_chars()
    spaced = texts.filter(texts.str.contains(" ", literal=True))
    # 50.81.83.186 is no telephone, and 0508183186 in the digest of a stand-in not that address.
    numbers = texts.filter(~texts.str.contains(_INTERNET_ADDRESS))
    return _hash(_joined(texts, _digits(numbers), _compact_ibans_in(spaced), *_ends_of(long)), seed)


def _part_by_length(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    texts = values.drop_nulls()
    is_long = texts.str.len_bytes() > LONG_BYTES
    return (texts.filter(~is_long), texts.filter(is_long)) if is_long.any() else (texts, _NO_TEXTS)


def _ends_of(long: pl.Series) -> list[pl.Series]:
    """Long texts stand for themselves by their two ends: to level blanks and case of all takes several times its memory.
    So does any expression over a column of one row (measured in Polars 2.1: four times), hence the texts themselves.
    """
    ends = [(text[: 2 * _END], text[-2 * _END :]) for text in long]
    return [_join_ends(pl.Series([first]), pl.Series([last])) for first, last in ends]


def _join_ends(first: pl.Series, last: pl.Series) -> pl.Series:
    return (
        first.str.head(2 * _END).str.strip_chars_start().str.head(_END)
        + " … "
        + last.str.tail(2 * _END).str.strip_chars_end().str.tail(_END)
    ).rename("v")


def _joined(*parts: pl.Series) -> pl.Series:
    return pl.concat([part.rename("v") for part in parts])


def hash_whole(values: pl.Series, seed: int) -> Hashes:
    short, long = _part_by_length(values)
    return _hash(_joined(short, *_ends_of(long)) if len(long) else short, seed)


def hash_long_field(block: bytes, field: LongField, seed: int, *, tokens: bool) -> Hashes:
    """What hash_whole gives, and with ``tokens`` hash_tokens, for a field of a block that nobody has parsed."""
    first, last = (
        copytext.decode(pl.Series("v", [text])) for text in read_ends(block, field.start, field.end)
    )
    whole = _hash(_join_ends(first, last), seed)
    if not tokens:
        return whole
    return distinct_hashes(
        whole, _hash_windows(read_windows(block, field.start, field.end), seed, escaped=True)
    )


def _hash_windows(windows: Iterable[str], seed: int, *, escaped: bool) -> Hashes:
    """A window may begin within a quoted string: then quotes are told rightly behind the next one."""
    found = []
    for text in windows:
        both = pl.Series("v", [text, text.partition('"')[2]])
        found.append(_hash_tokens(copytext.decode(both) if escaped else both, seed))
    return distinct_hashes(*found)


def hash_tokens(values: pl.Series, seed: int) -> Hashes:
    """Hashes of every part of a text, JSON or array value that could be somebody's original."""
    short, long = _part_by_length(values)
    parts = [
        _hash_windows(read_windows(text, 0, len(text)), seed, escaped=False) for text in long.cast(pl.Binary)
    ]
    return distinct_hashes(_hash_tokens(short, seed), *parts) if parts else _hash_tokens(short, seed)


def _hash_tokens(values: pl.Series, seed: int) -> Hashes:
    distinct = values.unique()
    distinct = distinct.filter(distinct.to_frame("v").select(_telling(pl.col("v"))).to_series())
    if distinct.is_empty():
        return _EMPTY
    distinct = _joined(distinct, _read_references(distinct), _read_escapes(distinct))
    found = [_extract(distinct, pattern) for pattern in _TOKENS]
    bare = [part.str.strip_chars(" \"'.-@") for part in found]
    return _hash(_joined(*found, *bare, _telephones_in(distinct), _compact_ibans_in(distinct)), seed)


def _read_references(texts: pl.Series) -> pl.Series:
    """What is written as &#64; or &amp;, in XML and HTML, as whoever reads it is told."""
    spelt = texts.filter(texts.str.contains(_REFERENCE))
    if spelt.is_empty():
        return spelt
    return pl.Series([unescape(text) for text in spelt.to_list()], dtype=pl.String)


def _read_escapes(texts: pl.Series) -> pl.Series:
    r"""What is written as \u0040 or \/ in JSON, whose type json keeps the spelling, and in scripts."""
    spelt = texts.filter(texts.str.contains(_ESCAPE))
    return pl.Series([_unescape(text) for text in spelt.to_list()], dtype=pl.String)


def _unescape(text: str) -> str:
    """Two halves of a character beyond the first 65,536 are written one by one; a half alone is none."""
    read = re.sub(_ESCAPE, lambda one: chr(int(one[1], 16)) if one[1] else "/", text)
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass
class Originals:
    """A bounded set of hashes that several workers add to. ``limit`` is in distinct hashes."""

    limit: int = DEFAULT_LIMIT
    count: int = 0
    exact: bool = True
    _known: Hashes = field(default_factory=lambda: _EMPTY, repr=False)
    _pending: list[Hashes] = field(default_factory=list, repr=False)
    _pending_count: int = 0
    _bits: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, hashes: Hashes) -> None:
        with self._lock:
            if self._bits is not None:
                self._set_bits(hashes)
                return
            self._pending.append(hashes)
            self._pending_count += len(hashes)
            if self._pending_count > max(1_000_000, len(self._known) // 2):
                self._compact()

    def settle(self) -> bool:
        """Call it when the last were added. Whether the set is exact."""
        with self._lock:
            if self._bits is None:
                self._compact()
        return self.exact

    def _compact(self) -> None:
        if self._pending:
            self._known = distinct_hashes(self._known, *self._pending)
            self._pending.clear()
            self._pending_count = 0
        self.count = len(self._known)
        if self.count > self.limit:
            self._bits = np.zeros(1 << (_FILTER_BITS - 3), dtype=np.uint8)
            self.exact = False
            known, self._known, self.count = self._known, _EMPTY, 0
            self._set_bits(known)

    def _places(self, hashes: Hashes) -> tuple[Hashes, Hashes]:
        mask = np.uint64((1 << _FILTER_BITS) - 1)
        return hashes & mask, (hashes >> np.uint64(64 - _FILTER_BITS)) & mask

    def _set_bits(self, hashes: Hashes) -> None:
        assert self._bits is not None  # noqa: S101  the caller has looked
        self.count += len(hashes) - int(np.count_nonzero(self._has_bits(hashes)))
        for place in self._places(hashes):
            np.bitwise_or.at(
                self._bits,
                (place >> np.uint64(3)).astype(np.int64),
                np.uint8(1) << (place & np.uint64(7)).astype(np.uint8),
            )

    def _has_bits(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        assert self._bits is not None  # noqa: S101  the caller has looked
        found = np.ones(len(hashes), dtype=bool)
        for place in self._places(hashes):
            bits = self._bits[(place >> np.uint64(3)).astype(np.int64)]
            found &= (bits >> (place & np.uint64(7)).astype(np.uint8)) & np.uint8(1) == 1
        return found

    def found_in(self, hashes: Hashes) -> Hashes:
        """Those of ``hashes`` that are originals' (or seem to be, once the set is a filter), distinct."""
        self.settle()
        if not len(hashes):
            return _EMPTY
        if self._bits is not None:
            return distinct_hashes(hashes[self._has_bits(hashes)])
        return common_hashes(hashes, self._known)
