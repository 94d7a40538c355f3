"""Checks on the revisions' files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dbtool.findings import Finding, Severity
from dbtool.locks.checks.files import DOWNGRADE


class RevisionFile(Protocol):
    """What is asked of dbtool.migrate's Revision, which is above this package."""

    @property
    def id(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def has_downgrade(self) -> bool: ...


def judge_files(revisions: Sequence[RevisionFile]) -> tuple[Finding, ...]:
    """``revisions`` are pending: what was applied long ago is history."""
    return tuple(_downgrade(one) for one in revisions if one.has_downgrade)


def _downgrade(revision: RevisionFile) -> Finding:
    return DOWNGRADE.finding(
        Severity.WARNING,
        revision.file,
        f"{revision.id} has a downgrade(): dbtool goes forward only and never runs it, and nobody has rehearsed it",
        "Remove it; what turns out wrong is mended by another revision.",
    )
