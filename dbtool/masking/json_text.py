"""JSON as text: its tokens, and the spelling of strings. What is not changed is never spelt anew."""

from __future__ import annotations

import json
import re
from enum import IntEnum

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(rf"(?s){STRING}|{NUMBER}|true|false|null|[{{}}\[\],:]|[ \t\n\r]+")


class TokenKind(IntEnum):
    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    NULL = 4
    MARK = 5
    BLANK = 6


_KINDS = {
    '"': TokenKind.STRING,
    **dict.fromkeys("-0123456789", TokenKind.NUMBER),
    **dict.fromkeys("tf", TokenKind.BOOLEAN),
    "n": TokenKind.NULL,
    **dict.fromkeys("{}[],:", TokenKind.MARK),
    **dict.fromkeys(" \t\n\r", TokenKind.BLANK),
}


def find_tokens(document: str) -> list[str] | None:
    """Every token, blanks included, so that joined they are the document; None where one is no JSON."""
    tokens: list[str] = _TOKEN.findall(document)
    return tokens if "".join(tokens) == document else None


def kind_of(token: str) -> TokenKind:
    return _KINDS[token[0]]


def read_string(spelt: str) -> str:
    """The text of a string token. Halves of surrogate pairs, which no text column can hold, become U+FFFD."""
    if "\\" not in spelt:
        return spelt[1:-1]
    text: str = json.loads(spelt, strict=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def spell_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
