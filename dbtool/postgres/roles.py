"""Who may do what in a database, read from one server and made on another: roles, memberships, settings, grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from dbtool.errors import PrivilegeMissing, ServerFailed
from dbtool.postgres.rename import render_assignment
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows

_ATTRIBUTES = ("superuser", "inherit", "createrole", "createdb", "replication", "bypassrls")
_KNOWS_OPTIONS = 160000  # of a membership
# These name libraries or places of the target's machine.
_OF_THE_MACHINE = frozenset(
    {"local_preload_libraries", "session_preload_libraries", "default_tablespace", "temp_tablespaces"}
)


@dataclass(frozen=True, slots=True)
class Role:
    """``attributes`` are those that it has, of superuser, inherit, createrole, createdb, replication, bypassrls."""

    name: str
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Membership:
    """``inherit`` and ``set`` are None before 16, where they were the role's own affair."""

    role: str
    member: str
    admin: bool = False
    inherit: bool | None = None
    set: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredSetting:
    """``setting`` is name=value. ``role`` None means all roles, ``in_database`` this database alone."""

    role: str | None
    in_database: bool
    setting: str


@dataclass(frozen=True, slots=True)
class DatabaseGrant:
    """``role`` None is PUBLIC."""

    role: str | None
    privilege: str
    is_grantable: bool


@dataclass(frozen=True, slots=True)
class Access:
    """``grants`` is None where nobody ever changed those of the database. ``session_role`` is who logged in: what it may
    do is the current role's, which ALTER ROLE SET role may have made another.
    """

    owner: str
    session_role: str = ""
    roles: tuple[Role, ...] = ()
    memberships: tuple[Membership, ...] = ()
    settings: tuple[StoredSetting, ...] = ()
    grants: tuple[DatabaseGrant, ...] | None = None


def read_access(connection: Connection) -> Access:
    """Of the connection's database and its server. Any role may read it."""
    (names,) = read_rows(connection, "database_owner")
    grants = read_rows(connection, "database_grants")
    return Access(
        names["owner"],
        names["session_role"],
        tuple(_role(row) for row in read_rows(connection, "cluster_roles")),
        tuple(Membership(**row) for row in read_rows(connection, "role_memberships")),
        tuple(StoredSetting(**row) for row in read_rows(connection, "stored_settings")),
        tuple(DatabaseGrant(**row) for row in grants if row["privilege"]) if grants else None,
    )


def _role(row: Row) -> Role:
    return Role(row["name"], frozenset(name for name in _ATTRIBUTES if row[name]))


def create_roles(connection: Connection, access: Access) -> None:
    """Make the roles, none of which can log in, and their memberships. As a superuser."""
    there = {row["role"] for row in read_rows(connection, "offered_roles")}
    made = {role.name for role in access.roles}
    with translated("creating the target's roles"), connection.transaction():
        for role in access.roles:
            connection.execute(render_role(role))
        for membership in access.memberships:
            if membership.role in made | there:  # a newer server's own roles are not ours to make
                connection.execute(render_membership(membership, connection.info.server_version))


def render_role(role: Role) -> sql.Composed:
    options = [
        sql.SQL(name.upper() if name in role.attributes else f"NO{name.upper()}") for name in _ATTRIBUTES
    ]
    return sql.SQL("CREATE ROLE {} NOLOGIN {}").format(sql.Identifier(role.name), sql.SQL(" ").join(options))


def render_membership(membership: Membership, server_version: int) -> sql.Composed:
    options: list[tuple[str, bool | None]] = [("ADMIN", membership.admin)]
    if server_version >= _KNOWS_OPTIONS:
        options += [("INHERIT", membership.inherit), ("SET", membership.set)]
    given = [
        sql.SQL(f"{name} {'TRUE' if value else 'FALSE'}") for name, value in options if value is not None
    ]
    if server_version < _KNOWS_OPTIONS:
        given = [sql.SQL("ADMIN OPTION")] if membership.admin else []
    return sql.SQL("GRANT {} TO {}{}").format(
        sql.Identifier(membership.role),
        sql.Identifier(membership.member),
        sql.SQL(" WITH {}").format(sql.SQL(", ").join(given)) if given else sql.SQL(""),
    )


def let_log_in(connection: Connection, role: str, password: str) -> None:
    with translated("giving the migrating role a password"):
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )


def store_settings(
    connection: Connection, database: str, settings: Sequence[StoredSetting]
) -> tuple[str, ...]:
    """ALTER ROLE and DATABASE SET. Returns the names of those that this server does not take."""
    refused = []
    for stored in settings:
        name = stored.setting.partition("=")[0]
        if name.lower() in _OF_THE_MACHINE:
            refused.append(name)
            continue
        try:
            with translated(f"setting {name}"):
                connection.execute(render_setting(database, stored))
        except (ServerFailed, PrivilegeMissing):
            refused.append(name)
    return tuple(dict.fromkeys(refused))


def render_setting(database: str, stored: StoredSetting) -> sql.Composed:
    return sql.SQL("ALTER {} SET {}").format(_whose(database, stored), render_assignment(stored.setting))


def _whose(database: str, stored: StoredSetting) -> sql.Composable:
    if stored.role is None and stored.in_database:
        return sql.SQL("DATABASE {}").format(sql.Identifier(database))
    role = sql.SQL("ALL") if stored.role is None else sql.Identifier(stored.role)
    if not stored.in_database:
        return sql.SQL("ROLE {}").format(role)
    return sql.SQL("ROLE {} IN DATABASE {}").format(role, sql.Identifier(database))


def grant_on_database(connection: Connection, database: str, grants: Sequence[DatabaseGrant]) -> None:
    name = sql.Identifier(database)
    with translated("granting on the clone's database"):
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        for grant in grants:
            connection.execute(
                sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                    sql.SQL(grant.privilege),
                    name,
                    sql.SQL("PUBLIC") if grant.role is None else sql.Identifier(grant.role),
                    sql.SQL(" WITH GRANT OPTION") if grant.is_grantable else sql.SQL(""),
                )
            )
