"""References that lead nowhere, counted over all rows of a database that has been loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import RawCursor

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.edge_queries import orphans_query
from dbtool.postgres.readings import Reading
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.subset_facts import read_leaves
from dbtool.subset.graph import Edge


def count_loose_ends(connection: Connection, catalog: Catalog, edges: Sequence[Edge]) -> Mapping[Edge, int]:
    """``edges`` are those of the source that the database was loaded from, ``catalog`` is its own: a row whose partition key
    was masked may stand in another partition than there.
    """
    leaves = read_leaves(connection, catalog)
    return {
        edge: sum(
            _count(connection, edge, leaf, leaves[edge.referenced]) for leaf in leaves[edge.referencing]
        )
        for edge in edges
    }


def _count(
    connection: Connection, edge: Edge, leaf: RelationName, referenced: tuple[RelationName, ...]
) -> int:
    """Read leaf by leaf: of a foreign table among the partitions another server would have to be asked."""
    query = orphans_query(edge, leaf, Reading(edge.referenced, leaves=referenced), whole=True)
    parameters = () if edge.type_column is None else (edge.type_value or "",)
    with translated(f"checking {edge.where} in the candidate"), RawCursor(connection) as cursor:
        row = cursor.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0
