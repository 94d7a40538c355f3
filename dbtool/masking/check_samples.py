"""Values to try a CHECK with: what its own text names, what its patterns describe, and everyday ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

_NEIGHBOURS = 50  # on either side of each number it names: a permutation leaves a bound within so many
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'{,-])-?\d+(?:\.\d+)?(?![\w.'},])")
_EVERYDAY = ("1", "0", "-1", "42", "1000001", "a", "A", "Ada Lovelace", "ada@example.org", "+44 20 7946 0958")

# One element of a regular expression and how often it comes.
_ELEMENT = re.compile(
    r"(?P<what>\[\^?\]?[^\]]*\]|\\.|[^\\\[\]{}()*+?|^$])(?:\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|(?P<times>[*+?]))?"
)
_CANDIDATES = "1a A0-@._+Zz9"
_LONGEST = 64


def sample_values(definition: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Each once, in an order that repeats."""
    return tuple(dict.fromkeys((*more, *_named(definition), *_EVERYDAY)))


def _named(definition: str) -> Iterator[str]:
    for match in _LITERAL.finditer(definition):
        text = match[1].replace("''", "'")
        yield text
        yield from _expand(text)
    for match in _NUMBER.finditer(_LITERAL.sub("''", definition)):
        number = Decimal(match[0])
        yield from (str(number + step) for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1))


def _expand(pattern: str) -> Iterator[str]:
    """The shortest and a longer text that a plain pattern describes; nothing for one with groups."""
    body = pattern.removeprefix("^").removesuffix("$")
    elements = list(_ELEMENT.finditer(body))
    if not body or "".join(element[0] for element in elements) != body:
        return
    for take_most in (False, True):
        text = "".join(_pick(element["what"]) * _count(element, take_most=take_most) for element in elements)
        if len(text) <= _LONGEST:
            yield text


def _pick(what: str) -> str:
    if len(what) == 1:
        return "a" if what == "." else what
    try:
        return next((letter for letter in _CANDIDATES if re.fullmatch(what, letter)), what[-1:])
    except re.error:
        return what[-1:]


def _count(element: re.Match[str], *, take_most: bool) -> int:
    if element["least"] is not None:
        least = int(element["least"])
        most = least if element["most"] is None else int(element["most"] or least + 3)
        return most if take_most else least
    return {"*": 0, "?": 0, "+": 1, None: 1}[element["times"]] + (
        2 if take_most and element["times"] in ("*", "+") else 0
    )
