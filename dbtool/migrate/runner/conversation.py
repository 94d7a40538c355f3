"""One conversation with the guarded child: a job, its events, and how it ended."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.outcome import Outcome, Raised
from dbtool.migrate.runner.overseen import Hearing
from dbtool.migrate.runner.place import (
    Place,
    describe_place,
    find_parameters,
    told_environment,
    told_schemes,
    told_url,
)
from dbtool.migrate.runner.relay import relay
from dbtool.program_conversation import Conversation

_NOWHERE = "nobody@localhost:1/none"  # modules of the project's may want a URL to be loaded at all
_CHILD = Path(__file__).parent / "child"


def converse(
    project: MigrationProject,
    job: Mapping[str, Any],
    *,
    heard: Hearing,
    place: Place | None = None,
    timeout_s: float | None = None,
) -> Outcome:
    """Have the child do the job. ``heard`` is told of its events; whoever returns a value answers."""
    outcome = Outcome()
    parameters = find_parameters(place) if place else {}
    with _way(project, place, parameters) as way:
        job = {**job, "project": _describe_project(project), **way}
        with (
            _child(project, told_environment(project, parameters)) as child,
            _ended_after(timeout_s, child) as timer,
        ):
            child.send(json.dumps(job).encode())
            while (line := child.receive()) is not None:
                _hear(outcome, json.loads(line), heard, child)
            code = child.finish()
            if timer.rang:
                outcome.raised = Raised(
                    "timeout", f"env.py did not finish within {timeout_s:g} s and was ended"
                )
    outcome.scrub(child.output, parameters.get("password", ""))
    if outcome.raised is None and (code != 0 or not outcome.done):
        outcome.raised = Raised("exit", f"env.py ended its process with code {code}")
    return outcome


@contextmanager
def _way(
    project: MigrationProject, place: Place | None, parameters: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """How the child gets to the place. One that shall have no network gets there by a relay's socket."""
    may_close = project.network == "closed"
    told = {"rest": told_url(parameters) if place else _NOWHERE, "schemes": told_schemes(project)}
    if place is None:
        yield {"closed": may_close, "told": told}
        return
    is_closed = place.closed and may_close
    with relay(parameters) if is_closed else nullcontext() as socket:
        yield {"closed": is_closed, "told": told, "place": describe_place(place, parameters, socket)}


def _hear(outcome: Outcome, message: dict[str, Any], heard: Hearing, child: Conversation) -> None:
    kind = message.pop("event")
    outcome.note(kind, message)
    if kind in heard and (answer := heard[kind](message)) is not None:
        child.send(json.dumps(answer).encode())


class _Timer:
    def __init__(self) -> None:
        self.rang = False


@contextmanager
def _ended_after(timeout_s: float | None, child: Conversation) -> Iterator[_Timer]:
    """The child is killed; whoever reads of it sees its end."""
    timer = _Timer()
    if timeout_s is None:
        yield timer
        return

    def ring() -> None:
        timer.rang = True
        child.kill()

    thread = threading.Timer(timeout_s, ring)
    thread.daemon = True
    thread.start()
    try:
        yield timer
    finally:
        thread.cancel()


@contextmanager
def _child(project: MigrationProject, environment: Mapping[str, str]) -> Iterator[Conversation]:
    python = str(project.python or sys.executable)
    if shutil.which(python) is None:
        raise ConfigurationInvalid(f"[project.alembic] python: {python} is no program; nothing was done")
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    with Conversation([python, str(_CHILD)], env={**quiet, **environment}, cwd=str(project.root)) as child:
        yield child


def _describe_project(project: MigrationProject) -> dict[str, Any]:
    return {
        "root": str(project.root),
        "migrations": str(project.migrations) if project.migrations else None,
        "ini": str(project.ini) if project.ini else None,
        "section": project.section,
        "x_arguments": list(project.x_arguments),
        "redirect": project.redirect,
        "connection": project.connection,
    }
