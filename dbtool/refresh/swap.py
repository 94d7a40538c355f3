"""Live becomes previous, the candidate becomes live: one transaction of renames, then the housekeeping."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.errors import DbtoolError, PartlyDone
from dbtool.postgres.databases import (
    DatabaseEntry,
    Stamp,
    drop_database,
    find_database,
    list_databases,
    name_beside,
    outdated_previous,
    previous_databases,
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


def swap(maintenance: Connection, target: Target, live_name: str, candidate: str, made_at: str) -> None:
    """Make the candidate live and live previous.

    :raises Busy: sessions stayed in the way; nothing was renamed.
    """
    live = find_database(maintenance, live_name)
    if live is not None:
        carry_database_settings(maintenance, live_name, candidate)
    plan = plan_swap(live, live_name, candidate, made_at)
    rename_databases(target.url(), target.maintenance_database, plan.renames, plan.comments)


def drop_outdated(maintenance: Connection, target: Target, live_name: str) -> tuple[str, ...]:
    """Drop previous databases beyond what the environment keeps; returns those kept, newest first.

    :raises PartlyDone: one could not be dropped; the refreshed database is live all the same.
    """
    for name in outdated_previous(list_databases(maintenance), live_name, target.keep_previous):
        try:
            drop_database(maintenance, name)
        except DbtoolError as error:
            raise PartlyDone(
                f"{target} is refreshed and live, but the outdated database {name} could not be dropped: {error}. "
                "The next refresh tries again."
            ) from None
    kept = previous_databases(list_databases(maintenance), live_name)
    return tuple(entry.name for entry in kept)
