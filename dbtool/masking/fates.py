"""What becomes of the parts of a document, and what is said of those that no rule decides."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from dbtool.errors import AnswerIsNo

Unknown = Literal["error", "drop", "keep"]


class Fate(Enum):
    """What becomes of a piece; a masked one is the number of its path instead."""

    KEEP = "keep"
    DROP = "drop"


Decision = Fate | int

_ADD_PATH = (
    "Add the path with a mask or keep, or say what becomes of all others with unknown: drop or unknown: keep"
)


class DocumentRefused(AnswerIsNo):
    """The message begins "a document" and quotes nothing of its values."""


class UndecidedPath(DocumentRefused):
    """A document, or an hstore, holds something at ``path`` that the rule does not decide.

    Of JSON the path has [*] for array positions; it has * for a name that is no plain one, which may be somebody's.
    """

    def __init__(self, path: str, what: str = "a value", remedy: str = _ADD_PATH) -> None:
        super().__init__(f"a document holds {what} at {path}, which no path of its rule decides. {remedy}")
        self.path = path
