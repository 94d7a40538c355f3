"""What preflight asks of a server, apart from its relations."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import RelationName
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


def database_facts(connection: Connection) -> DatabaseFacts:
    """Facts on the database of this connection. Needs no privilege but CONNECT; a standby will do."""
    (row,) = read_rows(connection, "database_facts")
    return DatabaseFacts(
        **row,
        system_identifier=_system_identifier(connection),
        has_tls=connection.pgconn.ssl_in_use,
    )


def _system_identifier(connection: Connection) -> int | None:
    """None where the role may not call pg_control_system(), as some managed services have it."""
    (privilege,) = read_rows(connection, "system_identifier_privilege")
    if not privilege["granted"]:
        return None
    (row,) = read_rows(connection, "system_identifier")
    return int(row["system_identifier"])


def read_data_directory(connection: Connection) -> tuple[Path | None, int, int]:
    """Where the server keeps its files, None where the role may not know; its port, and the second since 1970 that it was
    started in.
    """
    (row,) = read_rows(connection, "data_directory")
    return (Path(row["folder"]) if row["folder"] else None), int(row["port"]), int(row["started"])


def read_schema_texts(
    connection: Connection, left_out: Collection[RelationName] = ()
) -> tuple[tuple[str, str], ...]:
    """(object, text) of every comment, default, check, label, bound, expression, policy, trigger, rule, view and function body,
    but for what goes with the relations ``left_out``.
    """
    return tuple(
        (row["object"], row["body"])
        for row in read_rows(connection, "schema_texts")
        if row["body"] and RelationName(row["schema"], row["name"]) not in left_out
    )
