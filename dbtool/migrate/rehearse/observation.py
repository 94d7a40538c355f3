"""What a session said of its own transaction, read: relations with their locks, columns and counters. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dbtool.catalog.relations import RelationName
from dbtool.locks.modes import LockMode

FIRST_USER_OID = 16384  # PostgreSQL's own relations have lower ones


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """``type_id`` and ``modifier`` are compared: how ``type`` is spelt depends on the search_path."""

    name: str
    type_id: int
    modifier: int
    type: str


@dataclass(frozen=True, slots=True)
class SeenRelation:
    """``kind`` is pg_class.relkind; ``table`` the OID of an index's table. ``columns`` by number, None where nobody looked."""

    oid: int
    name: RelationName
    kind: str
    filenode: int
    table: int | None = None
    columns: Mapping[int, SeenColumn] | None = None

    @property
    def is_toast(self) -> bool:
        return self.name.schema == "pg_toast"

    @property
    def is_index(self) -> bool:
        return self.kind in {"i", "I"}


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the transaction began. ``scans`` are sequential ones."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    scans: int = 0


NO_COUNTERS = Counters()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A locked relation as the transaction sees it. ``relation`` is None where it has dropped it."""

    oid: int
    mode: LockMode
    relation: SeenRelation | None = None
    counters: Counters = NO_COUNTERS
    bytes: int | None = None
    foreign_keys: frozenset[str] = frozenset()


Observation = Mapping[int, Sighting]  # one look at one transaction
Known = Mapping[int, SeenRelation]
NOTHING_SEEN: Observation = {}


def parse_difference(before: Observation, told: Mapping[str, Any]) -> tuple[Observation, frozenset[int]]:
    """The next look from the one before and what child/sources.py tells of the way; and the OIDs that it tells of."""
    found = {one.oid: one for one in map(_sighting, map(json.loads, told["facts"]))}
    released = frozenset(told["released"])
    kept = {oid: one for oid, one in before.items() if oid not in released} if released else before
    return {**kept, **found}, released | found.keys()


def _sighting(row: list[Any]) -> Sighting:
    oid, mode, schema, name, kind, filenode, table, counters, size, columns, foreign_keys = row
    if name is None:
        return Sighting(oid, LockMode(mode))
    return Sighting(
        oid,
        LockMode(mode),
        SeenRelation(oid, RelationName(schema, name), kind, filenode, table, parse_columns(columns)),
        Counters(*counters) if counters else NO_COUNTERS,
        size,
        frozenset(foreign_keys or ()),
    )


def parse_columns(rows: list[list[Any]] | None) -> Mapping[int, SeenColumn] | None:
    return None if rows is None else {number: SeenColumn(*rest) for number, *rest in rows}


def find_relation(oid: int, seen: Observation, committed: Known) -> SeenRelation | None:
    """As it stood at that look: what is not locked is as it was committed."""
    before, sighting = committed.get(oid), seen.get(oid)
    if sighting is None:
        return before
    relation = sighting.relation
    if relation is not None and relation.columns is None and before is not None:
        return replace(relation, columns=before.columns)
    return relation


def lacks_columns(touched: Iterable[int], seen: Observation, committed: Known) -> bool:
    """Whether columns that were seen have none to be compared with: a transaction tells none of what it has made."""
    for oid in touched:
        before, sighting = committed.get(oid), seen.get(oid)
        if before and before.columns is None and sighting and sighting.relation and sighting.relation.columns:
            return True
    return False


def commit(seen: Observation, committed: Known) -> Known:
    """What is committed once the transaction of the look has been."""
    after = dict(committed)
    for oid in seen:
        relation = find_relation(oid, seen, committed)
        if relation is None:
            after.pop(oid, None)
        elif oid >= FIRST_USER_OID:
            after[oid] = relation
    return after
