"""Documents of one shape, masked as columns: their scalars are cut out, masked together and put back.

A shape is a document with its strings and numbers blanked out, keys not. What becomes of a token depends on
nothing else, so one document of a shape tells for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from dbtool.masking.json_decisions import Decision, Fate
from dbtool.masking.json_text import NUMBER, STRING, TokenKind, kind_of

_MOST_TOKENS = 600  # per shape; a longer one would make a pattern that is slow to compile
_MOST_GROUPS = 150  # measured: beyond it cutting takes longer than reading token by token


@dataclass(frozen=True, slots=True)
class ShapePlan:
    """``pattern`` cuts a document of the shape into groups: what is kept, and single scalars to be masked.

    ``masks`` has one entry per group: the number of the path that masks it, None where it is kept.
    """

    pattern: str
    masks: tuple[int | None, ...]


def plan_shape(tokens: Sequence[str], fates: Sequence[Decision]) -> ShapePlan | None:
    """None for a shape that is better left to the tokens."""
    if len(tokens) > _MOST_TOKENS:
        return None
    groups: list[str] = []
    masks: list[int | None] = []
    for fate, text in join_runs(fates, _spell_patterns(tokens)):
        groups.append(f"(?:{text})" if fate is Fate.DROP else f"({text})")
        if fate is not Fate.DROP:
            masks.append(fate if isinstance(fate, int) else None)
    if not 0 < len(groups) <= _MOST_GROUPS:
        return None
    return ShapePlan(f"(?s)^{''.join(groups)}$", tuple(masks)) if masks else None


def join_runs(fates: Iterable[Decision], texts: Iterable[str]) -> Iterable[tuple[Decision, str]]:
    """Neighbours that are kept, or dropped, as one text; each masked scalar alone."""
    numbered = enumerate(zip(fates, texts, strict=True))
    runs = groupby(numbered, key=lambda one: (one[1][0], one[0] if isinstance(one[1][0], int) else -1))
    return ((key[0], "".join(text for _, (_, text) in run)) for key, run in runs)


def _spell_patterns(tokens: Sequence[str]) -> Iterable[str]:
    for position, token in enumerate(tokens):
        kind = kind_of(token)
        if kind is TokenKind.NUMBER:
            yield NUMBER
        elif kind is TokenKind.STRING and not _is_key(tokens, position):
            yield STRING
        else:
            yield re.escape(token)


def _is_key(tokens: Sequence[str], position: int) -> bool:
    following = (
        token for token in tokens[position + 1 : position + 3] if kind_of(token) is not TokenKind.BLANK
    )
    return next(following, None) == ":"


def cut(documents: pl.Series, plan: ShapePlan) -> list[pl.Series] | None:
    """One column per group; None where a document turns out not to be of the shape."""
    groups = documents.str.extract_groups(plan.pattern).struct.unnest().get_columns()
    return None if any(group.has_nulls() for group in groups) else groups
