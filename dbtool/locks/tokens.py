"""SQL text → its words, without comments and without the insides of strings. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dbtool.catalog.relations import quote_identifier

# PostgreSQL folds no other letters: ``größe`` is ``größe``.
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class TokenKind(Enum):
    WORD = "word"
    QUOTED = "quoted"
    STRING = "string"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` of a word is upper case, of a quoted name what it quotes. ``start`` and ``end`` are offsets in the SQL."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def name(self) -> str | None:
        """As an identifier: PostgreSQL folds a bare one to lower case."""
        if self.kind is TokenKind.WORD:
            return self.text.translate(_LOWER)
        return self.text if self.kind is TokenKind.QUOTED else None


_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | --[^\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
    | (?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$)
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokenize(sql: str) -> Iterator[Token]:
    """What is not closed is read to the end: the server has judged the text already."""
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None:
            return
        if match["comment"]:
            position = _end_of_comment(sql, match.end())
            continue
        position = match.end()
        if not match["space"]:
            yield _token(match)


def _token(match: re.Match[str]) -> Token:
    text, place = match[0], match.span()
    if match["word"]:
        return Token(TokenKind.WORD, text.translate(_UPPER), *place)
    if match["quoted"]:
        return Token(TokenKind.QUOTED, text[1:-1].replace('""', '"'), *place)
    if match["escaped"] or match["string"] or match["dollar"]:
        return Token(TokenKind.STRING, text, *place)
    return Token(TokenKind.MARK, text, *place)


def _end_of_comment(sql: str, position: int) -> int:
    """PostgreSQL's comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, position):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)


def split_at(tokens: tuple[Token, ...], mark: str) -> Iterator[tuple[Token, ...]]:
    """The parts between marks that are in no parentheses; an empty one is left out."""
    depth, begin = 0, 0
    for position, token in enumerate(tokens):
        if token.kind is not TokenKind.MARK:
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if token.text == mark and not depth:
            yield from filter(None, [tokens[begin:position]])
            begin = position + 1
    yield from filter(None, [tokens[begin:]])


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written, with its schema or without."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(map(quote_identifier, self.parts))

    def means(self, relation: str) -> bool:
        """Whether it can stand for ``relation``, which is spelt with its schema."""
        return split_name(relation)[-len(self.parts) :] == self.parts


def split_name(relation: str) -> tuple[str, ...]:
    """``public."Order"`` → ``("public", "Order")``."""
    return tuple(token.name for token in tokenize(relation) if token.name is not None)
