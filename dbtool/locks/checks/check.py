"""What a check is: its name, its reason, and Alembic Python of both kinds."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Check:
    """``summary`` says what was found, ``why`` what it does to a database in use. ``bad`` and ``good`` are bodies of
    ``upgrade()``. ``never_waived`` is the reason why no comment can allow it, empty for most.
    """

    name: str
    summary: str
    why: str
    bad: str
    good: str
    never_waived: str = ""

    def finding(self, severity: Severity, where: str, message: str, remedy: str = "") -> Finding:
        return Finding(self.name, severity, where, message, remedy)
