"""What the target had and the source has not: its ledger, and the revision it stood at. Both outlast the refresh.

From here to the swap nobody applies revisions to live: what came in between would be lost with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dbtool.author import Author, find_actor
from dbtool.errors import Busy, LockNotAcquired
from dbtool.findings import Finding, Severity
from dbtool.ledger import Event
from dbtool.postgres.alembic_version import all_heads
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.ledger import append_events, carry_ledger, find_ledger_version, read_ledger
from dbtool.postgres.session import Connection
from dbtool.postgres.urls import url_of_database
from dbtool.refresh.request import RefreshRequest
from dbtool.targets import Target

PATIENCE_S = 600.0


def refuse_unreadable(live: Connection, version_table: str | None) -> None:
    """Before hours of work: what will have to be carried over can be read.

    :raises PrivilegeMissing: with the GRANT.
    :raises EnvironmentFailed: a later dbtool has made the ledger.
    """
    read_ledger(live)
    all_heads(live, version_table)


@contextmanager
def applications_kept_out(target: Target) -> Iterator[Connection]:
    """Hold live's apply lock; gives a session in live. The swap ends it, with all other sessions there.

    :raises Busy: an application held the lock for all of PATIENCE_S.
    """
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(
                apply_lock(target.url(), PATIENCE_S, application_name="dbtool refresh apply lock")
            )
        except LockNotAcquired:
            raise Busy(
                f"revisions are being applied to {target} and the application did not end within {PATIENCE_S:g} s; the candidate "
                "was dropped and the live database is as it was. Refresh again when it has ended."
            ) from None
        yield lock.connection


def carry_over(
    request: RefreshRequest, live: Connection, candidate: str, made_at: str
) -> tuple[Finding, ...]:
    """Carry live's ledger into the candidate, and bring the candidate forward to the revision of live."""
    author = Author(f"refresh-{made_at}", request.target.name, find_actor(os.environ))
    before = all_heads(live, request.version_table)
    with candidate_session(request.target, candidate) as connection:
        copied = all_heads(connection, request.version_table)
        carry_ledger(live, connection)
        replaced = f"a masked copy of {request.source} took its place; it was at {describe_heads(before)}"
        _record(connection, author, Event.REFRESHED, copied, replaced)
    if before and before != copied and request.bring_forward is not None:
        url = url_of_database(request.target.url(), candidate, role=request.target.owner)
        request.bring_forward(url, before, copied)
    with candidate_session(request.target, candidate) as connection:
        now = all_heads(connection, request.version_table)
        if now != copied:
            brought = f"revisions were applied to the copy, which came at {describe_heads(copied)}"
            _record(connection, author, Event.FORWARDED, now, brought)
    return judge_revision(request, before, now)


def _record(
    connection: Connection, author: Author, event: Event, heads: tuple[str, ...], detail: str
) -> None:
    if find_ledger_version(connection) is not None:
        append_events(connection, [author.event(event, ", ".join(heads), "", detail=detail)])


def judge_revision(
    request: RefreshRequest, before: tuple[str, ...], now: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Pure. A target that Alembic has never been to has no revision to lose."""
    if not before or before == now:
        return ()
    finding = Finding(
        "revision-differs",
        Severity.WARNING,
        request.target.name,
        f"it was at {describe_heads(before)} and is now at {describe_heads(now)}, as {request.source} gave it",
        f"where that took revisions away, apply them again: dbtool migrate apply --target {request.target}",
    )
    return (finding,)


def describe_heads(heads: tuple[str, ...]) -> str:
    if not heads:
        return "no revision"
    return f"revision{'s' * (len(heads) > 1)} {', '.join(heads)}"
