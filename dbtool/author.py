"""Who does it, from which commit: what the ledger says beside every event."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dbtool import programs
from dbtool.errors import ProgramFailed
from dbtool.ledger import LedgerEvent

# The first that is set says who. A CI system knows who asked for its run; the user it works as is nobody.
_ACTORS = (
    "DBTOOL_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "DRONE_COMMIT_AUTHOR",
)
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BITBUCKET_COMMIT", "BUILD_SOURCEVERSION", "GIT_COMMIT")
_GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Author:
    """Whoever writes to the ledger of ``target`` within one run."""

    run_id: str
    target: str
    actor: str
    git_commit: str | None = None
    evidence_id: str | None = None

    def event(
        self, event: str, revision: str, digest: str, *, duration_s: float | None = None, detail: str = ""
    ) -> LedgerEvent:
        return LedgerEvent(
            event=event,
            run_id=self.run_id,
            revision=revision,
            digest=digest,
            actor=self.actor,
            git_commit=self.git_commit,
            evidence_id=self.evidence_id,
            duration_s=duration_s,
            detail=detail,
            target=self.target,
        )


def new_author(
    target: str,
    folder: Path,
    now: datetime,
    *,
    actor: str | None = None,
    evidence_id: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Author:
    """The author of a new run; ``folder`` is the project's, ``actor`` who was named on the command line."""
    return Author(
        run_id=new_run_id(now),
        target=target,
        actor=actor or find_actor(environ),
        git_commit=find_commit(folder, environ),
        evidence_id=evidence_id,
    )


def new_run_id(now: datetime) -> str:
    """Sorts by time; two runs of one second differ."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def find_actor(environ: Mapping[str, str]) -> str:
    """The first of CI's variables that is set, else this machine's user and name."""
    named = next((environ[name] for name in _ACTORS if environ.get(name)), None)
    return named or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def find_commit(folder: Path, environ: Mapping[str, str]) -> str | None:
    """The commit checked out in ``folder``, or CI's word for it; None where neither knows."""
    try:
        return programs.run(["git", "rev-parse", "HEAD"], cwd=str(folder), timeout_s=_GIT_TIMEOUT_S).strip()
    except ProgramFailed:
        return next((environ[name] for name in _COMMITS if environ.get(name)), None)
