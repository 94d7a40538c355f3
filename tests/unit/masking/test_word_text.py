"""Each word of a text replaced, and nothing else."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dbtool.masking.word_text import map_words

PLAIN = ["two words", " (a)-b,", "...", "x1 y2 z3", "a", "", "-", "a\tb\nc", "the the end"]
FOREIGN = ["Größe 12", "漢字 und «ça»", "é", "—"]


def _double(words: pl.Series) -> pl.Series:
    return words + words


def _shorten(words: pl.Series) -> pl.Series:
    return words.str.head(1)


TEXTS = [PLAIN, FOREIGN, PLAIN + FOREIGN, ["one", "two"], ["-", "!"]]


@pytest.mark.parametrize("texts", TEXTS)
def test_words_may_grow(texts: list[str]) -> None:
    expected = [re.sub(r"(\w+)", r"\1\1", text) for text in texts]
    assert map_words(pl.Series(texts), _double).to_list() == expected


@pytest.mark.parametrize("texts", TEXTS)
def test_words_may_shrink(texts: list[str]) -> None:
    expected = [re.sub(r"(\w)\w*", r"\1", text) for text in texts]
    assert map_words(pl.Series(texts), _shorten).to_list() == expected


def test_asks_for_each_word_once() -> None:
    asked: list[str] = []

    def note(words: pl.Series) -> pl.Series:
        asked.extend(words.to_list())
        return words

    map_words(pl.Series(["one two", "two three", "one one"]), note)
    assert sorted(asked) == ["one", "three", "two"]


def test_texts_with_the_character_that_no_column_holds_are_kept_apart() -> None:
    assert map_words(pl.Series(["a\0b c", "d e"]), _double).to_list() == ["aa\0bb cc", "dd ee"]
