"""What a server was built with and what it came with, as far as a schema may stand on it."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from dbtool.catalog.relations import RelationName
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows

_FEATURE_NOT_SUPPORTED = "0A000"


@dataclass(frozen=True, slots=True)
class UsedCollation:
    """``is_servers``: the server came with it, and no DDL makes it. ``provider`` is c, i or b."""

    name: RelationName
    provider: str
    is_servers: bool


@dataclass(frozen=True, slots=True)
class Build:
    """``collations`` are the names of those that the server came with."""

    collations: frozenset[str]
    has_icu: bool
    has_xml: bool


def read_used_collations(connection: Connection) -> tuple[UsedCollation, ...]:
    return tuple(
        UsedCollation(RelationName(row["schema"], row["name"]), row["provider"], row["is_servers"])
        for row in read_rows(connection, "used_collations")
    )


def read_build(connection: Connection) -> Build:
    offered = read_rows(connection, "offered_collations")
    return Build(
        frozenset(row["name"] for row in offered),
        any(row["provider"] == "i" for row in offered),
        _has_xml(connection),
    )


def _has_xml(connection: Connection) -> bool:
    with translated("asking for XML"):
        try:
            connection.execute("SELECT XMLPARSE(CONTENT '<a/>')")
        except psycopg.Error as error:
            if error.sqlstate == _FEATURE_NOT_SUPPORTED:
                return False
            raise
    return True
