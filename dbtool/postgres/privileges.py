"""What the current role may and may not do with the relations of a catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.postgres.introspect_relations import name_of
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows


def missing_privileges(
    connection: Connection, catalog: Catalog, *, with_sequences: bool = False
) -> tuple[str, ...]:
    """The GRANT statements that the current role lacks to lock, read and dump everything in ``catalog``.

    ``with_sequences`` is for a pg_dump that is not --schema-only: it reads sequences, too.
    """
    rows = read_rows(connection, "privileges")
    wanted = set(catalog.relations) | ({s.name for s in catalog.sequences} if with_sequences else set())
    return tuple(render_grants(row for row in rows if name_of(row) in wanted))


def render_grants(rows: Iterable[Row]) -> Iterator[str]:
    """Rows of privileges.sql → statements, one per schema and kind of privilege."""
    lacking: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for row in rows:
        role = quote_identifier(row["role"])
        if not row["schema_usable"]:
            lacking["USAGE ON SCHEMA", role][quote_identifier(row["schema"])] = None
        if not row["selectable"]:
            kind = "SEQUENCE" if row["is_sequence"] else "TABLE"
            lacking[f"SELECT ON {kind}", role][str(name_of(row))] = None
    for (privilege, role), names in sorted(lacking.items(), reverse=True):
        yield f"GRANT {privilege} {', '.join(names)} TO {role};"


def row_security_blocks(connection: Connection, catalog: Catalog) -> tuple[RelationName, ...]:
    """Relations of which a policy may hide rows from the current role: PostgreSQL refuses to copy them.

    Only what rows are read from counts: a policy of a partitioned table does not reach its partitions.
    """
    holding = {relation.name for relation in catalog.tables()}
    found = (name_of(row) for row in read_rows(connection, "privileges") if row["rows_hidden"])
    return tuple(name for name in found if name in holding)


def writable_relations(connection: Connection) -> int:
    """How many relations the current role could write to; a source's role had better have none."""
    (row,) = read_rows(connection, "writable_relations")
    return int(row["writable"])
