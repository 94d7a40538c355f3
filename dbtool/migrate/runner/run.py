"""The guarded child's jobs: one runner for rehearsal and application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dbtool.catalog.relations import RelationName
from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.files import digest_files
from dbtool.migrate.revisions.history import History
from dbtool.migrate.runner.conversation import converse
from dbtool.migrate.runner.ending import describe_raised
from dbtool.migrate.runner.outcome import Outcome, Raised
from dbtool.migrate.runner.overseen import overseen
from dbtool.migrate.runner.overseer import Overseer
from dbtool.migrate.runner.place import Place
from dbtool.migrate.runner.revision_file import create_revision

__all__ = ["Outcome", "Place", "Raised", "create_revision", "describe", "run_check", "run_upgrade"]

_READING_S = 120.0  # what describing, checking or writing a revision may take


def describe(project: MigrationProject) -> History:
    """The history in the project's files. They are run, in a child that knows no database and no secret.

    :raises ConfigurationInvalid: Alembic cannot load them; the message says which and why.
    """
    found: dict[str, Any] = {}
    outcome = converse(project, {"mode": "describe"}, heard={"history": found.update}, timeout_s=_READING_S)
    if outcome.raised or not found:
        raise ConfigurationInvalid(
            f"the project's migrations cannot be loaded: {describe_raised(outcome.raised)}; nothing was done."
        )
    return digest_files(project, found)


def run_upgrade(
    project: MigrationProject,
    place: Place,
    *,
    revisions: Sequence[str],
    destination: str,
    overseer: Overseer,
    trace: bool,
    timeout_s: float | None = None,
    version_table: RelationName | None = None,
    contents: Mapping[str, str] | None = None,
) -> Outcome:
    """Run env.py for these pending ``revisions`` up to ``destination``, with ``overseer`` asked before each statement.

    It returns however the child ends; what stands in the database is for the caller to look up. An env.py that returns
    without having run them all has failed, whatever it says, and so has one that keeps its revision in another table than
    ``version_table``, before it begins. ``contents`` are the SHA-256 of revisions' files: one that is another by now is not run.
    """
    job = {
        "mode": "upgrade",
        "revisions": list(revisions),
        "destination": destination,
        "trace": trace,
        "version_table": version_table and {"schema": version_table.schema, "name": version_table.name},
        "contents": dict(contents or {}),
    }
    outcome = converse(project, job, place=place, heard=overseen(overseer), timeout_s=timeout_s)
    left = [one for one in revisions if one not in outcome.completed]
    if left and outcome.raised is None:
        outcome.raised = Raised("Incomplete", _describe_left(outcome, left))
    return outcome


def run_check(project: MigrationProject, place: Place) -> tuple[str, ...] | None:
    """What the project's models have that the database lacks, or the other way round, as ``alembic check`` finds it.

    None where env.py has no models to compare with.

    :raises ConfigurationInvalid: env.py fails, or the database is not at its head.
    """
    found: dict[str, Any] = {}
    outcome = converse(
        project, {"mode": "check"}, place=place, heard={"drift": found.update}, timeout_s=_READING_S
    )
    if outcome.raised or not found:
        raise ConfigurationInvalid(
            f"the models cannot be compared with the database: {describe_raised(outcome.raised)}"
        )
    return None if found["differences"] is None else tuple(found["differences"])


def _describe_left(outcome: Outcome, left: Sequence[str]) -> str:
    if outcome.failed:
        return f"env.py went on as if revision {outcome.failed} had not failed"
    return f"env.py returned without having run {', '.join(left)}"
