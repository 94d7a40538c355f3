"""How a run of env.py ended: values, filled from the child's events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, quote_plus

from dbtool.postgres.server_errors import describe_failure


@dataclass(frozen=True, slots=True)
class Raised:
    """What ended env.py. ``place`` is file:line in the project, empty where it is none of its files. ``kind`` is the
    exception's name, or exit (the process ended), timeout, Incomplete (env.py returned too early).
    """

    kind: str
    message: str
    place: str = ""
    sqlstate: str | None = None


@dataclass
class Outcome:
    """``completed`` are the revisions whose end was overseen, in order; whether they are committed, the database tells.

    ``elsewhere`` are the addresses that env.py wanted and was refused, ``redirected`` those that it was led away from,
    ``unreachable`` those of Python's sockets that a closed network kept it from. ``reads`` are the files of the project
    that revisions read while they were loaded or ran, from its folder. ``guard`` is what kept the child in: see
    CloneDescription.
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
    redirected: list[str] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    reads: tuple[str, ...] = ()
    raised: Raised | None = None
    guard: str = "drivers"
    output: str = ""
    done: bool = False

    def note(self, kind: str, event: dict[str, Any]) -> None:
        match kind:
            case "environment":
                self.version_table = event["version_table"]
                self.transaction_mode = event["transaction_mode"]
                self.heads = tuple(event["heads"])
            case "guard":
                self.guard = event["kind"]
            case "elsewhere":
                _add(self.redirected if event["redirected"] else self.elsewhere, event["address"])
            case "unreachable":
                _add(self.unreachable, event["address"])
            case "file_read":
                self.reads = tuple(sorted({*self.reads, event["path"]}))
            case "revision_ends":
                self.completed.append(event["revision"])
            case "revision_failed":
                self.failed, self.stopped = event["revision"], event["stopped"]
                self.sqlstate = event["sqlstate"]
                self.message = _without_values(event["message"], self.sqlstate)
            case "raised":
                message = _without_values(event["message"], event["sqlstate"])
                self.raised = Raised(**{**event, "message": message})
            case "done":
                self.done = True

    def scrub(self, output: str, password: str) -> None:
        """env.py may print its URL, and its errors may quote it."""
        spellings = {one for one in (password, quote(password, safe=""), quote_plus(password)) if one}

        def without(text: str) -> str:
            for spelling in sorted(spellings, key=len, reverse=True):
                text = text.replace(spelling, "…")
            return text

        self.output, self.message = without(output), without(self.message)
        if self.raised:
            self.raised = replace(self.raised, message=without(self.raised.message))


def _without_values(message: str, sqlstate: str | None) -> str:
    """The server's may quote a row of production's. A Python error's is the project's own text."""
    return describe_failure(message, sqlstate) if sqlstate else message


def _add(addresses: list[str], address: str) -> None:
    if address not in addresses:
        addresses.append(address)
