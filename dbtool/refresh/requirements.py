"""Does the target's server have what the source's schema asks for? Otherwise its restore fails, late. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.refresh.ends import SourceSeen, TargetSeen
from dbtool.targets import Target


def judge_requirements(target: Target, source: SourceSeen, seen: TargetSeen) -> Iterator[Finding]:
    if seen.offer is None:
        return
    for role in source.needed_roles.in_policies:
        yield from _judge_role(target, seen, role, "a policy of the source names it")
    if target.grants == "source":
        for role in source.needed_roles.in_grants:
            yield from _judge_role(
                target, seen, role, "the source grants it something, and so is the target to"
            )
    if target.owner:
        yield from _judge_owner(target, seen, target.owner)
    if target.extensions == "create":
        for name, _ in source.catalog.extensions:
            yield from _judge_extension(target, seen, name)


def _judge_role(target: Target, seen: TargetSeen, role: str, reason: str) -> Iterator[Finding]:
    if seen.offer and role not in seen.offer.roles:
        name = quote_identifier(role)
        yield Finding(
            "role-missing",
            Severity.ERROR,
            target.name,
            f"the target's server has no role {name}: {reason}",
            f"CREATE ROLE {name}",
        )


def _judge_owner(target: Target, seen: TargetSeen, owner: str) -> Iterator[Finding]:
    yield from _judge_role(target, seen, owner, "dbtool.toml names it as the owner")
    if seen.offer and owner in seen.offer.roles - seen.offer.ours:
        role = quote_identifier(seen.facts.current_user)
        yield Finding(
            "not-member",
            Severity.ERROR,
            target.name,
            f"the role {role} is no member of {quote_identifier(owner)}, so it can make nothing that belongs to it",
            f"GRANT {quote_identifier(owner)} TO {role}",
        )


def _judge_extension(target: Target, seen: TargetSeen, name: str) -> Iterator[Finding]:
    """A managed service may allow what is not marked as trusted: that is no more than a warning."""
    if seen.offer is None:
        return
    if name not in seen.offer.extensions:
        yield Finding(
            "extension-missing",
            Severity.ERROR,
            target.name,
            f"the target's server does not have the extension {name}, which the source has",
            f"install {name} there, or drop it from the source",
        )
    elif name not in seen.offer.for_anybody and not seen.facts.is_superuser:
        role = quote_identifier(seen.facts.current_user)
        yield Finding(
            "extension-untrusted",
            Severity.WARNING,
            target.name,
            f"the extension {name} is made by superusers only, unless the service has an exception, and {role} is none",
            "refresh as a superuser, or drop it from the source",
        )
