"""revisions → clone → rehearse → gate → apply → ledger

The only module that knows the order. A rehearsal writes nothing to the target; an application changes it only with an
approval, and only forward.
"""

from __future__ import annotations

from pathlib import Path

from dbtool.migrate.request import ApplyRequest, RehearseRequest, StatusRequest
from dbtool.migrate.result import Application, LedgerEntry, Rehearsal, Status
from dbtool.targets import Target


def rehearse(request: RehearseRequest) -> Rehearsal:
    """Run the target's pending revisions on a disposable clone of it, and say what they would do.

    :raises DbtoolError: as errors.py says; the target was only read.
    """
    raise NotImplementedError


def apply(request: ApplyRequest) -> Application:
    """Bring the target forward.

    :raises DbtoolError: as errors.py says; what a message does not say stands, does not.
    """
    raise NotImplementedError


def status(request: StatusRequest) -> Status:
    """Every environment's place in the history; one that cannot be read says why."""
    raise NotImplementedError


def history(target: Target) -> tuple[LedgerEntry, ...]:
    """The target's ledger, oldest first."""
    raise NotImplementedError


def accept(
    request: StatusRequest, target: Target, revision: str, reason: str, actor: str | None = None
) -> LedgerEntry:
    """Put on record that an applied revision's file may differ from what was applied."""
    raise NotImplementedError


def new(
    request: StatusRequest, message: str, *, autogenerate: Target | None = None, merge: bool = False
) -> Path:
    """Write a revision file without a downgrade."""
    raise NotImplementedError
