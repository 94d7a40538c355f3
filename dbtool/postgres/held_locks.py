"""A clone's relations, as a session of ours beside the migration's sees them."""

from __future__ import annotations

from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows


def read_known_relations(connection: Connection) -> list[Row]:
    return read_rows(connection, "known_relations")
