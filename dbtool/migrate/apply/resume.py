"""A revision of which an earlier run has committed the beginning: what of it to skip, and what to do in doubt. Pure.

Alembic stamps a version when all of its revision is done. After an ``autocommit_block`` that failed, or a kill in the
middle of one, a rerun would do the committed beginning again and die (42701: the column exists). The journal says what
was committed; where it cannot, PostgreSQL's catalog must.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from enum import Enum

from dbtool.errors import PartlyDone
from dbtool.ledger import JournalEntry, committed_prefix
from dbtool.migrate.apply.effects import Effect, EffectKind, describe_effect, is_repeated, returns_rows

_ROWS = re.compile(r"(\d+) rows\Z")
_THERE_BEFORE = ", there before"


class IndexState(Enum):
    ABSENT = "absent"
    VALID = "valid"
    INVALID = "invalid"
    AMBIGUOUS = "ambiguous"  # the statement names no schema, and schemas differ


def index_state(found: Collection[bool | None]) -> IndexState:
    """``found`` has whether the index is valid, for each table that the statement may mean; None where there is none."""
    if len(found) != 1:
        return IndexState.AMBIGUOUS if found else IndexState.ABSENT
    (valid,) = found
    if valid is None:
        return IndexState.ABSENT
    return IndexState.VALID if valid else IndexState.INVALID


class Resume(Enum):
    """What to do with a statement of a revision that has been begun before."""

    RUN = "run"
    SKIP = "skip"
    DROP_AND_RUN = "drop and run"  # an INVALID index that an earlier run of ours left


def journal_digest(statement: str, parameters: str) -> str:
    """Of a statement's digest and of its parameters': the same text for other rows is another statement."""
    if not parameters:
        return statement
    return hashlib.sha256(f"{statement} {parameters}".encode()).hexdigest()


def decide(sql: str, entry: JournalEntry | None, digest: str, index: IndexState | None) -> Resume:
    """``entry`` is what the journal has at the statement's ordinal, ``index`` the state of the index it is about.

    :raises PartlyDone: the journal is of another statement, or nobody can tell whether this one was committed.
    """
    if entry is None:
        return Resume.RUN
    if entry.digest != digest:
        raise _another(entry)
    if is_repeated(sql):
        return Resume.RUN
    if entry.done_at is None:
        return _decide_in_doubt(entry, describe_effect(sql), index)
    if returns_rows(sql):
        raise _not_kept(entry)
    return Resume.SKIP


def _decide_in_doubt(entry: JournalEntry, effect: Effect, index: IndexState | None) -> Resume:
    """The statement was begun, and whoever ran it was gone before its end."""
    if entry.effect.endswith(_THERE_BEFORE):
        return Resume.RUN  # the statement has not made it
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
    raise _nobody_knows(entry)


def require_all(revision: str, last: int, journal: Collection[int]) -> None:
    """``last`` is the ordinal of the revision's last statement.

    :raises PartlyDone: earlier runs have committed more than the revision has now.
    """
    if journal and max(journal) > last:
        raise PartlyDone(
            f"statement {max(journal)} of revision {revision} was committed by an earlier run, and the revision ends with its "
            f"statement {last} now: it was edited, or depends on data. What this run did of it was rolled back. {_MEND}"
        )


_MEND = (
    "Restore the file; or undo what stands, delete the revision's rows from dbtool.journal, and apply again."
)


def _another(entry: JournalEntry) -> PartlyDone:
    done = "was committed by an earlier run" if entry.done_at else "was begun by an earlier run"
    return PartlyDone(
        f"statement {entry.ordinal} of revision {entry.revision} {done}, and is another one now: the revision was edited, or "
        f"depends on data; nothing more was done. {_MEND}"
    )


def _not_kept(entry: JournalEntry) -> PartlyDone:
    return PartlyDone(
        f"statement {entry.ordinal} of revision {entry.revision} was committed by an earlier run and returned rows, which "
        "are not kept: the revision cannot be taken up behind it; nothing more was done. Finish it by hand and "
        f"record it with `alembic stamp {entry.revision}`."
    )


def _nobody_knows(entry: JournalEntry) -> PartlyDone:
    return PartlyDone(
        f"whether statement {entry.ordinal} of revision {entry.revision} was committed by the run that was ended, nobody "
        "can tell; nothing more was done. Look for its effect; then finish the revision by hand and record it with "
        f"`alembic stamp {entry.revision}`, or undo the effect, delete the row from dbtool.journal and apply again."
    )


def spell_effect(effect: Effect, before: IndexState | None) -> str:
    """For the journal, before the statement is sent. ``before`` is the state of the index it is about."""
    was_there = effect.kind is EffectKind.INDEX_BUILT and before in {IndexState.VALID, IndexState.INVALID}
    return f"{effect.render()}{_THERE_BEFORE if was_there else ''}"


def spell_rowcount(rowcount: int) -> str:
    return f"{rowcount} rows" if rowcount >= 0 else ""


def read_rowcount(entry: JournalEntry | None) -> int:
    """The number of rows that the committed statement told of, -1 for none."""
    found = _ROWS.match(entry.effect) if entry else None
    return int(found[1]) if found else -1


def by_ordinal(journal: Iterable[JournalEntry]) -> Mapping[int, JournalEntry]:
    return {entry.ordinal: entry for entry in committed_prefix(journal)}
