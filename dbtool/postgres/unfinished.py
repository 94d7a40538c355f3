"""INVALID indexes and NOT VALID constraints of a database."""

from __future__ import annotations

from dataclasses import dataclass

from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


@dataclass(frozen=True, slots=True)
class Unfinished:
    """``kind`` is index, partitioned index or constraint; ``name`` and ``relation`` as SQL spells them."""

    kind: str
    name: str
    relation: str


def read_unfinished(connection: Connection) -> tuple[Unfinished, ...]:
    return tuple(Unfinished(**row) for row in read_rows(connection, "unfinished"))
