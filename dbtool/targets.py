"""The two ends of a copy, and what may be done to each. Pure: nothing here connects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from dbtool.errors import TargetRefused


class Tier(StrEnum):
    PRODUCTION = "production"
    STAGING = "staging"
    SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Target:
    """An environment of dbtool.toml. ``url`` is called for every connection, because credentials expire.

    ``disk_limit`` is how many bytes all databases of its server may take. ``apply_url`` is for applying revisions, where ``url`` leads to a standby or to a role that may only read.

    The URL is a libpq URI or an SQLAlchemy one (``postgresql+psycopg://``). It is never printed.
    """

    name: str
    tier: Tier
    url: Callable[[], str]
    apply_url: Callable[[], str] | None = None
    maintenance_database: str = "postgres"
    owner: str | None = None
    grants: Literal["none", "source"] = "none"
    roles: Mapping[str, str] = field(default_factory=dict)
    extensions: Literal["create", "expect"] = "create"
    keep_previous: int = 1
    preserve: tuple[str, ...] = ()
    after_load: tuple[str, ...] = ()
    restored_from_source: str | None = None
    disk_limit: int | None = None

    def role_of(self, source_role: str) -> str:
        """Who stands for a role of the source."""
        return self.roles.get(source_role, source_role)

    def for_applying(self) -> Target:
        return replace(self, url=self.apply_url) if self.apply_url else self

    def __str__(self) -> str:
        return self.name


def refuse_unfit_target(source: Target, target: Target) -> None:
    """Raise TargetRefused for what the configuration alone already forbids."""
    if target.tier is Tier.PRODUCTION:
        raise TargetRefused(
            f"{target.name} has tier production: a refresh replaces its target, so nothing was done. "
            "Choose a target whose tier is staging or scratch."
        )
    if source.name == target.name:
        raise TargetRefused(
            f"source and target are both {source.name}; nothing was done. Name two environments."
        )
