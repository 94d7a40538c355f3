"""Whether an index stands, as a rerun of a concurrent build asks."""

from __future__ import annotations

import psycopg

from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


def find_index_states(connection: Connection, index: str, table: str = "") -> frozenset[bool | None]:
    """True: valid; False: INVALID, as a concurrent build leaves it; None: there is none.

    ``index`` and ``table`` as SQL spells them. Without a schema they may be in any: then each that differs is told, since
    which one a session means depends on its search_path.
    """
    schema, name = _parse(connection, index)
    if not table:
        rows = read_rows(connection, "index_state_by_name", {"schema": schema, "name": name})
    else:
        schema, relation = _parse(connection, table)
        rows = read_rows(connection, "index_state", {"schema": schema, "name": name, "relation": relation})
    return frozenset(row["valid"] for row in rows) or frozenset({None})


def _parse(connection: Connection, name: str) -> tuple[str | None, str]:
    with translated("reading a name"):
        try:
            row = connection.execute("SELECT pg_catalog.parse_ident(%s)", (name,)).fetchone()
        except psycopg.errors.InvalidParameterValue:
            return None, name
    parts = row[0] if row else [name]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]
