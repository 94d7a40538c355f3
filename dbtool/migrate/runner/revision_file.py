"""A new revision file, through Alembic and the project's own template, without a way back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dbtool.errors import ConfigurationInvalid, UsageError
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.conversation import converse
from dbtool.migrate.runner.ending import describe_raised
from dbtool.migrate.runner.place import Place

_WRITING_S = 120.0
_UNFIT = re.compile(r'["\\\n\r]')  # it stands in a docstring


def create_revision(
    project: MigrationProject,
    message: str,
    *,
    place: Place | None = None,
    autogenerate: bool = False,
    head: str = "head",
    merge: Sequence[str] | None = None,
    today: date | None = None,
) -> Path:
    """Write ``<utc-date>_<slug>.py``, or what the project's own file_template says; nothing is overwritten.

    With ``autogenerate`` it holds what the models have and the database at ``place``, which is at its head, has not.
    ``merge`` are the heads to bring together.

    :raises UsageError: the message is empty, or cannot stand in a docstring.
    :raises ConfigurationInvalid: Alembic or env.py fails; nothing was written.
    """
    if not re.search(r"\w", message) or _UNFIT.search(message):
        raise UsageError("the message of a revision is one line of words without quotes; nothing was written")
    if autogenerate and place is None:
        raise ValueError("autogenerate compares with a database")
    day = today or datetime.now(UTC).date()
    job = {
        "mode": "new",
        "message": message,
        "file_template": f"{day:%Y%m%d}_%(slug)s",
        "autogenerate": autogenerate,
        "head": head,
        "merge": list(merge or ()),
    }
    found: dict[str, Any] = {}
    outcome = converse(project, job, place=place, heard={"written": found.update}, timeout_s=_WRITING_S)
    if not found:
        raise ConfigurationInvalid(f"no revision was written: {describe_raised(outcome.raised)}")
    return Path(found["path"])
