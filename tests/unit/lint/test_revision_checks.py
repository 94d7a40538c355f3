"""Checks on the revisions' files."""

from __future__ import annotations

from dbtool.findings import Severity
from dbtool.lint.revision_checks import judge_files
from dbtool.migrate.revisions.history import Revision


def _revision(identity: str, *, has_downgrade: bool) -> Revision:
    return Revision(identity, (), (), (), f"v/{identity}.py", "", "0" * 64, has_downgrade)


def test_only_a_revision_with_a_downgrade_is_told_of() -> None:
    (found,) = judge_files([_revision("a1", has_downgrade=False), _revision("b2", has_downgrade=True)])
    assert (found.check, found.severity, found.where) == ("downgrade", Severity.WARNING, "v/b2.py")
    assert "never runs it" in found.message
