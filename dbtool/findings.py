"""One type for everything a check has to say: coverage, uniqueness, preflight, verification, lint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"  # stops the run


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` is a stable kebab-case name; ``where`` an object spelt as SQL, or file:line:column.

    ``remedy`` is the next step, ready to paste where it can be.
    """

    check: str
    severity: Severity
    where: str
    message: str
    remedy: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR
