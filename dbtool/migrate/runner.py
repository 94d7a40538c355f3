"""Starts the guarded child and stands between it and its overseer. One runner for rehearsal and application."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbtool.errors import ConfigurationInvalid, ProgramFailed
from dbtool.migrate.files import digest_files
from dbtool.migrate.overseer import Answer, Go, Overseer, Skip, StatementEnd, StatementStart, Stop
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions import History
from dbtool.postgres.session import parse_url, program_environment
from dbtool.programs import Conversation

_CHILD = Path(__file__).parent / "child"
_DEFAULT_PORT = "5432"


@dataclass(frozen=True, slots=True)
class Place:
    """The database that the child may reach, and no other. ``url`` holds the password.

    ``oid`` and ``nonce`` (a text that the database's comment holds) prove the place; None where that is not known.
    ``closed`` asks for a network namespace around the child, where the system allows one.
    """

    url: str
    oid: str | None = None
    nonce: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """What ended env.py. ``place`` is file:line in the project, empty where it is none of its files."""

    kind: str
    message: str
    place: str = ""
    sqlstate: str | None = None


@dataclass
class Outcome:
    """``completed`` are the revisions whose end was overseen, in order; whether they are committed, the database tells.

    ``elsewhere`` are the addresses that env.py wanted. ``guard`` is what kept the child in: see CloneDescription.
    """

    version_table: str = ""
    transaction_mode: str = ""
    heads: tuple[str, ...] = ()
    completed: list[str] = field(default_factory=list)
    failed: str | None = None
    stopped: str = ""
    sqlstate: str | None = None
    message: str = ""
    elsewhere: list[str] = field(default_factory=list)
    raised: Raised | None = None
    guard: str = "drivers"
    output: str = ""


def describe(project: MigrationProject) -> History:
    """The history in the project's files. They are run, in a child that knows no database and no secret.

    :raises ConfigurationInvalid: Alembic cannot load them; the message says which and why.
    """
    found: dict[str, Any] = {}
    outcome = _converse(project, {"mode": "describe"}, {}, {"history": found.update})
    if outcome.raised or not found:
        raise ConfigurationInvalid(
            f"the project's migrations cannot be loaded: {_spell(outcome)}; nothing was done."
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
) -> Outcome:
    """Run env.py for these pending ``revisions`` up to ``destination``, with ``overseer`` asked before each statement.

    It returns however the child ends; what stands in the database is for the caller to look up.
    """
    job = {
        "mode": "upgrade",
        "place": _describe_place(place),
        "revisions": list(revisions),
        "destination": destination,
        "trace": trace,
    }
    return _converse(project, job, _told_environment(project, place), _overseen(overseer))


def _converse(
    project: MigrationProject,
    job: Mapping[str, Any],
    environment: Mapping[str, str],
    heard: Mapping[str, Callable[[dict[str, Any]], Any]],
) -> Outcome:
    outcome = Outcome()
    with _child(project, environment) as child:
        child.send(json.dumps({**job, "project": _describe_project(project)}).encode())
        while (line := child.receive()) is not None:
            message = json.loads(line)
            kind = message.pop("event")
            _note(outcome, kind, message)
            if kind in heard and (answer := heard[kind](message)) is not None:
                child.send(json.dumps(answer).encode())
        code = child.finish()
        outcome.output = child.output
    if code != 0 and outcome.raised is None:
        outcome.raised = Raised("exit", f"the process ended with code {code}")
    return outcome


@contextmanager
def _child(project: MigrationProject, environment: Mapping[str, str]) -> Iterator[Conversation]:
    python = str(project.python or sys.executable)
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    try:
        child = Conversation([python, str(_CHILD)], env={**quiet, **environment}, cwd=str(project.root))
    except ProgramFailed as error:
        raise ConfigurationInvalid(f"{error}; nothing was done. Is [project.alembic] python right?") from None
    with child:
        yield child


def _note(outcome: Outcome, kind: str, message: dict[str, Any]) -> None:
    match kind:
        case "environment":
            outcome.version_table = message["version_table"]
            outcome.transaction_mode = message["transaction_mode"]
            outcome.heads = tuple(message["heads"])
        case "guard":
            outcome.guard = message["kind"]
        case "elsewhere":
            outcome.elsewhere.append(message["address"])
        case "revision_ends":
            outcome.completed.append(message["revision"])
        case "revision_failed":
            outcome.failed, outcome.stopped = message["revision"], message["stopped"]
            outcome.sqlstate, outcome.message = message["sqlstate"], message["message"]
        case "raised":
            outcome.raised = Raised(**message)


def _overseen(overseer: Overseer) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """What to do with each event; whoever returns a value answers the child, which waits for it."""
    running: dict[tuple[str, int], StatementStart] = {}
    session = {"pid": 0}

    def connected(message: dict[str, Any]) -> None:
        session["pid"] = message["pid"]
        overseer.connected(message["pid"])

    def statement_begins(message: dict[str, Any]) -> dict[str, Any]:
        start = StatementStart(**message, pid=session["pid"])
        running[start.revision, start.ordinal] = start
        return _spell_answer(overseer.statement_begins(start))

    def statement_ended(message: dict[str, Any]) -> None:
        start = running.pop((message.pop("revision"), message.pop("ordinal")))
        seconds = message["ended_at"] - message["began_at"]
        overseer.statement_ended(StatementEnd(start, seconds, message.pop("rowcount", -1), **message))

    def revision_ends(message: dict[str, Any]) -> dict[str, Any]:
        return {"sql": list(overseer.revision_ends(message["revision"], message["seconds"]))}

    def revision_failed(message: dict[str, Any]) -> None:
        overseer.revision_failed(message["revision"], message["sqlstate"], message["message"])

    return {
        "connected": connected,
        "revision_begins": lambda message: overseer.revision_begins(message["revision"]),
        "statement_begins": statement_begins,
        "statement_ended": statement_ended,
        "revision_ends": revision_ends,
        "revision_failed": revision_failed,
        "committing": lambda _: {"sql": list(overseer.committing())},
        "transaction_ended": lambda message: overseer.transaction_ended(**message),
    }


def _spell_answer(answer: Answer) -> dict[str, Any]:
    match answer:
        case Go(in_block=in_block, first=first):
            return {"answer": "go", "in_block": in_block, "first": list(first)}
        case Skip():
            return {"answer": "skip"}
        case Stop(reason=reason):
            return {"answer": "stop", "reason": reason}


def _describe_project(project: MigrationProject) -> dict[str, Any]:
    return {
        "root": str(project.root),
        "migrations": str(project.migrations) if project.migrations else None,
        "ini": str(project.ini) if project.ini else None,
        "section": project.section,
        "x_arguments": list(project.x_arguments),
        "redirect": project.redirect,
    }


def _describe_place(place: Place) -> dict[str, Any]:
    parameters = parse_url(place.url)
    host, port = parameters.get("host", "127.0.0.1"), parameters.get("port", _DEFAULT_PORT)
    return {
        "told_url": _told_url(place),
        "host": host,
        "port": port,
        "dbname": parameters["dbname"],
        "via": {
            "host": host,
            "port": port,
            **{name: parameters[name] for name in ("user", "password", "dbname") if name in parameters},
        },
        "proof": {"name": parameters["dbname"], "oid": place.oid, "nonce": place.nonce},
        "closed": place.closed,
    }


def _told_url(place: Place) -> str:
    """As SQLAlchemy spells it: ``postgres://`` is not known to it."""
    _, _, rest = place.url.partition("://")
    return f"postgresql://{rest}"


def _told_environment(project: MigrationProject, place: Place) -> dict[str, str]:
    told = {name: _told_url(place) for name in ("DATABASE_URL", *project.url_variables)}
    return {**program_environment(place.url, application_name="dbtool migrate"), **told}


def _spell(outcome: Outcome) -> str:
    if outcome.raised is None:
        return "the child said nothing"
    at = f" at {outcome.raised.place}" if outcome.raised.place else ""
    return f"{outcome.raised.kind}{at}: {outcome.raised.message}"
