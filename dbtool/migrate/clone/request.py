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
from dbtool.digest import ProjectKey
from dbtool.errors import TargetRefused, UsageError
from dbtool.findings import Finding
from dbtool.locks.trace import Population
from dbtool.migrate.result import CloneDescription
from dbtool.refresh.request import Cancellation, Silent
from dbtool.rules.model import RuleSet
from dbtool.rules.profiles import choose_subset
from dbtool.rules.subset_model import SubsetRules
from dbtool.targets import Target, Tier

Progress = Callable[[str], None]


def silent(_stage: str) -> None:
    """Nobody wants to hear."""


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """``target`` is what is cloned and is only read. ``staging`` is where rows come from with data="staging": masked by
    dbtool's refresh, or refused. With data="subset" they are the target's own, chosen and masked by ``rules``, ``profile``
    and ``key``. ``role`` is who migrates, by default the role of the target's URL.

    ``version_table`` is Alembic's, where it is not the one that is found by its name. ``owner`` is whom the clone's stamp
    names, by default this process's user.
    """

    target: Target
    data: str = "schema"
    staging: Target | None = None
    rules: RuleSet | None = None
    key: ProjectKey | None = field(default=None, repr=False)
    profile: str | None = None
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
    profile: str | None = None

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
            self.profile,
        )


def refuse_unfit(request: CloneRequest) -> None:
    """:raises UsageError: there is no such data or provider, or it does not say where rows come from, or what masks them."""
    if request.provider not in PROVIDERS:
        raise UsageError(
            f"there is no such provider of clones as {request.provider}; nothing was done. Use {', '.join(PROVIDERS)}."
        )
    if request.data not in {"schema", "staging", "subset"}:
        raise UsageError(
            f"there is no such data as {request.data}; nothing was done. Use schema, staging or subset."
        )
    if request.data == "staging":
        _refuse_source_of_rows(request.staging)
    if request.data == "subset":
        ask_rows(request)


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


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """What rows of the target are chosen and masked by: a MaskedCopy."""

    source: Target
    rules: RuleSet
    subset: SubsetRules
    key: ProjectKey = field(repr=False)
    profile: str | None
    jobs: int
    observer: Silent = field(default_factory=Silent)
    cancellation: Cancellation = field(default_factory=Cancellation)


def ask_rows(request: CloneRequest) -> RowsAsked:
    """:raises UsageError: there are no rules or no key, or every row would be copied."""
    if request.rules is None:
        raise UsageError(
            "--data subset needs the project's masking rules, since no row goes into a clone unmasked; nothing was done. "
            f"Write them (dbtool rules check {request.target} says which), or use --data schema."
        )
    if request.key is None:
        raise UsageError(
            "--data subset needs the masking key; nothing was done. Give it as project.key of dbtool.toml, or use "
            "--data schema."
        )
    subset = choose_subset(request.rules, request.profile)
    if subset is None:
        chosen = f"the profile {request.profile}" if request.profile else "the rules"
        raise UsageError(
            f"by {chosen} every row of {request.target} would be copied, and a clone is not made of a whole copy; nothing was "
            "done. Name a profile that chooses a subset with --profile, or write subset into the rules."
        )
    return RowsAsked(request.target, request.rules, subset, request.key, request.profile, request.jobs)
