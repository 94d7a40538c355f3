"""A candidate of a refresh, brought to the revision that live had: production may be behind staging."""

from __future__ import annotations

from collections.abc import Sequence

from dbtool.errors import AnswerIsNo
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.history import Revision
from dbtool.migrate.runner.ending import describe_elsewhere, describe_end
from dbtool.migrate.runner.overseer import Onlooker
from dbtool.migrate.runner.run import Place, describe, run_upgrade
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.session import connect


def bring_forward(project: MigrationProject, url: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Apply to the database at ``url`` what it lacks of the ``wanted`` heads; returns the revisions applied.

    Heads that the project's files do not have are left: whoever compares the revisions will say so.

    :raises AnswerIsNo: a revision fails on it.
    """
    history = describe(project)
    with connect(url, application_name="dbtool refresh migrate", read_only=True) as connection:
        current = current_heads(connection, project.version_table)
    lacking = history.ancestors(wanted) - history.ancestors(current)
    pending = [one for one in history.revisions if one.id in lacking]
    for head in wanted:
        if head in lacking:
            _upgrade(project, url, pending, head)
    return tuple(one.id for one in pending)


def _upgrade(project: MigrationProject, url: str, pending: Sequence[Revision], head: str) -> None:
    outcome = run_upgrade(
        project,
        Place(url),
        revisions=[one.id for one in pending],
        destination=head,
        overseer=Onlooker(),
        trace=False,
    )
    with connect(url, application_name="dbtool refresh migrate", read_only=True) as connection:
        if head in current_heads(connection, project.version_table):
            return
    reason = describe_elsewhere(outcome.elsewhere) if outcome.elsewhere else describe_end(outcome)
    raise AnswerIsNo(
        f"the copy could not be brought to {head}, the revision that the live database has: "
        f"{f'revision {outcome.failed}: ' if outcome.failed else ''}{reason}"
    )
