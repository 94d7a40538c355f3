"""Filler in place of free text."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import polars as pl

from dbtool.digest import Digest
from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import PROSE_TYPES, check_type
from dbtool.masking.mask import BoundMask, Example, Mask, MaskContext, Overlap, Space, Uniqueness
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.pools import load_pool, pick

_PASSAGES = 1024
_PASSAGE_LETTERS = 400
_SENTENCE_WORDS = (4, 12)


def _write_sentence(words: Sequence[str], draw: random.Random) -> str:
    return " ".join(draw.choices(words, k=draw.randint(*_SENTENCE_WORDS))).capitalize() + "."


@cache
def _write_passages(locale: str, digest: Digest) -> pl.Series:
    """Each begins with a sentence of its own, and goes on with those of others: drawn word by word they took a hundredth of a
    small refresh.
    """
    draw = random.Random(digest.seed("lorem"))  # noqa: S311  the seed is the key's
    words = load_pool("word", locale)
    sentences = [_write_sentence(words, draw) for _ in range(_PASSAGES)]
    return pl.Series("passage", [_go_on(first, sentences, draw) for first in sentences], dtype=pl.String)


def _go_on(passage: str, sentences: Sequence[str], draw: random.Random) -> str:
    while len(passage) < _PASSAGE_LETTERS:
        passage = f"{passage} {draw.choice(sentences)}"
    return passage


def _cut(passages: pl.Series, lengths: pl.Series) -> pl.Series:
    """As much of each passage as fits, ending with a whole word; a single word that is too long is cut."""
    frame = pl.DataFrame({"passage": passages, "length": lengths})
    cut = pl.col("passage").str.slice(0, pl.col("length"))
    is_whole = pl.col("passage").str.slice(pl.col("length"), 1).is_in(["", " "])
    whole = pl.when(is_whole).then(cut).otherwise(cut.str.replace(r"\s\S*$", ""))
    return frame.select(whole.str.strip_chars_end()).to_series()


def _bind(options: LocaleOptions, context: MaskContext) -> BoundMask:
    check_type("lorem", context, PROSE_TYPES)
    passages = _write_passages(options.locale_in(context), context.digest)
    key_text = plan_key(context, ())

    def stand_in(values: pl.Series) -> pl.Series:
        lengths = values.str.len_chars()
        picked = pick(passages, context.digest.uint64(key_text(values)))
        longest = lengths.max()
        if isinstance(longest, int) and longest > _PASSAGE_LETTERS:
            picked = _repeat(picked, lengths)
        return _cut(picked, lengths)

    return per_value(stand_in)


def _repeat(passages: pl.Series, lengths: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"passage": passages, "times": lengths // _PASSAGE_LETTERS + 1})
    repeated = pl.col("passage").repeat_by("times").list.join(" ")
    return frame.select(repeated).to_series()


MASK = Mask(
    name="lorem",
    summary="Filler words of the locale, about as long as the text was and never longer.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(LocaleOptions, _bind),
    example=Example("body: {mask: lorem}", "varchar(200)", ("Ada was late again and blamed the loom.", None)),
    options=LocaleOptions,
)
