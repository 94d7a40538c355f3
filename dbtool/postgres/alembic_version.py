"""Which revisions a database is at, read from Alembic's own table without importing Alembic or writing anything."""

from __future__ import annotations

import psycopg
from psycopg import sql

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.errors import ConfigurationInvalid, PrivilegeMissing
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows

_DEFAULT = "alembic_version"


def find_version_tables(connection: Connection, named: str | None = None) -> tuple[RelationName, ...]:
    """Alembic's tables, the one in public first. ``named`` is ``[project.alembic] version_table``, as SQL spells it;
    without its schema it is looked for in all of them.

    :raises ConfigurationInvalid: ``named`` is no name of a table.
    """
    schema, name = _parse_name(connection, named) if named else (None, _DEFAULT)
    rows = read_rows(connection, "version_tables", {"schema": schema, "name": name})
    return tuple(RelationName(row["schema"], row["name"]) for row in rows)


def find_version_table(connection: Connection, named: str | None = None) -> RelationName | None:
    """None where Alembic has not been here yet.

    :raises ConfigurationInvalid: several tables would do.
    """
    found = find_version_tables(connection, named)
    if len(found) > 1:
        raise ConfigurationInvalid(
            f"{connection.info.dbname} has several tables of Alembic's: {', '.join(map(str, found))}; nothing was done. Say "
            f'which one is this project\'s, in dbtool.toml: [project.alembic] version_table = "{found[0]}"'
        )
    return found[0] if found else None


def read_heads(connection: Connection, table: RelationName | None) -> tuple[str, ...]:
    """The revisions in ``table``, sorted; none where there is no table.

    :raises PrivilegeMissing: with the GRANT.
    """
    if table is None:
        return ()
    query = sql.SQL("SELECT version_num FROM {} ORDER BY version_num").format(
        sql.Identifier(table.schema, table.name)
    )
    try:
        with translated(f"reading the revision from {table}"):
            return tuple(str(row[0]) for row in connection.execute(query))
    except PrivilegeMissing as error:
        role = quote_identifier(connection.info.user)
        raise PrivilegeMissing(
            f"{error}; nothing was done. Grant it: GRANT USAGE ON SCHEMA {quote_identifier(table.schema)} TO {role}; "
            f"GRANT SELECT ON {table} TO {role}"
        ) from None


def current_heads(connection: Connection, named: str | None = None) -> tuple[str, ...]:
    """The revisions the database is at, sorted; none for a fresh database.

    :raises ConfigurationInvalid: as ``find_version_table`` does.
    """
    return read_heads(connection, find_version_table(connection, named))


def all_heads(connection: Connection, named: str | None = None) -> tuple[str, ...]:
    """The revisions in every table of Alembic's, sorted: a database may serve several projects."""
    tables = find_version_tables(connection, named)
    return tuple(sorted({head for table in tables for head in read_heads(connection, table)}))


def _parse_name(connection: Connection, named: str) -> tuple[str | None, str]:
    try:
        row = connection.execute("SELECT pg_catalog.parse_ident(%s)", (named,)).fetchone()
    except psycopg.errors.InvalidParameterValue:
        row = None
    parts = row[0] if row else []
    if len(parts) not in {1, 2}:
        raise ConfigurationInvalid(
            f'[project.alembic] version_table = "{named}" is not the name of a table; nothing was done. Write it as '
            "schema.table."
        )
    return (parts[0] if len(parts) > 1 else None), parts[-1]
