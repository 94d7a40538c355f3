"""The extensions of a database, and whether its own objects stand on them."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


@dataclass(frozen=True, slots=True)
class ExtensionUse:
    """``is_used`` says that a column, view, index or the like of the database's own depends on one of its objects.
    Functions whose body is text leave no such trace.
    """

    name: str
    version: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class ExtensionMember:
    """``kind``, ``schema`` and ``name`` as an archive's table of contents spells them, without arguments."""

    extension: str
    kind: str
    schema: str
    name: str


def read_extension_members(connection: Connection) -> tuple[ExtensionMember, ...]:
    return tuple(ExtensionMember(**row) for row in read_rows(connection, "extension_members"))


def read_extension_uses(connection: Connection) -> tuple[ExtensionUse, ...]:
    return tuple(ExtensionUse(**row) for row in read_rows(connection, "extension_uses"))


def read_installed_extensions(connection: Connection) -> dict[str, str]:
    """By name, the schema that each is in."""
    return {row["name"]: row["schema"] for row in read_rows(connection, "installed_extensions")}


def read_own_schemas(connection: Connection) -> dict[str, bool]:
    """Those that the database did not come with, and whether the role may use each: in a template, what every copy of it has
    already.
    """
    return {row["name"]: row["is_usable"] for row in read_rows(connection, "own_schemas")}


def read_schema_oids(connection: Connection) -> dict[str, int]:
    """Of the schemas that the database did not come with."""
    return {row["name"]: row["oid"] for row in read_rows(connection, "own_schemas")}


def read_offered_extensions(connection: Connection) -> dict[str, str]:
    """By name, the version that CREATE EXTENSION makes on this server."""
    return {row["name"]: row["version"] for row in read_rows(connection, "offered_versions")}
