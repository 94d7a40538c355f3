"""Whose the copy's objects are to see and to change: the source's policies and grants, by the roles that the target has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbtool.findings import Finding, Severity
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.rights import (
    Grant,
    Policy,
    Rights,
    create_policies,
    grant_rights,
    read_rights,
    set_default_privileges,
)
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.targets import Target

_POLICY_CATALOG = 3256  # pg_policy's OID, the same in every version


def read_rights_to_make(snapshot: HeldSnapshot, target: Target) -> Rights:
    """What the restore of the schema leaves to us: the policies of roles that are mapped, and the grants, where they are wanted."""
    rights = read_rights(snapshot.connection, snapshot.left_out)
    policies = tuple(policy for policy in rights.policies if _is_mapped(policy, target))
    if target.grants == "none":
        return Rights(policies=policies)
    return replace(rights, policies=policies)


def _is_mapped(policy: Policy, target: Target) -> bool:
    return any(role in target.roles for role in policy.roles if role is not None)


def keys_of_policies(rights: Rights) -> frozenset[tuple[int, int]]:
    """As a table of contents names them."""
    return frozenset((_POLICY_CATALOG, policy.oid) for policy in rights.policies)


def make_policies(target: Target, candidate: str, rights: Rights) -> None:
    if rights.policies:
        with candidate_session(target, candidate) as connection:
            create_policies(connection, rights.policies, target.role_of)


def make_grants(target: Target, candidate: str, rights: Rights) -> tuple[Finding, ...]:
    """After all has been loaded: what is taken from an owner would be wanting there."""
    if not (rights.grants or rights.defaults):
        return ()
    with candidate_session(target, candidate) as connection:
        refused = grant_rights(connection, rights, target.role_of)
        set_default_privileges(connection, rights, target.role_of)
    return tuple(judge_refused(target, refused))


def judge_refused(target: Target, refused: tuple[Grant, ...]) -> Iterator[Finding]:
    """Pure. A trusted extension's objects belong to the server's first superuser, whoever made it."""
    names = sorted({".".join(filter(None, (grant.schema, grant.name))) for grant in refused})
    if names:
        yield Finding(
            "grant-refused",
            Severity.WARNING,
            target.name,
            "belong to others, as objects of extensions do, or are not in the copy, and could not be granted as in the source: "
            f"{', '.join(names)}",
            "grant it there as their owner, or as a superuser; make in template1 what is not there, where it is wanted",
        )
