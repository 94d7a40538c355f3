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


def requires_value(text: str, column: str) -> bool:
    """Is all of it, or a part joined by AND alone, ``column IS NOT NULL``?"""
    name = re.escape(quote_identifier(column))
    found = re.search(rf'(?<![\w$"]){name} IS NOT NULL', _LITERAL.sub("''", text))
    return found is not None and not re.search(r"\b(OR|NOT \(|CASE)\b", text)
