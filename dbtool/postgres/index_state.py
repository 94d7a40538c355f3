"""Whether an index stands, as a rerun of a concurrent build asks."""

from __future__ import annotations

import psycopg

from dbtool.postgres.session import Connection, translated
from dbtool.postgres.sql import read_rows


def find_index_validity(connection: Connection, index: str, table: str = "") -> bool | None:
    """True: valid; False: INVALID, as a concurrent build leaves it; None: there is none.

    ``index`` and ``table`` as SQL spells them. Without a schema all are looked in; of several of one name the worst is
    told.
    """
    schema, name = _parse(connection, index)
    table_schema, table_name = _parse(connection, table) if table else (None, None)
    rows = read_rows(
        connection,
        "index_state",
        {"schema": schema or table_schema, "name": name, "relation": table_name},
    )
    return all(row["valid"] for row in rows) if rows else None


def _parse(connection: Connection, name: str) -> tuple[str | None, str]:
    with translated("reading a name"):
        try:
            row = connection.execute("SELECT pg_catalog.parse_ident(%s)", (name,)).fetchone()
        except psycopg.errors.InvalidParameterValue:
            return None, name
    parts = row[0] if row else [name]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]
