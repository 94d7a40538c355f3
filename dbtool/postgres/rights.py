"""Who may do what with the objects of a database: grants, default privileges, policies. Read from one server, made on another.

What pg_dump writes names the roles of its own server, and grants as whoever granted there, which takes a superuser. From the
catalog every role's name stands alone: it can be mapped to another, and all is granted by whoever owns the objects now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows, spell

RoleOf = Callable[[str], str]
_NOT_DONE = {"01006", "01007"}  # privilege not revoked, not granted
_NOT_THERE = (
    psycopg.errors.UndefinedObject,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """On the object that ``keyword`` and its names say. ``grantee`` None is PUBLIC; ``is_owner`` marks the object's own owner.
    ``is_revoked``: it was taken away, of what such objects have by themselves.
    """

    keyword: str
    schema: str | None
    name: str | None
    arguments: str | None
    column_name: str | None
    grantee: str | None
    is_owner: bool
    privileges: tuple[str, ...]
    is_grantable: bool = False
    is_revoked: bool = False

    @property
    def relation(self) -> RelationName | None:
        if self.keyword not in {"TABLE", "SEQUENCE"} or self.schema is None or self.name is None:
            return None
        return RelationName(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class DefaultGrant:
    """For what ``role`` will make in ``schema``, or in any where that is None."""

    role: str
    schema: str | None
    keyword: str
    grantee: str | None
    privileges: tuple[str, ...]
    is_grantable: bool = False
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """``oid`` is the source's. None among the ``roles`` is PUBLIC; ``visible`` and ``allowed`` are SQL as the source spells it."""

    oid: int
    schema: str
    table_name: str
    name: str
    command: str
    is_permissive: bool
    roles: tuple[str | None, ...]
    visible: str | None
    allowed: str | None
    comment: str | None

    @property
    def table(self) -> RelationName:
        return RelationName(self.schema, self.table_name)


@dataclass(frozen=True, slots=True)
class Rights:
    """Of everything but the objects of the system, of schema dbtool and of what is left out."""

    grants: tuple[Grant, ...] = ()
    defaults: tuple[DefaultGrant, ...] = ()
    policies: tuple[Policy, ...] = ()

    @property
    def roles_in_policies(self) -> tuple[str, ...]:
        return _distinct(role for policy in self.policies for role in policy.roles)

    @property
    def roles_in_grants(self) -> tuple[str, ...]:
        """An object's owner on the target is another, whose privileges are the same."""
        return _distinct(
            (
                *(one.grantee for one in self.grants if not _is_of_owner(one)),
                *(one.grantee for one in self.defaults),
                *self.makers,
            )
        )

    @property
    def makers(self) -> tuple[str, ...]:
        """The roles that default privileges are set for."""
        return _distinct(one.role for one in self.defaults)


def _distinct(roles: Iterator[str | None] | Collection[str | None]) -> tuple[str, ...]:
    return tuple(sorted({role for role in roles if role is not None}))


def _is_of_owner(grant: Grant) -> bool:
    """The server's own roles (pg_database_owner of schema public) are the same everywhere."""
    return grant.is_owner and not (grant.grantee or "").startswith("pg_")


def read_rights(connection: Connection, left_out: Collection[RelationName] = ()) -> Rights:
    """``left_out`` are relations whose rights do not count. The session's search_path must be pg_catalog, as ``connect`` sets it."""
    grants, defaults, policies = (
        read_rows(connection, name) for name in ("grants", "default_grants", "policies")
    )
    of_policies = (Policy(**{**row, "roles": tuple(row["roles"])}) for row in policies)
    of_grants = (Grant(**{**row, "privileges": tuple(row["privileges"])}) for row in grants)
    return Rights(
        tuple(one for one in of_grants if one.relation not in left_out),
        tuple(DefaultGrant(**{**row, "privileges": tuple(row["privileges"])}) for row in defaults),
        tuple(policy for policy in of_policies if policy.table not in left_out),
    )


def grant_rights(connection: Connection, rights: Rights, role_of: RoleOf) -> tuple[Grant, ...]:
    """Grant and revoke what was read elsewhere, as the current role, who owns the objects. Returns what was refused: objects of an
    extension, and what a template brought along, may belong to somebody else, or another version does not have them.
    """
    refused = []
    with translated("granting what the source grants"), connection.transaction():
        connection.execute("SET LOCAL client_min_messages = warning")
        for grant in rights.grants:
            try:
                with connection.transaction(), _heard(connection) as warnings:
                    connection.execute(render_grant(grant, role_of))
            except (psycopg.errors.InsufficientPrivilege, *_NOT_THERE):
                refused.append(grant)
            else:
                refused += [grant] if warnings & _NOT_DONE else []
    return tuple(refused)


@contextmanager
def _heard(connection: Connection) -> Iterator[set[str | None]]:
    """The SQLSTATEs of what the server only warns of: who has some right to an object is not refused, and grants nothing."""
    codes: set[str | None] = set()

    def hear(diagnostic: psycopg.errors.Diagnostic) -> None:
        codes.add(diagnostic.sqlstate)

    connection.add_notice_handler(hear)
    try:
        yield codes
    finally:
        connection.remove_notice_handler(hear)


def set_default_privileges(connection: Connection, rights: Rights, role_of: RoleOf) -> None:
    """As the role that logged in, which must be a member of each maker."""
    with translated("setting default privileges"), connection.transaction():
        connection.execute("RESET ROLE")
        for one in rights.defaults:
            maker = sql.Identifier(role_of(one.role))
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(maker))
            connection.execute(render_default_grant(one, role_of))


def create_policies(connection: Connection, policies: Collection[Policy], role_of: RoleOf) -> None:
    with translated("creating policies"), connection.transaction():
        for policy in policies:
            connection.execute(render_policy(policy, role_of))
            if policy.comment is not None:
                connection.execute(
                    sql.SQL("COMMENT ON POLICY {} ON {} IS {}").format(
                        sql.Identifier(policy.name), spell(policy.table), sql.Literal(policy.comment)
                    )
                )


def render_grant(grant: Grant, role_of: RoleOf) -> sql.Composed:
    columns: sql.Composable = sql.SQL("")
    if grant.column_name is not None:
        columns = sql.SQL(" ({})").format(sql.Identifier(grant.column_name))
    privileges = sql.SQL(", ").join(sql.SQL(one) + columns for one in grant.privileges)
    role: sql.Composable = sql.SQL("CURRENT_USER")
    if not _is_of_owner(grant):
        role = _spell_role(grant.grantee, role_of)
    return sql.SQL("{} ON {} {} {} {}{}").format(
        _verb(privileges, is_revoked=grant.is_revoked),
        sql.SQL(grant.keyword),
        _spell_object(grant),
        sql.SQL("FROM" if grant.is_revoked else "TO"),
        role,
        _grant_option(is_grantable=grant.is_grantable),
    )


def render_default_grant(one: DefaultGrant, role_of: RoleOf) -> sql.Composed:
    place: sql.Composable = sql.SQL("")
    if one.schema is not None:
        place = sql.SQL(" IN SCHEMA {}").format(sql.Identifier(one.schema))
    return sql.SQL("ALTER DEFAULT PRIVILEGES{} {} ON {} {} {}{}").format(
        place,
        _verb(sql.SQL(", ").join(map(sql.SQL, one.privileges)), is_revoked=one.is_revoked),
        sql.SQL(one.keyword),
        sql.SQL("FROM" if one.is_revoked else "TO"),
        _spell_role(one.grantee, role_of),
        _grant_option(is_grantable=one.is_grantable),
    )


def render_policy(policy: Policy, role_of: RoleOf) -> sql.Composed:
    """Several roles may be mapped to one, which is named once."""
    names = dict.fromkeys(role if role is None else role_of(role) for role in policy.roles)
    roles = [sql.SQL("PUBLIC") if name is None else sql.Identifier(name) for name in names]
    parts = [
        sql.SQL("CREATE POLICY {} ON {}").format(sql.Identifier(policy.name), spell(policy.table)),
        sql.SQL("AS PERMISSIVE" if policy.is_permissive else "AS RESTRICTIVE"),
        sql.SQL("FOR ") + sql.SQL(policy.command),
        sql.SQL("TO ") + sql.SQL(", ").join(roles),
    ]
    if policy.visible is not None:
        parts.append(sql.SQL("USING (") + sql.SQL(policy.visible) + sql.SQL(")"))
    if policy.allowed is not None:
        parts.append(sql.SQL("WITH CHECK (") + sql.SQL(policy.allowed) + sql.SQL(")"))
    return sql.SQL(" ").join(parts)


def _verb(privileges: sql.Composed, *, is_revoked: bool) -> sql.Composed:
    return sql.SQL("REVOKE " if is_revoked else "GRANT ") + privileges


def _grant_option(*, is_grantable: bool) -> sql.SQL:
    return sql.SQL(" WITH GRANT OPTION" if is_grantable else "")


def _spell_role(role: str | None, role_of: RoleOf) -> sql.Composable:
    return sql.SQL("PUBLIC") if role is None else sql.Identifier(role_of(role))


def _spell_object(grant: Grant) -> sql.Composable:
    names = [name for name in (grant.schema, grant.name) if name is not None]
    if grant.arguments is None:
        return sql.Identifier(*names)
    return sql.Identifier(*names) + sql.SQL(f"({grant.arguments})")  # types, as the server spells them
