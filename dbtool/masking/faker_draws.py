"""What any of Faker's providers draws, as a pool; refused where another day or process would draw other values."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import Any

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pools import make_faker, note_pool
from dbtool.spelling import did_you_mean

_DRAWS_PER_WORD = 4  # a provider with few words is asked no more often than this
_REPEATED = 50
LONGEST = 10_000
_TEXT_LIKE = (str, int, float, Decimal)
_INSTEAD = "a provider of texts or numbers, such as job or color_name"

# What a draw must not ask of this machine. date.today and datetime.now are told by their name.
_CLOCKS = (time.time, time.time_ns, time.localtime, time.gmtime, os.urandom, open)
_CLOCK_NAMES = frozenset({"now", "today", "utcnow"})


def draw_pool(provider: str, arguments: Mapping[str, Any], size: int, locale: str) -> tuple[str, ...]:
    """Up to ``size`` different texts, sorted; the same in every process, whatever the key.

    :raises DoesNotFit: no such provider, arguments that it does not take, or draws that cannot be repeated.
    """
    words = _draw(provider, json.dumps(arguments, sort_keys=True), size, locale)
    note_pool(f"faker {provider} {json.dumps(arguments, sort_keys=True)} {size}/{locale}", words)
    return words


@lru_cache(maxsize=64)
def _draw(provider: str, arguments: str, size: int, locale: str) -> tuple[str, ...]:
    first, again, ask = (_find_provider(provider, json.loads(arguments), locale) for _ in range(3))
    if [first() for _ in range(_REPEATED)] != [again() for _ in range(_REPEATED)]:
        raise DoesNotFit(f"Faker's {provider} draws other values every time", _INSTEAD)
    with _refusing_clocks(provider):
        words = _distinct(ask, size)
    if not words:
        raise DoesNotFit(f"Faker's {provider} draws nothing but empty texts", _INSTEAD)
    return tuple(sorted(words))


def _distinct(ask: Callable[[], str], size: int) -> set[str]:
    words: set[str] = set()
    for _ in range(size * _DRAWS_PER_WORD):
        word = ask()
        if word.strip():
            words.add(word)
        if len(words) == size:
            break
    return words


def _find_provider(provider: str, arguments: Mapping[str, Any], locale: str) -> Callable[[], str]:
    """A freshly seeded generator's method. Only what a provider class offers: nothing that configures the generator."""
    faker = make_faker(locale)
    offered = _offered(faker)
    if provider not in offered:
        nearest = did_you_mean(provider, offered) or "; https://faker.readthedocs.io lists them"
        raise DoesNotFit(f"Faker has no provider {provider} in {locale}{nearest}", "another provider")
    method = getattr(faker, provider)

    def ask() -> str:
        try:
            value = method(**arguments)
        except Exception as error:  # noqa: BLE001  a provider raises anything at arguments that it does not take
            reason = f"{type(error).__name__}: {error}"
            raise DoesNotFit(
                f"Faker's {provider} does not work with these arguments ({reason})", "other `arguments`"
            ) from None
        return _spell(provider, value)

    return ask


def _offered(faker: Any) -> frozenset[str]:
    return frozenset(
        name
        for provider in faker.get_providers()
        for name in dir(provider)
        if not name.startswith("_") and callable(getattr(provider, name))
    )


def _spell(provider: str, value: object) -> str:
    if not isinstance(value, _TEXT_LIKE) or isinstance(value, bool):
        kind = "nothing" if value is None else type(value).__name__
        raise DoesNotFit(f"Faker's {provider} makes {kind}, and not a text", _INSTEAD)
    text = str(value)
    if "\0" in text or len(text) > LONGEST:
        raise DoesNotFit(
            f"Faker's {provider} makes texts with NUL or of over {LONGEST:,} characters", _INSTEAD
        )
    return text


@contextmanager
def _refusing_clocks(provider: str) -> Iterator[None]:
    """Notice calls of the clock, of the system's randomness and of files: a pool of dates up to today is another tomorrow."""
    asked: set[str] = set()

    def notice(_frame: object, event: str, called: Any) -> None:
        if event == "c_call" and (called in _CLOCKS or getattr(called, "__name__", "") in _CLOCK_NAMES):
            asked.add(called.__name__)

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        yield
    finally:
        sys.setprofile(before)
    if asked:
        raise DoesNotFit(
            f"Faker's {provider} goes by this machine's clock, chance or files, so that its values would be others "
            "tomorrow",
            f"{_INSTEAD}; for dates shift_date or birth_date",
        )
