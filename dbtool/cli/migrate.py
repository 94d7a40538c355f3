"""`dbtool migrate`"""

from __future__ import annotations

import click

from dbtool.cli.migrate_places import accept, history, new, status
from dbtool.cli.migrate_run import apply, rehearse


@click.group()
def migrate() -> None:
    """Rehearse migrations on a disposable clone, then apply them.

    The project's own Alembic history and env.py are used as they are. There is no way back but forward: nothing is
    downgraded.
    """


for _command in (status, new, rehearse, apply, history, accept):
    migrate.add_command(_command)
