"""One job from the parent: describe the revisions, or bring the database forward, with env.py as it is."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any, Dict

from . import apart, namespace, syscalls
from .channel import Channel
from .failure import describe_exception, find_message, find_sqlstate
from .guard import close_network
from .refusal import Refusal
from .via import through_socket

__all__ = ["find_message", "find_sqlstate", "main"]

_DRIVERS = "drivers"  # alone


class InterpreterUnfit(Refusal):
    pass


def main(descriptor: int) -> None:
    channel = Channel(descriptor)
    job = channel.read()
    try:
        _prepare(job, channel)
        _MODES[job["mode"]](job, channel)
    except BaseException as error:  # noqa: BLE001  whatever env.py raises, SystemExit too, is the parent's to judge
        channel.tell("raised", **describe_exception(error, job["project"]["root"]))
        _leave(1)
    channel.tell("done")
    _leave(0)


def _leave(code: int) -> None:
    """At once: threads of env.py's own must not keep us."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S112  env.py may have closed or replaced it
            continue
    os._exit(code)


def _prepare(job: Dict[str, Any], channel: Channel) -> None:
    root = job["project"]["root"]
    os.chdir(root)
    if root not in sys.path:
        sys.path.append(root)
    sys.argv[:] = ["alembic"]
    for name in ("alembic", "sqlalchemy"):
        if find_spec(name) is None:
            raise InterpreterUnfit(
                f"{sys.executable} has no {name}; name the one that has the project's packages in [project.alembic] python"
            )
    if job["closed"]:
        _close(job, channel)
    apart.enter()


def _close(job: Dict[str, Any], channel: Channel) -> None:
    """Before any module of the project's is loaded, or any thread begun."""
    place = job.get("place") or {"via": {}, "socket": None}
    may_go = place["socket"] is not None or not place["via"]
    kind = _leave_the_network() if may_go else _DRIVERS
    if kind != _DRIVERS and place["via"]:
        place["via"] = through_socket(place["via"], place["socket"])
    channel.tell("guard", kind=kind)
    close_network(place["via"], lambda address: channel.tell("unreachable", address=address))


def _leave_the_network() -> str:
    if namespace.enter():
        return "network namespace"
    return "system call filter" if syscalls.enter() else _DRIVERS


def _describe(job: Dict[str, Any], channel: Channel) -> None:
    from .describe import describe

    describe(job, channel)


def _upgrade(job: Dict[str, Any], channel: Channel) -> None:
    from .upgrade import upgrade

    upgrade(job, channel)


def _check(job: Dict[str, Any], channel: Channel) -> None:
    from .check import check

    check(job, channel)


def _new(job: Dict[str, Any], channel: Channel) -> None:
    from .new import new

    new(job, channel)


_MODES = {"describe": _describe, "upgrade": _upgrade, "check": _check, "new": _new}
