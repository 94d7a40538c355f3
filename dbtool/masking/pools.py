"""Pools of plausible words per locale: made once by Faker, ordered by the domain's key, picked by digest."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from dbtool.digest import Digest
from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pool_store import keep_drawn
from dbtool.masking.word_locales import check_words
from dbtool.spelling import did_you_mean

_SEED = 20240229  # of Faker's draws: a pool is the same for every project, its order is the key's
_SMALLEST_POOL = 20
_SLUG_LEAST = 3
SLUG_LETTERS = 12
_LOADED: set[tuple[str, str]] = set()
_NOTED: dict[str, str] = {}


def _slug(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalpha())


def _draw_street(faker: Any) -> str:
    """In Japan a quarter and its number: a street has no name there."""
    return f"{faker.town()}{faker.chome()}" if hasattr(faker, "chome") else str(faker.street_name())


# kind → (what to ask Faker for, how often)
_KINDS: Mapping[str, tuple[Callable[[Any], str], int]] = {
    "first_name": (lambda faker: str(faker.first_name()), 20_000),
    "last_name": (lambda faker: str(faker.last_name()), 20_000),
    "slug": (lambda faker: _slug(faker.first_name()), 5_000),
    "company": (lambda faker: str(faker.company()), 5_000),
    "street": (_draw_street, 5_000),
    "city": (lambda faker: str(faker.city()), 5_000),
    "word": (lambda faker: str(faker.word()), 5_000),
    "postcode": (lambda faker: str(faker.postcode()), 5_000),
}

POOL_NAMES = tuple(_KINDS)


def make_faker(locale: str) -> Any:
    """A generator that draws the same in every process.

    :raises DoesNotFit: Faker has no such locale.
    """
    from faker import Faker  # noqa: PLC0415  150 ms that only a run with pools should pay
    from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415  see above

    if locale not in AVAILABLE_LOCALES:
        raise DoesNotFit(
            f"there is no locale {locale}{did_you_mean(locale, AVAILABLE_LOCALES)}",
            f"one of {', '.join(sorted(AVAILABLE_LOCALES))}",
        )
    faker = Faker(locale, use_weighting=False)
    faker.seed_instance(_SEED)
    return faker


@cache
def load_pool(kind: str, locale: str) -> tuple[str, ...]:
    """Every different word that a seeded Faker drew, sorted; the same in every process.

    :raises DoesNotFit: there is no such locale, or it has no words of that kind.
    """
    words = keep_drawn(f"{kind}-{locale}", _recipe(), lambda: _draw_pool(kind, locale))
    _LOADED.add((kind, locale))
    return words


def _draw_pool(kind: str, locale: str) -> list[str]:
    draw, draws = _KINDS[kind]
    faker = make_faker(locale)
    check_words(kind, locale)
    words = {unicodedata.normalize("NFC", draw(faker)) for _ in range(draws)}
    return sorted(word for word in words if word.isprintable() and word.strip())


@cache
def _recipe() -> str:
    """All that the words depend on beside Faker: this very module, and Unicode."""
    return f"{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()} {unicodedata.unidata_version}"


@cache
def load_slugs(locale: str) -> tuple[str, ...]:
    """Lower-case ASCII first names of at most 12 letters; en_US where the locale's script has none."""
    slugs = tuple(slug for slug in load_pool("slug", locale) if _SLUG_LEAST <= len(slug) <= SLUG_LETTERS)
    return slugs if len(slugs) >= _SMALLEST_POOL else load_slugs("en_US")


@cache
def is_number_first(locale: str) -> bool:
    """Does the locale write the house number before the street?"""
    addresses = keep_drawn(f"address-{locale}", _recipe(), lambda: _draw_addresses(locale))
    return sum(address[:1].isdigit() for address in addresses) > len(addresses) // 2


def _draw_addresses(locale: str) -> list[str]:
    faker = make_faker(locale)
    return [str(faker.street_address()) for _ in range(_SMALLEST_POOL)]


def shorten(pool: tuple[str, ...], longest: int | None, what: str) -> tuple[str, ...]:
    """The words of at most ``longest`` characters, in the same order."""
    words = tuple(word for word in pool if longest is None or len(word) <= longest)
    if len(words) < min(_SMALLEST_POOL, len(pool)):
        raise DoesNotFit(
            f"only {len(words)} of the locale's {what} have at most {longest} characters",
            "a larger max_length, another locale, or token",
        )
    return words


@cache
def shuffle(pool: tuple[str, ...], digest: Digest, purpose: str) -> pl.Series:
    """The pool in the domain's own order, so that a position tells nothing without the key."""
    words = list(pool)
    random.Random(digest.seed(f"pool {purpose}")).shuffle(words)  # noqa: S311  the seed is the key's
    return pl.Series(purpose, words, dtype=pl.String)


def pick(pool: pl.Series, words: pl.Series) -> pl.Series:
    """One entry per 64-bit word of digest; NULL stays NULL."""
    return pool.gather((words % len(pool)).cast(pl.UInt32))


def pool_digests(pools: Iterable[tuple[str, str]]) -> dict[str, str]:
    """SHA-256 per (kind, locale): what a newer Faker may change, and with it every stand-in picked."""
    return {f"{kind}/{locale}": _digest_words(load_pool(kind, locale)) for kind, locale in sorted(set(pools))}


def _digest_words(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def note_pool(name: str, words: Iterable[str]) -> None:
    """A pool that comes from elsewhere is part of ``pools_digest`` from now on."""
    _NOTED[name] = _digest_words(words)


def pools_digest() -> str:
    """One digest over every pool that this process has loaded: the manifest's."""
    digests = {**pool_digests(_LOADED), **_NOTED}
    lines = (f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
