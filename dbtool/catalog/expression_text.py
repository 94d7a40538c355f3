"""Expressions as pg_get_expr and its like give them, made alike for a database and for its restored copy. Pure."""

from __future__ import annotations

import re

_LITERAL_OR_NAME = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""
_TOKEN = re.compile(_LITERAL_OR_NAME + r"|[\w$]+|::|[<>=!~*/+\-|&#@^%?]+|[^\w\s()]")
_TEXT_CAST = re.compile(
    rf"({_LITERAL_OR_NAME})|::(?:text|character varying|character|bpchar)(?:\(\d+\))?(?:\[\])*(?![\w.])"
)
_CAST_ARRAY = "(ARRAY["
_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|.""", re.DOTALL)
_ARRAY_TYPE = re.compile(r"""\)::((?:"(?:[^"]|"")*"|[\w. ]|\([\d,]+\))+)\[\]""")


def normalise_expression(text: str) -> str:
    """The expression's tokens without parentheses and without casts among the text types.

    A restored CHECK reads back as another text of the same meaning: ``(ARRAY['a'::character varying])::text[]``
    becomes ``ARRAY[('a'::character varying)::text]``. Two expressions that differ in grouping alone look alike.
    """
    without_casts = _TEXT_CAST.sub(lambda match: match[1] or "", normalise_definition(text))
    return " ".join(_TOKEN.findall(without_casts))


def normalise_definition(text: str) -> str:
    """The text as it is after a dump and a restore.

    ``(ARRAY['a'::character varying])::text[]``, which PostgreSQL makes of a varchar's CHECK and IN, reads back as
    ``ARRAY[('a'::character varying)::text]`` and is stable from then on.
    """
    start = text.rfind(_CAST_ARRAY)
    while start >= 0:
        elements, end = _split_array(text, start + len(_CAST_ARRAY))
        cast = _ARRAY_TYPE.match(text, end) if end else None
        if cast:
            inner = ", ".join(f"({element})::{cast[1]}" for element in elements)
            text = f"{text[:start]}ARRAY[{inner}]{text[cast.end() :]}"
        start = text.rfind(_CAST_ARRAY, 0, start)
    return text


def without_doubled_parentheses(text: str) -> str:
    """Majors differ in how many they put round an index's expression. ``((a + b))`` becomes ``(a + b)``; a list in doubled ones is a row, and stays."""
    if "((" not in text:
        return text
    pieces = _PIECE.findall(text)
    ends: dict[int, int] = {}
    is_list: set[int] = set()
    opened: list[int] = []
    for place, piece in enumerate(pieces):
        if piece == "(":
            opened.append(place)
        elif piece == "," and opened:
            is_list.add(opened[-1])
        elif piece == ")" and opened:
            ends[opened.pop()] = place
    doubled = [at for at, end in ends.items() if ends.get(at + 1) == end - 1 and at + 1 not in is_list]
    left_out = {place for at in doubled for place in (at, ends[at])}
    return "".join(piece for place, piece in enumerate(pieces) if place not in left_out)


def _split_array(text: str, start: int) -> tuple[list[str], int]:
    """The elements of the array whose content begins at ``start``, and where its bracket is behind us; 0 if nowhere."""
    elements = [""]
    depth = 0
    for match in _PIECE.finditer(text, start):
        piece = match[0]
        depth += (piece in {"(", "["}) - (piece in {")", "]"})
        if depth < 0:
            return [element.strip() for element in elements], match.end()
        if piece == "," and depth == 0:
            elements.append("")
        else:
            elements[-1] += piece
    return [], 0
