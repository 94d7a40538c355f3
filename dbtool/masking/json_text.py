"""JSON as text: its tokens, and the spelling of strings. What is not changed is never spelt anew."""

from __future__ import annotations

import json
import re
from enum import IntEnum
from typing import NamedTuple

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(rf"(?s)({STRING})|({NUMBER})|(true|false)|(null)|([{{}}\[\],:])|([ \t\n\r]+)")


class TokenKind(IntEnum):
    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    NULL = 4
    MARK = 5
    BLANK = 6


class Token(NamedTuple):
    kind: TokenKind
    text: str


_KINDS = [TokenKind.BLANK, *TokenKind]  # by number of the pattern's group


def find_tokens(document: str) -> list[Token] | None:
    """Every token, blanks included, so that their texts joined are the document; None where one is no JSON."""
    tokens = []
    position = 0
    for match in _TOKEN.finditer(document):
        if match.start() != position or match.lastindex is None:
            return None
        position = match.end()
        tokens.append(Token(_KINDS[match.lastindex], match.group()))
    return tokens if position == len(document) else None


def read_string(spelt: str) -> str:
    """The text of a string token. Halves of surrogate pairs, which no text column can hold, become U+FFFD."""
    if "\\" not in spelt:
        return spelt[1:-1]
    text: str = json.loads(spelt, strict=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def spell_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
