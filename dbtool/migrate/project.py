"""What the runner has to know of a project to run its Alembic environment as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class MigrationProject:
    """``root`` is where imports and relative paths start: the folder of dbtool.toml. ``migrations`` is Alembic's
    script_location; None leaves it to ``ini`` or to [tool.alembic] of root's pyproject.toml. ``python`` is the project's
    own interpreter, None ours.

    ``url_variables`` are set to the database's URL for env.py, beside DATABASE_URL and PG*; ``inherited`` names variables
    of ours that env.py may see. ``connection`` is given where env.py, asked
    whether it was given one, does not make its own. ``redirect`` lets engines that env.py builds for other addresses be led to ours;
    without it they are refused. ``driver`` is how URLs for env.py begin, as "postgresql+asyncpg"; None leaves it to
    what it would be without dbtool. ``network`` is "closed", or "open" for an env.py that needs one in a rehearsal too.
    ``version_table`` is schema-qualified as SQL spells it, None where it is to be found.
    """

    root: Path
    migrations: Path | None = None
    ini: Path | None = None
    section: str = "alembic"
    x_arguments: tuple[str, ...] = ()
    url_variables: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    redirect: bool = False
    connection: str = "own"
    python: Path | None = None
    driver: str | None = None
    network: Literal["closed", "open"] = "closed"
    version_table: str | None = None
