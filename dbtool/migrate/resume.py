"""A revision of which an earlier run has committed the beginning: what of it to skip, and what to do in doubt. Pure.

Alembic stamps a version when all of its revision is done. After an ``autocommit_block`` that failed, or a kill in the
middle of one, a rerun would do the committed beginning again and die (42701: the column exists). The journal says what
was committed; where it cannot, PostgreSQL's catalog must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from dbtool.errors import PartlyDone
from dbtool.ledger import JournalEntry, committed_prefix

_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))?)'
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_CREATE_INDEX = re.compile(
    rf"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?{_NAME}\s+on\s+(?:only\s+)?{_NAME}",
    re.IGNORECASE,
)
_DROP_INDEX = re.compile(
    rf"drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?{_NAME}\s*(?:restrict|cascade)?\s*;?\s*\Z",
    re.IGNORECASE,
)
_REPEATABLE = re.compile(
    r"(vacuum|analyze|reindex|cluster|refresh\s+materialized\s+view|checkpoint|set|reset|show)\b",
    re.IGNORECASE,
)
_RETURNING = re.compile(r"\breturning\b", re.IGNORECASE)
_ROWS = re.compile(r"(\d+) rows\Z")


class EffectKind(Enum):
    """What a statement that no transaction can hold leaves behind, as far as the catalog shows it."""

    INDEX_BUILT = "index built"
    INDEX_GONE = "index gone"
    REPEATABLE = "repeatable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Effect:
    """``index`` and ``table`` as the statement spells them; an index lies in its table's schema."""

    kind: EffectKind
    index: str = ""
    table: str = ""

    def render(self) -> str:
        return " ".join(
            part for part in (self.kind.value, self.index, self.table and f"on {self.table}") if part
        )


def describe_effect(sql: str) -> Effect:
    text = _COMMENT.sub(" ", sql).strip()
    if found := _CREATE_INDEX.match(text):
        return Effect(EffectKind.INDEX_BUILT, found[1], found[2])
    if found := _DROP_INDEX.match(text):
        return Effect(EffectKind.INDEX_GONE, found[1])
    if _REPEATABLE.match(text):
        return Effect(EffectKind.REPEATABLE)
    return Effect(EffectKind.UNKNOWN)


class IndexState(Enum):
    ABSENT = "absent"
    VALID = "valid"
    INVALID = "invalid"


def index_state(validity: bool | None) -> IndexState:
    """``validity`` None: there is no such index."""
    if validity is None:
        return IndexState.ABSENT
    return IndexState.VALID if validity else IndexState.INVALID


class Resume(Enum):
    """What to do with a statement of a revision that has been begun before."""

    RUN = "run"
    SKIP = "skip"
    DROP_AND_RUN = "drop and run"  # an INVALID index that an earlier run of ours left


def decide(sql: str, entry: JournalEntry | None, digest: str, index: IndexState | None) -> Resume:
    """``entry`` is what the journal has at the statement's ordinal, ``index`` the state of the index it is about.

    :raises PartlyDone: the journal is of another statement, or nobody can tell whether this one was committed.
    """
    if entry is None:
        return Resume.RUN
    if entry.digest != digest:
        raise PartlyDone(
            f"revision {entry.revision} was edited after its first statements had been committed; nothing more was "
            f"done. Statement {entry.ordinal} is not the one that was: restore the file, or repair by hand."
        )
    if entry.done_at is not None:
        _require_replayable(sql, entry)
        return Resume.SKIP
    return _decide_in_doubt(entry, describe_effect(sql), index)


def _require_replayable(sql: str, entry: JournalEntry) -> None:
    """:raises PartlyDone: the revision goes on from rows that the statement returned, and nobody kept them."""
    if _RETURNING.search(sql):
        raise PartlyDone(
            f"statement {entry.ordinal} of revision {entry.revision} was committed by an earlier run and returned rows, which "
            "are not kept: the revision cannot be taken up behind it; nothing more was done. Finish it by hand and "
            f"record it with `alembic stamp {entry.revision}`."
        )


def spell_rowcount(rowcount: int) -> str:
    return f"{rowcount} rows" if rowcount >= 0 else ""


def read_rowcount(entry: JournalEntry | None) -> int:
    """The number of rows that the committed statement told of, -1 for none."""
    found = _ROWS.match(entry.effect) if entry else None
    return int(found[1]) if found else -1


def _decide_in_doubt(entry: JournalEntry, effect: Effect, index: IndexState | None) -> Resume:
    """The statement was begun, and whoever ran it was gone before its end."""
    match effect.kind, index:
        case EffectKind.INDEX_BUILT, IndexState.VALID:
            return Resume.SKIP
        case EffectKind.INDEX_BUILT, IndexState.INVALID:
            return Resume.DROP_AND_RUN
        case (EffectKind.INDEX_BUILT, IndexState.ABSENT) | (EffectKind.REPEATABLE, _):
            return Resume.RUN
        case EffectKind.INDEX_GONE, IndexState.ABSENT:
            return Resume.SKIP
        case EffectKind.INDEX_GONE, _:
            return Resume.RUN
    raise PartlyDone(
        f"whether statement {entry.ordinal} of revision {entry.revision} was committed by the run that was ended, nobody "
        "can tell; nothing more was done. Look for its effect; then finish the revision by hand and record it with "
        f"`alembic stamp {entry.revision}`, or undo the effect, delete the row from dbtool.journal and apply again."
    )


def drop_index(sql: str) -> str:
    """What takes away the INVALID index that an earlier run of this statement left."""
    effect = describe_effect(sql)
    schema, dot, _ = effect.table.rpartition(".")
    return f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{dot}{effect.index}"


def by_ordinal(journal: Iterable[JournalEntry]) -> Mapping[int, JournalEntry]:
    return {entry.ordinal: entry for entry in committed_prefix(journal)}
