"""What a database has that cannot be without the tables that a subset skips."""

from __future__ import annotations

from collections.abc import Collection

from dbtool.catalog.relations import RelationName
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


def read_dependents(
    connection: Connection, names: Collection[RelationName]
) -> tuple[tuple[RelationName, str], ...]:
    """Which of ``names`` is needed, and by what: ``view public.totals``, ``foreign key k on public.orders``.

    What belongs to one of ``names`` is no dependent; partitions and owned sequences must be named beside their tables.
    Of bodies that PostgreSQL keeps as text (PL/pgSQL) it knows nothing. The session's search_path must be pg_catalog,
    as ``connect`` sets it: names are spelt without the schemas that are in it.
    """
    wanted = sorted(names)
    parameters = {"schemas": [name.schema for name in wanted], "names": [name.name for name in wanted]}
    rows = read_rows(
        connection,
        "skip_dependents",
        parameters,
        doing="reading from pg_catalog what depends on skipped tables",
    )
    return tuple(
        (RelationName(row["schema"], row["name"]), f"{row['type']} {row['identity']}") for row in rows
    )
