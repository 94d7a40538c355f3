"""The one run of revisions that env.py may make: ours, on PostgreSQL, for real."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext

from .refusal import Refusal


class NotOurRun(Refusal):
    pass


def allow_only(function: Any) -> None:
    """``function`` is what we gave Alembic's EnvironmentContext; env.py may start Alembic's commands by itself."""
    run = MigrationContext.run_migrations

    def run_ours(self: Any, **arguments: Any) -> None:
        if self._migrations_fn is not function:
            raise NotOurRun("env.py starts a run of revisions of its own, which nobody would oversee")
        if self.as_sql:
            raise NotOurRun("env.py has Alembic print SQL instead of running it")
        if self.dialect.name != "postgresql":
            raise NotOurRun(
                f"env.py runs revisions in a database of {self.dialect.name}, not in the one it was given"
            )
        run(self, **arguments)

    MigrationContext.run_migrations = run_ours  # type: ignore[method-assign]
