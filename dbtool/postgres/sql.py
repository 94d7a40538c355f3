"""SQL in files: one statement each, in the folder queries beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

Row = dict[str, Any]
# Bytes that are no character of the database's encoding, and a character that another encoding does not have.
NO_CHARACTER, NO_EQUIVALENT = "22021", "22P05"
NO_TEXT = frozenset({NO_CHARACTER, NO_EQUIVALENT})


def spell(relation: RelationName) -> sql.Identifier:
    return sql.Identifier(relation.schema, relation.name)


@cache
def read_query(name: str) -> bytes:
    return files("dbtool.postgres").joinpath("queries", f"{name}.sql").read_bytes()


def read_rows(
    connection: Connection,
    query: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    doing: str | None = None,
) -> list[Row]:
    """All rows of the query in ``queries/<query>.sql``; for the catalog, whose size is bounded."""
    doing = doing or f"reading {query.replace('_', ' ')} from pg_catalog"
    try:
        with translated(doing), connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(read_query(query), parameters).fetchall()
    except ServerFailed as error:
        if error.sqlstate not in NO_TEXT:
            raise
        raise ServerFailed(
            f"a name or another text in the schema of {connection.info.dbname} holds bytes that are no text of its encoding, "
            f"or that UTF-8 has no character for, while {doing}. Rename or correct it there",
            error.sqlstate,
        ) from None
