"""Which locales have words of their own: in the others Faker draws American ones and says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from dbtool.masking.mask import DoesNotFit

# pool → Faker's package, by locale; what is not here needs none (filler words, ASCII names for addresses)
_PACKAGES: Mapping[str, str] = {
    "first_name": "person",
    "last_name": "person",
    "company": "company",
    "street": "address",
    "city": "address",
    "postcode": "address",
}
_ANY = "en"  # American words serve every English locale


@cache
def list_locales(kind: str) -> tuple[str, ...]:
    """The locales that have words of that kind, sorted."""
    from faker.utils.loading import list_module  # noqa: PLC0415  150 ms that only a run with pools should pay

    return tuple(sorted(set(list_module(import_module(f"faker.providers.{_PACKAGES[kind]}")))))


def check_words(kind: str, locale: str) -> None:
    """:raises DoesNotFit: the locale has none of them and its language is not English."""
    language = locale.partition("_")[0]
    if kind not in _PACKAGES or language == _ANY or locale in (known := list_locales(kind)):
        return
    related = [other for other in known if other.partition("_")[0] == language]
    what = kind.replace("_", " ")
    raise DoesNotFit(
        f"the locale {locale} has no {what} of its own",
        f"`locale:` with one of {', '.join(related or known)}",
    )
