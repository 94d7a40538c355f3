"""A statement's parameters as the parent is told of them: a digest, since the values are rows."""

from __future__ import annotations

import hashlib
from typing import Any, Iterator


def digest(parameters: Any) -> str:
    """Empty where there are none. Alike for alike values, whatever the run; none of them can be read from it."""
    if not parameters:
        return ""
    found = hashlib.sha256()
    for piece in _pieces(parameters):
        found.update(piece)
    return found.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    """Each with its length before it. What drivers wrap, as psycopg's Jsonb, shortens itself when it is printed."""
    if isinstance(value, dict):
        yield b"{%d" % len(value)
        for name in value:
            yield from _pieces(name)
            yield from _pieces(value[name])
    elif isinstance(value, (list, tuple)):
        yield b"[%d" % len(value)
        for one in value:
            yield from _pieces(one)
    elif hasattr(value, "obj"):
        yield from _pieces(value.obj)
    else:
        text = repr(value).encode("utf-8", "backslashreplace")
        yield b"%d:%s" % (len(text), text)
