"""What a rehearsal asks of its clone, and what it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.clones.lease import DEFAULT_TTL
from dbtool.clones.provider import PROVIDERS
from dbtool.errors import TargetRefused, UsageError
from dbtool.findings import Finding
from dbtool.locks.trace import Population
from dbtool.migrate.result import CloneDescription
from dbtool.targets import Target, Tier

Progress = Callable[[str], None]


def silent(_stage: str) -> None:
    """Nobody wants to hear."""


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """``target`` is what is cloned and is only read. ``staging`` is where rows come from with data="staging": masked by
    dbtool's refresh, or refused. ``role`` is who migrates, by default the role of the target's URL.

    ``version_table`` is Alembic's, where it is not the one that is found by its name. ``owner`` is whom the clone's stamp
    names, by default this process's user.
    """

    target: Target
    data: str = "schema"
    staging: Target | None = None
    provider: str = "auto"
    image: str | None = None
    postgres_bin: Path | None = None
    version_table: RelationName | None = None
    role: str | None = None
    purpose: str = "rehearsal"
    owner: str = ""
    ttl: timedelta = DEFAULT_TTL
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Clone:
    """``url`` is that of the role that migrates. Its database has the target's name; ``nonce`` stands in the database's
    comment, and no other clone's. ``catalog_before`` is what the clone is before the first revision.
    """

    url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    database: str
    oid: int
    system_identifier: int | None
    nonce: str
    role: str
    provider: str
    version: str
    target_version: str
    data: str
    rows: int
    bytes: int
    seconds: float
    catalog_before: Catalog
    population: Population
    findings: tuple[Finding, ...] = ()

    def describe(self, guard: str) -> CloneDescription:
        return CloneDescription(
            self.provider,
            self.version,
            self.target_version,
            self.data,
            self.rows,
            self.bytes,
            guard,
            self.seconds,
        )


def refuse_unfit(request: CloneRequest) -> None:
    """:raises UsageError: there is no such data or provider, or not yet, or it does not say where rows come from."""
    if request.provider not in PROVIDERS:
        raise UsageError(
            f"there is no such provider of clones as {request.provider}; nothing was done. Use {', '.join(PROVIDERS)}."
        )
    if request.data == "subset":
        raise UsageError(
            "a clone cannot be filled with a subset yet; nothing was done. Use --data staging, which holds masked rows, "
            "or --data schema."
        )
    if request.data not in {"schema", "staging"}:
        raise UsageError(f"there is no such data as {request.data}; nothing was done. Use schema or staging.")
    if request.data == "staging":
        _refuse_source_of_rows(request.staging)


def _refuse_source_of_rows(staging: Target | None) -> None:
    if staging is None:
        raise UsageError(
            "--data staging needs an environment of tier staging to take masked rows from; nothing was done. Name one in "
            "dbtool.toml, or use --data schema."
        )
    if staging.tier is Tier.PRODUCTION:
        raise TargetRefused(
            f"{staging} has tier production: its rows are never copied into a clone, so nothing was done. Name an "
            "environment that dbtool refreshed, or use --data schema."
        )
