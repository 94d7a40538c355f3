"""The ledger as the step that ends the arrow: what was interrupted, adopted, edited since, and accepted.

Whoever writes here holds the apply lock: what began and has no end is then nobody's that lives.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass

from dbtool.author import Author
from dbtool.errors import RevisionEdited, UsageError
from dbtool.ledger import (
    Event,
    LedgerEntry,
    LedgerEvent,
    accepted_digests,
    find_open,
    known_digests,
    since_refresh,
)
from dbtool.migrate.revisions.history import History, Revision
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.ledger import append_events, find_ledger_version, prepare_ledger, read_ledger
from dbtool.postgres.session import Connection, connect
from dbtool.targets import Target

_NAME = "dbtool migrate ledger"


@dataclass(frozen=True, slots=True)
class Edited:
    """``applied`` is the digest with which the revision was applied or adopted; its file has another now."""

    revision: Revision
    applied: str


def read_history(target: Target) -> tuple[LedgerEntry, ...] | None:
    """The target's ledger, oldest first; None where dbtool has never written to it. Nothing is written."""
    with closing(connect(target.url(), application_name=_NAME, read_only=True)) as connection:
        return read_ledger(connection)


def begin(
    connection: Connection, author: Author, history: History, heads: Collection[str]
) -> tuple[LedgerEntry, ...]:
    """Before an application: make the ledger and have it tell the truth; returns it as it is then."""
    prepare_ledger(connection)
    entries = read_ledger(connection) or ()
    truth = (
        *plan_reconciliation(entries, author, history, heads),
        *plan_adoption(entries, author, history, heads),
    )
    if not truth:
        return entries
    append_events(connection, truth)
    return read_ledger(connection) or ()


def settle(connection: Connection, author: Author, history: History, heads: Collection[str]) -> None:
    """Where nothing is to be applied: have an existing ledger tell the truth, and make none."""
    if find_ledger_version(connection) is not None:
        begin(connection, author, history, heads)


def plan_reconciliation(
    entries: Sequence[LedgerEntry], author: Author, history: History, heads: Collection[str]
) -> tuple[LedgerEvent, ...]:
    """What became of the runs that nobody saw the end of.

    A finish is committed by the transaction that stamps the version: a run without one has not applied its
    revision. Where the version is there all the same, somebody else has brought it.
    """
    applied = history.ancestors(heads)
    here = {(each.run_id, each.revision) for each in find_open(since_refresh(entries))}
    return tuple(
        _reconcile(each, author, is_there=(each.run_id, each.revision) in here and each.revision in applied)
        for each in find_open(entries)
    )


def _reconcile(began: LedgerEvent, author: Author, *, is_there: bool) -> LedgerEvent:
    if is_there:
        event, found = Event.ADOPTED, "the version is there, and its run has no finish"
    else:
        event, found = Event.INTERRUPTED, "it had neither ended nor stamped the version"
    return LedgerEvent(
        event=event,
        run_id=began.run_id,
        revision=began.revision,
        digest=began.digest,
        actor=author.actor,
        git_commit=began.git_commit,
        evidence_id=began.evidence_id,
        detail=f"found by run {author.run_id}: {found}",
        target=began.target,
    )


def plan_adoption(
    entries: Sequence[LedgerEntry], author: Author, history: History, heads: Collection[str]
) -> tuple[LedgerEvent, ...]:
    """What is applied and unknown to the ledger is taken as its file is now; from now on an edit shows.

    So is what a refresh brought from production, where its digest is not the one known from before.
    """
    applied = history.ancestors(heads)
    here = since_refresh(entries)
    reconciled = {entry.revision for entry in find_open(here)}
    known, current = known_digests(entries), known_digests(here)
    return tuple(
        author.event(Event.ADOPTED, one.id, one.digest, detail="applied before, or by other means")
        for one in history.revisions
        if one.id in applied - reconciled and one.id not in current and known.get(one.id) != one.digest
    )


def find_edited(
    history: History, entries: Sequence[LedgerEntry], heads: Collection[str]
) -> tuple[Edited, ...]:
    """Applied revisions whose file is not what was applied, and not accepted as it is.

    Of what a refresh brought, production's ledger knows how it was applied, and this one nothing.
    """
    current = since_refresh(entries)
    applied, known, accepted = history.ancestors(heads), known_digests(current), accepted_digests(current)
    return tuple(
        Edited(one, known[one.id])
        for one in history.revisions
        if one.id in applied and one.digest not in {known.get(one.id, one.digest), *accepted.get(one.id, ())}
    )


def refuse_edited(
    target: Target, history: History, entries: Sequence[LedgerEntry], heads: Collection[str]
) -> None:
    """:raises RevisionEdited: with each revision and what to do about it."""
    edited = find_edited(history, entries, heads)
    if not edited:
        return
    listed = "\n".join(f"  {one.revision.id} ({one.revision.file})" for one in edited)
    first = edited[0].revision.id
    raise RevisionEdited(
        f"{len(edited)} revision{'s' * (len(edited) > 1)} of {target} changed after being applied; nothing was done:\n"
        f"{listed}\nThe database will not change with them. Restore the files and write a new revision; or, where the "
        f"difference is none to the database, say so: dbtool migrate accept {first} --target {target} --reason …"
    )


def accept(
    target: Target,
    author: Author,
    *,
    history: History,
    heads: Collection[str],
    revision: str,
    reason: str,
    wait_s: float = 60.0,
) -> LedgerEntry:
    """Put on record that an applied revision's file may differ from what was applied, as it is now and no further.

    :raises UsageError: there is no such revision, or the target does not have it.
    :raises Busy: an application holds the lock.
    """
    if revision not in history.ancestors(heads):
        raise UsageError(
            f"{target} does not have revision {revision}: there is nothing to accept; nothing was done. Revisions that are "
            "not applied yet may be edited freely."
        )
    with apply_lock(target.url(), wait_s, application_name=_NAME) as lock:
        begin(lock.connection, author, history, heads)
        event = author.event(Event.ACCEPT, revision, history.get(revision).digest, detail=reason)
        append_events(lock.connection, [event])
        entries = read_ledger(lock.connection) or ()
    return entries[-1]
