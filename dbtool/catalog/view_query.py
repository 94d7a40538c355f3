"""A view's query as servers from 16 on spell it, from the spelling of an older one. Pure.

Before 16 pg_get_viewdef says ``SELECT users.id FROM public.users``, since then ``SELECT id FROM public.users``: columns
need no name before them where all are of one place. Within subqueries they have it on every server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NAME = r'"(?:[^"]|"")*"|[^\W\d][\w$]*'
_PIECE = re.compile(rf"'(?:[^']|'')*'|{_NAME}|::|\s+|.", re.DOTALL)
_IS_NAME = re.compile(_NAME)
_QUERIES = frozenset({"SELECT", "WITH", "VALUES"})
_SET_OPERATIONS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_BEHIND_FROM = frozenset({"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"})
_BEFORE_NO_COLUMN = frozenset({"::", ".", "COLLATE"})


@dataclass(frozen=True, slots=True)
class _Token:
    """``number`` is its place in the text; ``depth`` counts the parentheses around it, one of which may hold a query."""

    number: int
    text: str
    depth: int
    in_subquery: bool


def spell_as_since_16(query: str) -> str:
    pieces: list[str] = _PIECE.findall(query)
    tokens = [token for token in _read_tokens(pieces) if not token.text.isspace()]
    only = _find_only_place(tokens)
    prefixes = [
        at
        for at, token in enumerate(tokens)
        if token.text == only and not token.in_subquery and _stands_before_a_column(tokens, at)
    ]
    gone = {tokens[at + beside].number for at in prefixes for beside in (0, 1)}
    return "".join(piece for number, piece in enumerate(pieces) if number not in gone)


def _stands_before_a_column(tokens: Sequence[_Token], at: int) -> bool:
    """Not as a schema's name before a function, a type or a collation, nor before the dot and star of a whole row."""
    before = tokens[at - 1].text if at else ""
    point, name, beyond = (*(token.text for token in tokens[at + 1 : at + 4]), "", "", "")[:3]
    return (
        point == "."
        and _IS_NAME.fullmatch(name) is not None
        and beyond not in {"(", "."}
        and before not in _BEFORE_NO_COLUMN
    )


def _read_tokens(pieces: Sequence[str]) -> Iterator[_Token]:
    holds_query: list[bool] = []
    for number, piece in enumerate(pieces):
        if piece == ")":
            holds_query.pop()
        yield _Token(number, piece, len(holds_query), any(holds_query))
        if piece == "(":
            following = (other for other in pieces[number + 1 : number + 3] if not other.isspace())
            holds_query.append(next(following, "") in _QUERIES)


def _find_only_place(tokens: Sequence[_Token]) -> str | None:
    """The name by which the query calls the one place that it reads; None where there are several, or none."""
    outer = [token.text for token in tokens if token.depth == 0]
    if "FROM" not in outer or not _SET_OPERATIONS.isdisjoint(outer):
        return None
    clause = outer[outer.index("FROM") + 1 :]
    ends = [number for number, text in enumerate(clause) if text in _BEHIND_FROM]
    clause = clause[: ends[0]] if ends else clause
    if "," in clause or _is_join(tokens):
        return None
    if "TABLESAMPLE" in clause:
        clause = clause[: clause.index("TABLESAMPLE")]
    return next((text for text in reversed(clause) if _IS_NAME.fullmatch(text)), None)


def _is_join(tokens: Sequence[_Token]) -> bool:
    """PostgreSQL puts a join in parentheses, as it does a subquery."""
    start = next(at for at, token in enumerate(tokens) if token.text == "FROM" and token.depth == 0)
    following = [token.text for token in tokens[start + 1 : start + 3]]
    return following[0] == "(" and following[1] not in _QUERIES
