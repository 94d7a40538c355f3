"""Short texts of a few words: tags, titles, labels, nicknames."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_type
from dbtool.masking.mask import BoundMask, Example, Mask, MaskContext, Overlap, Space, Uniqueness
from dbtool.masking.masks.redact import blank_out
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.pool_mask import CANONICAL
from dbtool.masking.pools import load_pool, shuffle
from dbtool.masking.word_text import map_words

_LONGEST = 20
_FEW = 50  # words of one length; below it shorter ones are taken, too


def _sort_by_length(pool: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
    """Length → the words that may stand for one so long: as long, or somewhat shorter where those are few.

    Only words that are as long in capitals (ß is not) and have no blank or sign within.
    """
    words = {
        word.lower()
        for word in pool
        if word.isalpha() and len(word.upper()) == len(word.lower()) == len(word)
    }
    found: dict[int, tuple[str, ...]] = {}
    for length in range(1, _LONGEST + 1):
        shortest = length
        while shortest > 1 and sum(shortest <= len(word) <= length for word in words) < _FEW:
            shortest -= 1
        found[length] = tuple(sorted(word for word in words if shortest <= len(word) <= length))
    return found


def _bind(options: LocaleOptions, context: MaskContext) -> BoundMask:
    check_type("word", context, PROSE_TYPES)
    pools = {
        length: shuffle(words, context.digest, "word")
        for length, words in _sort_by_length(load_pool("word", options.locale_in(context))).items()
        if words
    }
    stand_in = _plan_words(pools, context)
    return per_value(lambda values: map_words(values, stand_in))


def _plan_words(pools: dict[int, pl.Series], context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    """All pools laid end to end; a word's length says which part is its own."""
    all_words = pl.concat([pool.rename("word") for pool in pools.values()])
    sizes = [len(pools.get(length, ())) for length in range(_LONGEST + 1)]
    starts = [sum(sizes[:length]) for length in range(_LONGEST + 1)]
    key_text = plan_key(context, CANONICAL)

    def pick_words(words: pl.Series, length: pl.Series) -> pl.Series:
        size = pl.Series(sizes, dtype=pl.UInt64).gather(length)
        rows = (
            pl.Series(starts, dtype=pl.UInt64).gather(length) + context.digest.uint64(key_text(words)) % size
        )
        return _case_like(words, all_words.gather(rows.cast(pl.UInt32)))

    def stand_in(words: pl.Series) -> pl.Series:
        length = words.str.len_chars().clip(0, _LONGEST).cast(pl.Int64)
        is_known = pl.Series(sizes).gather(length).cast(pl.Boolean) & words.str.contains(r"\p{L}")
        if is_known.all():
            return pick_words(words, length)
        outputs = words.clone().scatter((~is_known).arg_true(), blank_out(words.filter(~is_known)))
        if not is_known.any():
            return outputs
        return outputs.scatter(
            is_known.arg_true(), pick_words(words.filter(is_known), length.filter(is_known))
        )

    return stand_in


def _case_like(words: pl.Series, picked: pl.Series) -> pl.Series:
    """Capitals throughout, at the beginning, or none, as the word has them."""
    rows = _list_capitalised(words)
    if rows.is_empty():
        return picked
    return picked.scatter(rows, _capitalise_like(words.gather(rows), picked.gather(rows)))


def _list_capitalised(words: pl.Series) -> pl.Series:
    """The words that are not all in small letters. Measured: searched in half the time that making them small takes."""
    is_ascii = words.str.len_bytes().sum() == words.str.len_chars().sum()
    return (words.str.contains("[A-Z]") if is_ascii else words != words.str.to_lowercase()).arg_true()


def _capitalise_like(words: pl.Series, picked: pl.Series) -> pl.Series:
    """No word is all in small letters."""
    is_capital = words.str.head(1) != words.str.head(1).str.to_lowercase()
    is_shouted = (words == words.str.to_uppercase()) & (words.str.len_chars() > 1)
    capital = picked.str.head(1).str.to_uppercase() + picked.str.slice(1)
    return picked.str.to_uppercase().zip_with(is_shouted, capital.zip_with(is_capital, picked))


MASK = Mask(
    name="word",
    summary="As many words of the locale, each no longer than the one it stands for and with its capitals; what is "
    "between them stays. A number becomes zeros.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(LocaleOptions, _bind),
    example=Example("title: {mask: word}", "varchar(80)", ("Lovelace family, URGENT", "urgent", None)),
    options=LocaleOptions,
    canonical=CANONICAL,
)
