"""The nearest spelling of a word that is not known, for messages that end with a suggestion."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, whatever its case; None where none is alike."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    matches = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean …?"`` to append to a message, or nothing."""
    nearest = find_nearest(word, known)
    return f"; did you mean {nearest}?" if nearest is not None else ""
