"""Names as YAML must spell them, for what people are to paste."""

from __future__ import annotations

import re

from dbtool.catalog.relations import RelationName

_PLAIN_ITEM = re.compile(r"[a-z_][a-z0-9_$.]*")


def spell_name(name: RelationName | str) -> str:
    """A relation, or another name that SQL has spelt. A quoted schema would start a YAML string, and ``#`` or ``: `` would
    end a plain one.
    """
    text = str(name)
    if text.startswith(('"', "[")) or not text.isprintable() or re.search(r":(\Z| )| #", text):
        return quote_yaml(text)
    return text


def quote_yaml(text: str) -> str:
    """A YAML string in double quotes; what does not print is escaped, since YAML allows little of it raw."""
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  four hexadecimal digits


def spell_item(name: str) -> str:
    """Within a list, where a comma or a bracket would end it."""
    return name if _PLAIN_ITEM.fullmatch(name) else quote_yaml(name)
