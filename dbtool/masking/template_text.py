"""``user-{digits:6}@{domain}.example`` → parts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dbtool.masking.pools import POOL_NAMES
from dbtool.spelling import did_you_mean

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_COUNT = re.compile(r"[1-9][0-9]{0,2}\Z", re.ASCII)
_BOUNDS = re.compile(r"([0-9]{1,15})-([0-9]{1,15})\Z", re.ASCII)
_MOST_CHARACTERS = 200  # of one part


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Characters:
    """``length`` characters of one of the ``ALPHABETS``."""

    kind: str
    length: int


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Word:
    pool: str


@dataclass(frozen=True, slots=True)
class ColumnText:
    column: str


@dataclass(frozen=True, slots=True)
class DomainName:
    """What the domain is called."""


Part = Literal | Characters | Number | Word | ColumnText | DomainName

ALPHABETS: Mapping[str, str] = {
    "digits": "0123456789",
    "letters": "abcdefghijklmnopqrstuvwxyz",
    "hex": "0123456789abcdef",
}
_KINDS = (*ALPHABETS, "number", "pool", "column", "domain")


def parse_template(text: str) -> tuple[Part, ...]:
    """:raises ValueError: with what is wrong and where; nothing in a template is a value of anybody's."""
    if "\0" in text:
        raise ValueError("PostgreSQL has no text with NUL")
    return tuple(_parse_pieces(text))


def _parse_pieces(text: str) -> Iterator[Part]:
    for piece in _PIECE.finditer(text):
        if piece[0] in {"{{", "}}"}:
            yield Literal(piece[0][0])
        elif piece[0] in {"{", "}"}:
            raise ValueError(
                f"the {piece[0]} at character {piece.start() + 1} stands alone; write {piece[0] * 2} for the character"
            )
        elif piece[1] is None:
            yield Literal(piece[0])
        else:
            yield _parse_part(piece[0], *piece[1].partition(":"))


def _parse_part(written: str, kind: str, colon: str, argument: str) -> Part:
    kind, argument = kind.strip(), argument.strip()
    if kind not in _KINDS:
        nearest = did_you_mean(kind, _KINDS) or f"; the parts are {', '.join(_KINDS)}"
        raise ValueError(f"there is no part {written}{nearest}")
    if kind == "domain":
        if colon:
            raise ValueError(f"{written}: domain stands alone, for the name of the mask's domain")
        return DomainName()
    if kind in ALPHABETS:
        return Characters(kind, _parse_count(written, kind, argument))
    return {"number": _parse_number, "pool": _parse_pool, "column": _parse_column}[kind](written, argument)


def _parse_count(written: str, kind: str, argument: str) -> int:
    if not _COUNT.match(argument) or int(argument) > _MOST_CHARACTERS:
        raise ValueError(f"{written}: say how many, from 1 to {_MOST_CHARACTERS}, as in {{{kind}:6}}")
    return int(argument)


def _parse_number(written: str, argument: str) -> Part:
    bounds = _BOUNDS.match(argument)
    if bounds is None or int(bounds[1]) > int(bounds[2]):
        raise ValueError(
            f"{written}: give both ends, the lower first, of at most 15 digits, as in {{number:1-100}}"
        )
    return Number(int(bounds[1]), int(bounds[2]))


def _parse_pool(written: str, argument: str) -> Part:
    if argument not in POOL_NAMES:
        nearest = did_you_mean(argument, POOL_NAMES) or f"; the pools are {', '.join(POOL_NAMES)}"
        raise ValueError(f"{written}: there is no such pool{nearest}")
    return Word(argument)


def _parse_column(written: str, argument: str) -> Part:
    if not argument:
        raise ValueError(f"{written}: name the column, as in {{column:id}}")
    return ColumnText(argument)
