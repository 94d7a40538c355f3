"""What a schema asks of the server it is restored into, beyond itself: roles and extensions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.postgres.rights import read_rights
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


@dataclass(frozen=True, slots=True)
class NeededRoles:
    """As the source names them. ``makers`` are those that default privileges are set for; ``all_roles`` are all that it has."""

    in_policies: tuple[str, ...] = ()
    in_grants: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    all_roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server has. ``ours`` are the roles that the current one may act as, ``for_anybody`` the
    extensions that a database's owner may make without being a superuser.
    """

    roles: frozenset[str]
    ours: frozenset[str]
    extensions: frozenset[str]
    for_anybody: frozenset[str]


def read_needed_roles(connection: Connection, left_out: Collection[RelationName] = ()) -> NeededRoles:
    """``left_out`` are relations whose policies and grants do not count."""
    rights = read_rights(connection, left_out)
    return NeededRoles(
        rights.roles_in_policies,
        rights.roles_in_grants,
        rights.makers,
        frozenset(row["role"] for row in read_rows(connection, "offered_roles")),
    )


def read_offer(connection: Connection) -> Offer:
    roles = read_rows(connection, "offered_roles")
    extensions = read_rows(connection, "offered_extensions")
    return Offer(
        frozenset(row["role"] for row in roles),
        frozenset(row["role"] for row in roles if row["is_ours"]),
        frozenset(row["name"] for row in extensions),
        frozenset(row["name"] for row in extensions if row["anybody_may"]),
    )
