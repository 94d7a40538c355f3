"""What looks like somebody's data in plain text: e-mail addresses, telephone numbers, IBANs, card numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbtool.findings import Finding, Severity

_EMAIL = re.compile(r"[\w.%+'-]+@(?P<domain>[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})", re.IGNORECASE)
# RFC 2606 and RFC 6761: nobody's.
_RESERVED_DOMAIN = re.compile(
    r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost|local)\Z", re.IGNORECASE
)
_TELEPHONE = re.compile(r"(?<![\w.])\+[1-9]\d{0,2}[ ()./-]*(?:\d[ ()./-]*){7,12}(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])")
_IBAN_REMAINDER = 1
_HIGHEST_DIGIT = 9


def find_kinds(text: str) -> tuple[str, ...]:
    """The kinds of personal data that ``text`` seems to hold, in words for a message."""
    return tuple(kind for kind, is_in in _KINDS if is_in(text))


def _has_email(text: str) -> bool:
    return any(not _RESERVED_DOMAIN.search(match["domain"]) for match in _EMAIL.finditer(text))


def _has_telephone(text: str) -> bool:
    return _TELEPHONE.search(text) is not None


def _has_iban(text: str) -> bool:
    return any(_is_iban(match.group().replace(" ", "")) for match in _IBAN.finditer(text))


def _is_iban(text: str) -> bool:
    """ISO 7064 mod 97-10, as ISO 13616 has it."""
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return int(number) % 97 == _IBAN_REMAINDER


def _has_card(text: str) -> bool:
    return any(_is_card(re.sub(r"\D", "", match.group())) for match in _CARD.finditer(text))


def _is_card(digits: str) -> bool:
    """Luhn's check over a number that begins as a payment card's does (ISO/IEC 7812)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    total = sum(value - _HIGHEST_DIGIT if value > _HIGHEST_DIGIT else value for value in doubled)
    return digits[0] in "23456" and total % 10 == 0


_KINDS = (
    ("an e-mail address", _has_email),
    ("a telephone number", _has_telephone),
    ("an IBAN", _has_iban),
    ("a card number", _has_card),
)


def judge_schema_texts(texts: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """(object, its text) → a warning per object whose text is copied as it is and looks like somebody's data."""
    for where, text in texts:
        kinds = find_kinds(text)
        if kinds:
            yield Finding(
                "personal-data-in-schema",
                Severity.WARNING,
                where,
                f"holds what looks like {' and '.join(kinds)}; DDL is copied as it is",
                "take it out of the source's schema with a migration",
            )
