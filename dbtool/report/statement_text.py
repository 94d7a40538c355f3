"""A statement as reports show it: everything that a revision sends but the passwords in it, which may come from variables."""

from __future__ import annotations

import re

_HIDDEN = "…"
_TRIGGER = re.compile(r"passw|://", re.IGNORECASE)
_LITERAL = re.compile(
    r"(\bpassw(?:or)?d\b\"?\s*(?:=>|:=|=)?\s*)(?:[eEnN]?'(?:[^'\\]|''|\\.)*'|\$(\w*)\$.*?\$\2\$)",
    re.IGNORECASE | re.DOTALL,
)
_STRING = re.compile(r"'(?:[^']|'')*'")
_PAIR = re.compile(r"(\bpassw(?:or)?d\s*=\s*)[^\s'\"&]+", re.IGNORECASE)  # of a conninfo
_URL = re.compile(r"(://[^\s:/@'\"]*:)[^\s@'\"]+(?=@)")


def shown(sql: str) -> str:
    if not _TRIGGER.search(sql):
        return sql
    text = _LITERAL.sub(rf"\1'{_HIDDEN}'", sql)
    text = _STRING.sub(lambda found: _PAIR.sub(rf"\1{_HIDDEN}", found[0]), text)
    return _URL.sub(rf"\1{_HIDDEN}", text)
