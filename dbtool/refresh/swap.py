"""Live becomes previous, the candidate becomes live: one transaction of renames, then the housekeeping."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.errors import DbtoolError, Drift, Interrupted, PartlyDone, PrivilegeMissing, TimeIsUp
from dbtool.postgres.databases import (
    DatabaseEntry,
    Stamp,
    drop_database,
    find_database,
    list_databases,
    name_beside,
    outdated_previous,
    previous_databases,
    still_has_our_name,
)
from dbtool.postgres.rename import Rename, carry_database_settings, rename_databases
from dbtool.postgres.session import Connection
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """``comments`` are what each database is to say of itself, by its name after the renames."""

    renames: tuple[Rename, ...]
    comments: tuple[tuple[str, str | None], ...]


def plan_swap(live: DatabaseEntry | None, live_name: str, candidate: str, made_at: str) -> SwapPlan:
    """Pure. Without a live database the candidate simply takes the name."""
    if live is None:
        return SwapPlan((Rename(candidate, live_name),), ((live_name, None),))
    previous = name_beside(live_name, "previous", made_at)
    return SwapPlan(
        (Rename(live_name, previous), Rename(candidate, live_name)),
        (
            (previous, Stamp("previous", live_name, made_at, live.own_comment).render()),
            (live_name, live.own_comment),
        ),
    )


def rehearse_settings(maintenance: Connection, live: DatabaseEntry | None, candidate: str) -> None:
    """Carry live's settings to the candidate and take it back: what the role may not do shows before the copy.

    :raises PrivilegeMissing: such as a setting that only superusers may set.
    """
    if live is None:
        return
    try:
        with maintenance.transaction(force_rollback=True):
            carry_database_settings(maintenance, live.name, candidate)
    except PrivilegeMissing as error:
        raise PrivilegeMissing(
            f"{error}; nothing was copied. Refresh as a role that may do so (from 15 on GRANT SET ON PARAMETER gives a "
            "setting away), or take it off the live database."
        ) from None


def refuse_replaced(maintenance: Connection, seen: DatabaseEntry | None, live_name: str) -> None:
    """What takes live's place is to take the place of the database that preflight saw, and had consent for.

    :raises Drift: there is another one, or none, or one where none was.
    """
    now = find_database(maintenance, live_name)
    if (now and now.oid) == (seen and seen.oid):
        return
    what = "is another one than" if now and seen else "has come to be" if now else "is not there any more"
    when = "when the refresh began" if now and seen else "since the refresh began"
    raise Drift(
        f"the database {live_name} {what} {when}: somebody has made, dropped or renamed it meanwhile. The candidate was dropped "
        "and nothing was swapped. Refresh again, once it is as it should be."
    )


def swap(maintenance: Connection, target: Target, live_name: str, candidate: str, made_at: str) -> None:
    """Make the candidate live and live previous.

    :raises Busy: sessions stayed in the way; nothing was renamed.
    :raises PartlyDone: the run was ended when the renames had been committed.
    """
    live = find_database(maintenance, live_name)
    if live is not None:
        carry_database_settings(maintenance, live_name, candidate)
    plan = plan_swap(live, live_name, candidate, made_at)
    try:
        rename_databases(target.url(), target.maintenance_database, plan.renames, plan.comments)
    except DbtoolError as error:
        if find_database(maintenance, candidate) is None:
            raise after_swap(target, error) from None
        raise


def after_swap(target: Target, error: DbtoolError | OSError) -> PartlyDone:
    """What to say of an error once the refreshed database is live. A run's end would say that live is as it was."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    if isinstance(error, (Interrupted, TimeIsUp)):
        reason = "the run was ended"
    return PartlyDone(
        f"{target} is refreshed and live, but what follows the swap is not finished ({reason}): the manifest may be "
        "missing from the state folder, and outdated databases may be left. The next refresh drops those."
    )


def find_kept(maintenance: Connection, target: Target, live_name: str) -> tuple[str, ...]:
    """The previous databases that the environment keeps, newest first."""
    kept = previous_databases(list_databases(maintenance), live_name)[: target.keep_previous]
    return tuple(entry.name for entry in kept)


def drop_outdated(maintenance: Connection, target: Target, live_name: str) -> None:
    for name in outdated_previous(list_databases(maintenance), live_name, target.keep_previous):
        if still_has_our_name(live_name, name):
            drop_database(maintenance, name)
