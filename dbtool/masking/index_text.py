"""What the text of an index's expressions and predicate says of a column, as far as it can be read safely."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dbtool.catalog.relations import quote_identifier

_NAME = r'"(?:[^"]|"")+"|[^\s()"]+'
_FOLDED = re.compile(
    rf"(?:lower|upper)\(\(?({_NAME})\)?(?:::(?:text|character varying|citext))?\)\Z", re.IGNORECASE
)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"| AND |[()]""")


def folded_columns(expressions: Iterable[str]) -> set[str]:
    """The columns that stand alone in lower() or upper()."""
    matches = (_FOLDED.match(expression) for expression in expressions)
    return {_unquote(match[1]) for match in matches if match}


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def mentions(text: str, column: str) -> bool:
    """Literals aside, does the column's name stand there as a word?"""
    name = re.escape(quote_identifier(column))
    return re.search(rf'(?<![\w$"]){name}(?![\w$"])', without_literals(text)) is not None


def without_literals(text: str) -> str:
    return _LITERAL.sub("''", text)


def without_null_tests(text: str, column: str) -> str:
    """The text without ``column IS [NOT] NULL``: a mask keeps NULL NULL, so those come out as before."""
    name = re.escape(quote_identifier(column))
    return re.sub(rf'(?<![\w$"]){name} IS (?:NOT )?NULL', "", text)


def without_tests(text: str, column: str, *, of_null: bool, of_emptiness: bool) -> str:
    rest = without_null_tests(text, column) if of_null else text
    return _without_emptiness_tests(rest, column) if of_emptiness else rest


def _without_emptiness_tests(text: str, column: str) -> str:
    """The text without the parts, joined by AND alone, that are ``column <> ''``.

    Where masks keep an empty text empty, no row comes to meet those; one that no longer does collides with nobody.
    """
    is_tested = re.compile(
        rf"""\(*{re.escape(quote_identifier(column))}\)*(?:::text)? <> ''(?:::[\w ."]+)?"""
    )
    return " AND ".join(part for part in _conjuncts(text) if not is_tested.fullmatch(part))


def requires_value(text: str, column: str) -> bool:
    """Is all of it, or a part joined by AND alone, ``column IS NOT NULL``?"""
    return f"{quote_identifier(column)} IS NOT NULL" in _conjuncts(text)


def _conjuncts(text: str) -> list[str]:
    """What AND joins at the outermost level, each without the parentheses around it."""
    text = _bared(text)
    depth, start, parts = 0, 0, []
    for token in _TOKEN.finditer(text):
        depth += (token[0] == "(") - (token[0] == ")")
        if token[0] == " AND " and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    if not parts:
        return [text]
    return [inner for part in [*parts, text[start:]] for inner in _conjuncts(part)]


def _bared(text: str) -> str:
    while text.startswith("("):
        depth = 0
        for token in _TOKEN.finditer(text):
            depth += (token[0] == "(") - (token[0] == ")")
            if depth == 0:
                break
        if token.end() != len(text):
            return text
        text = text[1:-1]
    return text
