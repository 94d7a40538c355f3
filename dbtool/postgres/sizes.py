"""How large and how busy the relations of a database are, by its own statistics."""

from __future__ import annotations

from dbtool.locks.trace import RelationSize, Sizes
from dbtool.postgres.introspect_relations import name_of
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


def read_sizes(connection: Connection) -> Sizes:
    """By relation as SQL spells it. Rows are estimates. A standby tells its own scans, and no writes."""
    return {
        str(name_of(row)): RelationSize(
            row["rows"], row["bytes"], row["index_bytes"], row["scans_per_s"], row["writes_per_s"]
        )
        for row in read_rows(connection, "relation_sizes")
    }
