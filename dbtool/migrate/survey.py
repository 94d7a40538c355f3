"""Where each environment stands in the history; reads only."""

from __future__ import annotations

from contextlib import closing

from dbtool.errors import DbtoolError
from dbtool.ledger import LedgerEntry
from dbtool.migrate.ledger import find_edited
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.result import EnvironmentStatus
from dbtool.migrate.revisions.history import History
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.ledger import read_ledger
from dbtool.postgres.session import connect
from dbtool.targets import Target


def survey(project: MigrationProject, target: Target, history: History) -> EnvironmentStatus:
    """One that cannot be read says why, so that the others are seen."""
    try:
        heads, entries = read_place(project, target)
    except DbtoolError as error:
        return EnvironmentStatus(target.name, target.tier.value, problem=str(error))
    known = [head for head in heads if history.knows(head)]
    return EnvironmentStatus(
        name=target.name,
        tier=target.tier.value,
        heads=heads,
        pending=tuple(one.id for one in history.pending(known)),
        unknown=tuple(head for head in heads if head not in known),
        edited=tuple(one.revision.id for one in find_edited(history, entries, known)),
        last=entries[-1] if entries else None,
    )


def read_place(project: MigrationProject, target: Target) -> tuple[tuple[str, ...], tuple[LedgerEntry, ...]]:
    """The target's heads and its ledger, empty where dbtool has not been."""
    session = connect(target.url(), application_name="dbtool migrate status", read_only=True)
    with closing(session) as connection:
        return current_heads(connection, project.version_table), read_ledger(connection) or ()
