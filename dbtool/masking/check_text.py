"""The text of a simple CHECK → a predicate over one value. Only what is surely understood is read at all.

PostgreSQL prints every CHECK fully parenthesised, so a small grammar goes far: comparisons with literals,
patterns, lists, lengths, NULL tests, AND, OR and NOT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from dbtool.masking.check_operators import OPERATORS, Value, all_of, any_of, equal, negate

# The value as text → what the CHECK says of it; None where that is not known.
Predicate = Callable[[str], bool | None]
_Term = Callable[[str], Value]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>"(?:[^"]|"")+"|[A-Za-z_][\w$]*)
    |(?P<cast>::(?:"[^"]+"|[A-Za-z_][\w.]*)(?:\ varying|\ precision)?(?:\(\d+(?:,\d+)?\))?(?:\[\])?)
    |(?P<sign>!~~\*|!~~|!~\*|!~|~~\*|~~|~\*|~|<>|<=|>=|=|<|>|[()\[\],]))""",
    re.VERBOSE,
)
_LENGTHS = frozenset({"length", "char_length", "character_length"})


class _NotUnderstood(Exception):
    pass


def parse_check(definition: str, column: str) -> Predicate | None:
    """``definition`` is pg_get_constraintdef's; ``column`` the name it is about (VALUE in a domain's)."""
    match = re.match(r"CHECK \((.*)\)\Z", definition, re.DOTALL)
    if match is None:
        return None
    try:
        term = _Parser(match[1], column).parse()
    except _NotUnderstood:
        return None

    def holds(value: str) -> bool | None:
        result = term(value)
        return result if isinstance(result, bool) else None

    return holds


def _tokenise(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _NotUnderstood
        position = match.end()
        if match.lastgroup != "cast":
            tokens.append((match.lastgroup, match[match.lastgroup]))
    return tokens


class _Parser:
    def __init__(self, text: str, column: str) -> None:
        self._tokens = _tokenise(text)
        self._column = column
        self._next = 0

    def parse(self) -> _Term:
        term = self._either()
        if self._next != len(self._tokens):
            raise _NotUnderstood
        return term

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self, *expected: str) -> str:
        token = self._peek()
        if not token or (expected and token not in expected):
            raise _NotUnderstood
        self._next += 1
        return token

    def _either(self) -> _Term:
        terms = [self._both()]
        while self._peek() == "OR":
            self._take("OR")
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else lambda value: any_of([term(value) for term in terms])

    def _both(self) -> _Term:
        terms = [self._not()]
        while self._peek() == "AND":
            self._take("AND")
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else lambda value: all_of([term(value) for term in terms])

    def _not(self) -> _Term:
        if self._peek() != "NOT":
            return self._comparison()
        self._take("NOT")
        term = self._not()
        return lambda value: negate(term(value))

    def _comparison(self) -> _Term:
        left = self._operand()
        operator = self._peek()
        if operator == "IS":
            return self._null_test()
        if operator in OPERATORS:
            self._take(operator)
            if self._peek() == "ANY":
                return self._membership(left, operator)
            right, compare = self._operand(), OPERATORS[operator]
            return lambda value: compare(left(value), right(value))
        return left

    def _null_test(self) -> _Term:
        """A mask keeps a value a value."""
        self._take("IS")
        is_negated = self._peek() == "NOT"
        if is_negated:
            self._take("NOT")
        self._take("NULL")
        return lambda _value: is_negated

    def _membership(self, left: _Term, operator: str) -> _Term:
        if operator != "=":
            raise _NotUnderstood
        for token in ("ANY", "("):
            self._take(token)
        is_wrapped = self._peek() == "("
        if is_wrapped:
            self._take("(")
        for token in ("ARRAY", "["):
            self._take(token)
        members = [self._operand()]
        while self._peek() == ",":
            self._take(",")
            members.append(self._operand())
        for token in ("]", ")", ")") if is_wrapped else ("]", ")"):
            self._take(token)
        return lambda value: any_of([equal(left(value), member(value)) for member in members])

    def _operand(self) -> _Term:
        kind = self._tokens[self._next][0] if self._next < len(self._tokens) else ""
        token = self._take()
        if kind == "sign" and token == "(":  # noqa: S105  not a password, a bracket
            term = self._either()
            self._take(")")
            return term
        if kind == "string":
            text = token[1:-1].replace("''", "'")
            return lambda _value: text
        if kind == "number":
            number = Decimal(token)
            return lambda _value: number
        if kind == "name" and self._peek() == "(" and token in _LENGTHS:
            term = self._operand()
            return lambda value: _length(term(value))
        if kind == "name" and _unquote(token) == self._column:
            return lambda value: value
        raise _NotUnderstood


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, str) else None
