"""What a CHECK's operators say of values as text. None: only the server could tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

Value = str | int | bool | Decimal | None

# Where PostgreSQL's regular expressions and Python's part ways.
_FOREIGN_REGEX = re.compile(r"\[\[[:.=]|\\[mMyYABZ]|\(\?|\*\*\*|[*+?}][+]")


def any_of(results: list[Value]) -> Value:
    if any(result is True for result in results):
        return True
    return False if all(result is False for result in results) else None


def all_of(results: list[Value]) -> Value:
    if any(result is False for result in results):
        return False
    return True if all(result is True for result in results) else None


def negate(result: Value) -> Value:
    return not result if isinstance(result, bool) else None


def _number(value: Value) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, (int, Decimal)) or isinstance(right, (int, Decimal)):
        one, other = _number(left), _number(right)
        return None if one is None or other is None else one == other
    return left == right if isinstance(left, str) and isinstance(right, str) else None


def _ordered(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Value, Value], bool | None]:
    """Numbers only: how texts and dates are ordered is the server's to say."""

    def decide(left: Value, right: Value) -> bool | None:
        one, other = _number(left), _number(right)
        return None if one is None or other is None else compare(one, other)

    return decide


def _matching(*, flags: re.RegexFlag) -> Callable[[Value, Value], bool | None]:
    def decide(value: Value, pattern: Value) -> bool | None:
        if not isinstance(value, str) or not isinstance(pattern, str) or _FOREIGN_REGEX.search(pattern):
            return None
        try:
            return re.search(pattern, value, flags) is not None
        except re.error:
            return None

    return decide


def _like(*, flags: re.RegexFlag) -> Callable[[Value, Value], bool | None]:
    def decide(value: Value, pattern: Value) -> bool | None:
        if not isinstance(value, str) or not isinstance(pattern, str) or "\\" in pattern:
            return None
        spelt = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
        return re.fullmatch(spelt, value, flags | re.DOTALL) is not None

    return decide


def _not(decide: Callable[[Value, Value], bool | None]) -> Callable[[Value, Value], bool | None]:
    def negated(left: Value, right: Value) -> bool | None:
        result = decide(left, right)
        return None if result is None else not result

    return negated


_EXACT, _FOLDED = re.NOFLAG, re.IGNORECASE
OPERATORS: dict[str, Callable[[Value, Value], bool | None]] = {
    "=": equal,
    "<>": _not(equal),
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
    "~": _matching(flags=_EXACT),
    "~*": _matching(flags=_FOLDED),
    "!~": _not(_matching(flags=_EXACT)),
    "!~*": _not(_matching(flags=_FOLDED)),
    "~~": _like(flags=_EXACT),
    "~~*": _like(flags=_FOLDED),
    "!~~": _not(_like(flags=_EXACT)),
    "!~~*": _not(_like(flags=_FOLDED)),
}
