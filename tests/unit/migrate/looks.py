"""Looks at a transaction, as a test wants them."""

from __future__ import annotations

from dbtool.catalog.relations import RelationName
from dbtool.locks.modes import LockMode
from dbtool.migrate.rehearse.observation import Counters, Observation, SeenColumn, SeenRelation, Sighting

T, INDEX, U = 20001, 20002, 20003
INTEGER, BIGINT = SeenColumn("n", 23, -1, "integer"), SeenColumn("n", 20, -1, "bigint")


def relation(
    oid: int = T,
    name: str = "t",
    *,
    schema: str = "public",
    kind: str = "r",
    filenode: int = 1,
    table: int | None = None,
    columns: dict[int, SeenColumn] | None = None,
) -> SeenRelation:
    return SeenRelation(oid, RelationName(schema, name), kind, filenode, table, columns)


def known(*relations: SeenRelation) -> dict[int, SeenRelation]:
    return {each.oid: each for each in relations}


def look(
    *relations: SeenRelation,
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE,
    counters: Counters | None = None,
    size: int | None = None,
    foreign_keys: frozenset[str] = frozenset(),
) -> Observation:
    return {
        each.oid: Sighting(each.oid, mode, each, counters or Counters(), size, foreign_keys)
        for each in relations
    }
