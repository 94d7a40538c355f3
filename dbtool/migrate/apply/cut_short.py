"""An application that was cut short by a signal or a lost session: what of it stands, the database is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from dbtool.errors import DbtoolError, Interrupted, PartlyDone
from dbtool.migrate.apply.applier import APPLICATION_NAME
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.revisions.history import History, Revision
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.apply_lock import ApplyLock
from dbtool.postgres.ledger import read_journal
from dbtool.postgres.session import connect
from dbtool.postgres.sessions import end_abandoned


@dataclass(frozen=True, slots=True)
class _Stands:
    """``begun`` are revisions of which something is committed and that are not stamped."""

    applied: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


@contextmanager
def telling_what_stands(
    request: ApplyRequest, lock: ApplyLock, history: History, pending: Sequence[Revision]
) -> Iterator[None]:
    """Whoever is interrupted does not know what was committed; nor does one that has lost its sessions.

    :raises PartlyDone: something is.
    """
    try:
        yield
    except PartlyDone:
        raise
    except DbtoolError as error:
        try:
            found = _look(request, lock, history, pending)
        except DbtoolError:
            raise _nobody_knows(request, error) from error
        if found.applied or found.begun:
            raise PartlyDone(_describe(request, error, found)) from error
        if isinstance(error, Interrupted):
            raise Interrupted(
                f"interrupted; no revision was applied to {request.target}", error.signal_number
            ) from error
        raise


def _look(request: ApplyRequest, lock: ApplyLock, history: History, pending: Sequence[Revision]) -> _Stands:
    """env.py's process is dead, and the server may not have noticed: what it works on for that could still be committed.
    Once the lock is lost, such a session may be another application's.
    """
    with closing(connect(request.target.url(), application_name="dbtool migrate")) as connection:
        if lock.session_alive():
            end_abandoned(connection, APPLICATION_NAME)
        applied = history.ancestors(current_heads(connection, request.project.version_table))
        left = [one.id for one in pending if one.id not in applied]
        return _Stands(
            tuple(one.id for one in pending if one.id in applied),
            tuple(
                one
                for one in left
                if any(entry.effect != "failed" for entry in read_journal(connection, one))
            ),
        )


def _describe(request: ApplyRequest, error: DbtoolError, found: _Stands) -> str:
    parts = [_reason(error)]
    if found.applied:
        parts.append(f"Applied and committed: {', '.join(found.applied)}.")
    parts += [
        f"Of {one} something is committed as well; the ledger's journal knows what, and the next application goes on behind "
        "it."
        for one in found.begun
    ]
    return " ".join([*parts, f"Go on with: dbtool migrate apply --target {request.target}"])


def _nobody_knows(request: ApplyRequest, error: DbtoolError) -> DbtoolError:
    """The kind of the error stays, and with it the exit code."""
    unknown = (
        f"what of it stands could not be asked: see dbtool migrate status, once {request.target} answers. A statement that was "
        "under way may be committed yet"
    )
    if isinstance(error, Interrupted):
        return Interrupted(f"interrupted; {unknown}", error.signal_number)
    error.add_note(unknown)
    return error


def _reason(error: DbtoolError) -> str:
    return "The run was interrupted." if isinstance(error, Interrupted) else str(error)
