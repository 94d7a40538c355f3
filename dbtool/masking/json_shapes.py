"""What may stand in the place of each token in documents of one shape, as patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dbtool.masking.documents import Pieces
from dbtool.masking.json_text import NUMBER, STRING, TokenKind, kind_of


def spell_patterns(pieces: Pieces) -> Iterable[str]:
    tokens = pieces.texts
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
