"""PostgreSQL's notices at DEBUG1 on the work that a statement does. Pure. Their names have no schema.

Source: the messages of tablecmds.c and index.c in PostgreSQL 15 to 18; lc_messages is C on the clone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_REWRITING = re.compile(r'rewriting table "(.+)"\Z')
_VERIFYING = re.compile(r'verifying table "(.+)"\Z')
_BUILDING = re.compile(
    r'building index "(.+)" on table "(.+)" (?:serially|with request for \d+ parallel workers?)\Z'
)
_VALIDATING = re.compile(r'validating foreign key constraint "(.+)"\Z')


@dataclass(frozen=True, slots=True)
class Notices:
    """``built`` are (index, table), ``validated`` names of foreign keys."""

    rewritten: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    built: tuple[tuple[str, str], ...] = ()
    validated: tuple[str, ...] = ()


def parse_notices(texts: Iterable[str]) -> Notices:
    """Any other notice is passed over: migrations raise their own."""
    heard = list(texts)
    return Notices(
        rewritten=_names(_REWRITING, heard),
        verified=_names(_VERIFYING, heard),
        built=tuple((found[1], found[2]) for text in heard if (found := _BUILDING.match(text))),
        validated=_names(_VALIDATING, heard),
    )


def _names(pattern: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found[1] for text in texts if (found := pattern.match(text))))
