"""What dbtool keeps in a target about the revisions applied to it: events, and what they say together. Pure.

The ledger is append-only, in the order of its numbers. A `finish` is committed by the transaction that stamps
the version, so a revision that began and has neither ended nor been stamped was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """What docs/ledger.md explains to those who read it by SQL."""

    START = "start"
    RETRY = "retry"
    FAILURE = "failure"
    FINISH = "finish"
    INTERRUPTED = "interrupted"
    ACCEPT = "accept"
    ADOPTED = "adopted"  # the version was there, and nothing says that dbtool applied it
    REFRESHED = (
        "refreshed"  # the database was replaced by a masked copy: what stands above is of one that is gone
    )
    FORWARDED = "forwarded"  # that copy was brought to the revision that the replaced one had


_BEGINS = frozenset({Event.START, Event.RETRY})
_ENDS = frozenset({Event.FAILURE, Event.FINISH, Event.INTERRUPTED, Event.ADOPTED})
_APPLIED = frozenset({Event.FINISH, Event.ADOPTED})


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """An event as it is written: the server tells the time. ``event`` is one of Event; ``target`` the environment's name.

    ``digest`` is of the revision's code, empty where it is not known. ``duration_s`` is None for what has none.
    ``detail`` says why, without any value.
    """

    event: str
    run_id: str
    revision: str
    digest: str
    actor: str
    git_commit: str | None = None
    evidence_id: str | None = None
    duration_s: float | None = None
    detail: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry(LedgerEvent):
    """An event as it is read. ``at`` is the server's clock, UTC."""

    at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A statement that commits by itself. ``done_at`` is None where nobody saw its end; ``ordinal`` counts from 1
    within the revision. ``effect`` is what to look for in the catalog, in words of whoever wrote it.
    """

    run_id: str
    revision: str
    ordinal: int
    digest: str
    effect: str
    begun_at: datetime
    done_at: datetime | None


def find_open(entries: Sequence[LedgerEvent]) -> tuple[LedgerEvent, ...]:
    """What began, and of which nothing says how it ended: it is running, or was killed. Oldest first."""
    began: dict[tuple[str, str], LedgerEvent] = {}
    for entry in entries:
        place = (entry.run_id, entry.revision)
        if entry.event in _BEGINS:
            began.setdefault(place, entry)
        elif entry.event in _ENDS:
            began.pop(place, None)
    return tuple(began.values())


def known_digests(entries: Iterable[LedgerEvent]) -> dict[str, str]:
    """The digest with which each revision was last applied or adopted, by revision."""
    return {entry.revision: entry.digest for entry in entries if entry.event in _APPLIED}


def since_refresh(entries: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """The entries about the database as it is: those before a refresh are about the one it replaced."""
    places = [place for place, entry in enumerate(entries) if entry.event == Event.REFRESHED]
    return tuple(entries[places[-1] + 1 :]) if places else tuple(entries)


def accepted_digests(entries: Iterable[LedgerEvent]) -> dict[str, frozenset[str]]:
    """The digests accepted for each revision since it was last applied or adopted."""
    found: dict[str, frozenset[str]] = {}
    for entry in entries:
        if entry.event in _APPLIED:
            found.pop(entry.revision, None)
        elif entry.event == Event.ACCEPT:
            found[entry.revision] = found.get(entry.revision, frozenset()) | {entry.digest}
    return found


def was_applied(entries: Iterable[LedgerEvent], revision: str, digest: str, target: str) -> bool:
    """Whether this environment has ever applied the revision with this digest: what a promotion asks."""
    return any(
        (entry.event, entry.revision, entry.digest, entry.target) == (Event.FINISH, revision, digest, target)
        for entry in entries
    )


def committed_prefix(journal: Iterable[JournalEntry]) -> tuple[JournalEntry, ...]:
    """The statements that earlier runs committed or may have, by ordinal; of several attempts the last."""
    return tuple(entry for _, entry in sorted({entry.ordinal: entry for entry in journal}.items()))
