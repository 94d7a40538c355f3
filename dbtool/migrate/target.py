"""What a migration has to know of its target, read in one session that may not write."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import RelationName
from dbtool.errors import EnvironmentFailed
from dbtool.ledger import LedgerEntry
from dbtool.migrate.project import MigrationProject
from dbtool.postgres.alembic_version import find_version_table, read_heads
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.facts import database_facts
from dbtool.postgres.ledger import read_ledger
from dbtool.postgres.session import connect
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class TargetNow:
    """``ddl`` is one line per thing, as the gate compares it; ``entries`` are the ledger's, oldest first."""

    facts: DatabaseFacts
    version_table: RelationName | None
    heads: tuple[str, ...]
    ddl: tuple[str, ...]
    entries: tuple[LedgerEntry, ...]


def look_at(project: MigrationProject, target: Target) -> TargetNow:
    session = connect(target.url(), application_name="dbtool migrate", read_only=True)
    with closing(session) as connection:
        table = find_version_table(connection, project.version_table)
        return TargetNow(
            facts=database_facts(connection),
            version_table=table,
            heads=read_heads(connection, table),
            ddl=read_ddl(connection),
            entries=read_ledger(connection) or (),
        )


def refuse_standby(target: Target, seen: TargetNow) -> None:
    """:raises EnvironmentFailed: nothing can be applied there."""
    if seen.facts.is_standby:
        raise EnvironmentFailed(
            f"{target} is a standby, which only follows its primary; nothing was done. Give the primary's URL as "
            f"environments.{target}.apply_url in dbtool.toml; url may stay, and serves a refresh best."
        )
