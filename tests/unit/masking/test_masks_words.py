"""What `word` makes of a text is promised from one version to the next: a faster way must make the same."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from dbtool.masking.masks import word

MaskValues = Any  # the fixture of conftest.py, which test files cannot import

TEXTS = {
    "Lovelace family, URGENT": "Bakibaba nulóki, NUKINU",
    "urgent": "nukinu",
    " two  words ": " lón  dekin ",
    "3 items at 4,50": "0 badek nu 0,00",
    "A a B b": "X x X x",
    "invoice2024 Invoice2024 INVOICE2024": "bakidenuk Bakidenuk BAKIDENUK",
    "Größe der Straße": "Deban ban Badede",
    "漢字 und «ça»": "nu nul «ló»",
    "incomprehensibilities of counterrevolutionaries": "babadelób ki badenukib",
    "well-known/known\tknown\nKnown": "nunu-nukil/nukil\tnukil\nNukil",
    "...": "...",
}


def _spell_pool(_kind: str, _locale: str) -> tuple[str, ...]:
    """Words of 2 to 9 letters, whatever Faker has; some in other letters than ASCII."""
    syllables = ["ba", "de", "ki", "ló", "nu"]
    return tuple(
        "".join(word)[:length]
        for length in range(2, 10)
        for word in itertools.islice(itertools.product(syllables, repeat=(length + 1) // 2), 400)
    )


@pytest.fixture(autouse=True)
def _pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "load_pool", _spell_pool)


def test_a_text_is_masked_as_it_has_always_been(mask_values: MaskValues) -> None:
    assert dict(zip(TEXTS, mask_values("word", list(TEXTS)), strict=True)) == TEXTS


def _spell_texts(count: int, letters: str) -> Iterator[str]:
    draws = random.Random(7)
    for _ in range(count):
        words = ["".join(draws.choices(letters, k=draws.randint(1, 24))) for _ in range(draws.randint(0, 4))]
        yield draws.choice([" ", ", ", "-", "\n"]).join(words)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("ab", "bd7c1885194e0689c04c794a83de6dec6d896d3bfaf4f2ea63cc7a92beac47bb"),
        ("abcDEF12", "a0e0115e53e075f2b4311edfdedfb451a1a5211dd03e6ed7035513970bbdf9f5"),
        ("aé漢B", "4067c81ac2a74bd37b43d93cc54e19742265ea595e0f6dad86503c58ae9ef2a5"),
    ],
)
def test_texts_of_any_words_are_masked_as_they_have_always_been(
    mask_values: MaskValues, letters: str, expected: str
) -> None:
    outputs = mask_values("word", list(_spell_texts(3000, letters)))
    assert hashlib.sha256("\0".join(map(str, outputs)).encode()).hexdigest() == expected


def test_a_word_is_replaced_alike_alone_and_among_others(mask_values: MaskValues) -> None:
    texts = [text for text in _spell_texts(500, "abC9") if text.strip()]
    words = sorted({one for text in texts for one in text.replace(",", " ").replace("-", " ").split()})
    alone = dict(zip(words, mask_values("word", words), strict=True))
    blanks = [text.replace(",", " ").replace("-", " ") for text in texts]
    assert mask_values("word", blanks) == [
        "".join(
            str(alone[part]) if part in alone else part
            for part in ["".join(run) for _, run in itertools.groupby(text, str.isspace)]
        )
        for text in blanks
    ]
