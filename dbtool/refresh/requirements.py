"""Does the target's server have what the source's schema asks for? Otherwise its restore fails, late. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.refresh.ends import SourceSeen, TargetSeen, TemplateSeen
from dbtool.spelling import did_you_mean
from dbtool.targets import Target


def judge_requirements(target: Target, source: SourceSeen, seen: TargetSeen) -> Iterator[Finding]:
    if seen.offer is None:
        return
    yield from judge_role_map(target, source)
    yield from _judge_roles(target, source, seen)
    if target.owner:
        yield from _judge_owner(target, seen, target.owner)
    if target.extensions == "create":
        for name, _ in source.catalog.extensions:
            yield from _judge_extension(target, seen, name)
    elif seen.template is not None:
        yield from _judge_template(target, source, seen.template)


def judge_role_map(target: Target, source: SourceSeen) -> Iterator[Finding]:
    """A name that is not the source's maps nothing, and what it was meant for would go to a role of the same name."""
    known = source.needed_roles.all_roles
    for role in sorted(set(target.roles) - known):
        yield Finding(
            "role-unknown",
            Severity.ERROR,
            f"environments.{target.name}.roles",
            f"the source's server has no role {quote_identifier(role)}{did_you_mean(role, known)}",
            "correct the name, as it is spelt in the source, or remove the line",
        )


def _judge_roles(target: Target, source: SourceSeen, seen: TargetSeen) -> Iterator[Finding]:
    reasons: dict[str, str] = {}
    for role in source.needed_roles.in_policies:
        reasons.setdefault(role, "a policy of the source names it")
    if target.grants == "source":
        for role in source.needed_roles.in_grants:
            reasons.setdefault(role, "the source grants it something, and so is the target to")
    for role, reason in reasons.items():
        yield from _judge_role(target, seen, role, reason)
    if target.grants == "source":
        for role in source.needed_roles.makers:
            name = target.role_of(role)
            yield from _judge_member(
                target, seen, name, f"it can set no default privileges for it, as the source does for {role}"
            )


def _judge_role(target: Target, seen: TargetSeen, role: str, reason: str) -> Iterator[Finding]:
    there = target.role_of(role)
    if seen.offer and there not in seen.offer.roles:
        name = quote_identifier(there)
        stands = f" (for {quote_identifier(role)} of the source)" if there != role else ""
        other = (
            "" if there != role else f', or name who stands for it in dbtool.toml: roles = {{ {name} = "…" }}'
        )
        yield Finding(
            "role-missing",
            Severity.ERROR,
            target.name,
            f"the target's server has no role {name}{stands}: {reason}",
            f"CREATE ROLE {name}{other}",
        )


def _judge_owner(target: Target, seen: TargetSeen, owner: str) -> Iterator[Finding]:
    if seen.offer and owner not in seen.offer.roles:
        name = quote_identifier(owner)
        yield Finding(
            "role-missing",
            Severity.ERROR,
            target.name,
            f"the target's server has no role {name}: dbtool.toml names it as the owner",
            f"CREATE ROLE {name}",
        )
    yield from _judge_member(target, seen, owner, "it can make nothing that belongs to it")


def _judge_member(target: Target, seen: TargetSeen, whose: str, so: str) -> Iterator[Finding]:
    if seen.offer and whose in seen.offer.roles - seen.offer.ours:
        role = quote_identifier(seen.facts.current_user)
        yield Finding(
            "not-member",
            Severity.ERROR,
            target.name,
            f"the role {role} may not act as {quote_identifier(whose)}, so {so}",
            f"GRANT {quote_identifier(whose)} TO {role}",
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
            f'have a superuser make it in template1 and set extensions = "expect", refresh as a superuser, or drop {name} from '
            "the source",
        )


def _judge_template(target: Target, source: SourceSeen, template: TemplateSeen) -> Iterator[Finding]:
    """The candidate begins as a copy of template1, since extensions are expected to be there."""
    for name, schema in source.used_extensions.items():
        there = template.extensions.get(name)
        if there == schema:
            if not template.schemas.get(schema, True):
                yield _unusable(target, name, schema)
            continue
        lacks = "does not have it" if there is None else f"has it in schema {quote_identifier(there)}"
        yield Finding(
            "extension-expected",
            Severity.ERROR,
            target.name,
            f"the source uses the extension {name} in schema {quote_identifier(schema)}, and template1 of the target's server "
            f"{lacks}",
            _make_extension(name, schema, is_there=there is not None),
        )
    ours, theirs = source.facts, template.facts
    alike = ("encoding", "collate", "ctype", "locale_provider", "icu_locale")
    if any(getattr(ours, name) != getattr(theirs, name) for name in alike):
        yield Finding(
            "template-locale",
            Severity.ERROR,
            target.name,
            f"the source is {ours.encoding} {ours.collate}, template1 of the target's server {theirs.encoding} {theirs.collate}: a "
            "copy of the one cannot begin as the other",
            'make template1 anew with the source\'s locale, or set extensions = "create"',
        )


def _unusable(target: Target, name: str, schema: str) -> Finding:
    where = quote_identifier(schema)
    return Finding(
        "extension-expected",
        Severity.ERROR,
        target.name,
        f"the role may not use the schema {where} of template1, which the extension {name} is in",
        f"in template1: GRANT USAGE ON SCHEMA {where} TO PUBLIC",
    )


def _make_extension(name: str, schema: str, *, is_there: bool) -> str:
    extension, where = quote_identifier(name), quote_identifier(schema)
    if is_there:
        return f"in template1: ALTER EXTENSION {extension} SET SCHEMA {where}"
    made = (
        ""
        if schema in {"public", "pg_catalog"}
        else f"CREATE SCHEMA IF NOT EXISTS {where}; GRANT USAGE ON SCHEMA {where} TO PUBLIC; "
    )
    return f"in template1, as a role that may: {made}CREATE EXTENSION {extension} SCHEMA {where}"
