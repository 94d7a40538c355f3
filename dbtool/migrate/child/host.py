"""One job from the parent: describe the revisions, or bring the database forward, with env.py as it is."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Dict

from .channel import Channel


def main(descriptor: int) -> None:
    channel = Channel(descriptor)
    job = channel.read()
    _prepare(job)
    try:
        _MODES[job["mode"]](job, channel)
    except BaseException as error:  # noqa: BLE001  whatever env.py raises, SystemExit too, is the parent's to judge
        channel.tell("raised", **describe_exception(error, job["project"]["root"]))
        sys.stdout.flush()
        os._exit(1)
    channel.tell("done")
    sys.stdout.flush()
    os._exit(0)  # threads of env.py's own must not keep us


def _prepare(job: Dict[str, Any]) -> None:
    root = job["project"]["root"]
    os.chdir(root)
    if root not in sys.path:
        sys.path.append(root)
    sys.argv[:] = ["alembic"]


def _describe(job: Dict[str, Any], channel: Channel) -> None:
    from .describe import describe

    channel.tell("history", **describe(job["project"]))


def _upgrade(job: Dict[str, Any], channel: Channel) -> None:
    from .upgrade import upgrade

    upgrade(job, channel)


_MODES = {"describe": _describe, "upgrade": _upgrade}


def describe_exception(error: BaseException, root: str) -> Dict[str, Any]:
    """The type, the place in the project, and the SQLSTATE; the text only where it is not a driver's, whose quotes rows."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(root + os.sep)]
    place = f"{os.path.relpath(own[-1].filename, root)}:{own[-1].lineno}" if own else ""
    original = getattr(error, "orig", None) or error
    return {
        "kind": type(original).__name__,
        "place": place,
        "sqlstate": find_sqlstate(original),
        "message": find_message(original),
    }


def find_sqlstate(error: Any) -> Any:
    """As psycopg (``sqlstate``), psycopg2 (``pgcode``), asyncpg (``sqlstate``, through SQLAlchemy too) and pg8000 say it."""
    for name in ("sqlstate", "pgcode"):
        found = getattr(error, name, None)
        if isinstance(found, str):
            return found
    first = error.args[0] if getattr(error, "args", None) else None
    return first.get("C") if isinstance(first, dict) else None


def find_message(error: Any) -> str:
    """PostgreSQL's primary message alone, where there is one: DETAIL and what SQLAlchemy adds quote rows."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        return str(primary)
    first = error.args[0] if getattr(error, "args", None) else None
    if isinstance(first, dict):
        return str(first.get("M", ""))
    text = str(getattr(error, "message", "") or error)
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
