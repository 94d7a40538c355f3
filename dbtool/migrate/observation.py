"""What a session said of its own transaction, read: relations with their locks, columns and counters. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
class Observation:
    """One look at one transaction, by OID. ``gone`` are locked relations that the catalog no longer has."""

    relations: Mapping[int, SeenRelation] = field(default_factory=dict)
    locks: Mapping[int, LockMode] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    counters: Mapping[int, Counters] = field(default_factory=dict)
    bytes: Mapping[int, int] = field(default_factory=dict)
    foreign_keys: Mapping[int, frozenset[str]] = field(default_factory=dict)


NOTHING_SEEN = Observation()
Known = Mapping[int, SeenRelation]


def parse_observation(text: str) -> Observation:
    """The JSON of child/sources.py."""
    rows = json.loads(text)
    present = [row for row in rows if row[3] is not None]
    return Observation(
        relations={row[0]: _relation(row) for row in present},
        locks={row[0]: LockMode(row[1]) for row in rows},
        gone=frozenset(row[0] for row in rows if row[3] is None),
        counters={row[0]: Counters(*row[7]) for row in present if row[7]},
        bytes={row[0]: row[8] for row in present if row[8] is not None},
        foreign_keys={row[0]: frozenset(row[10]) for row in present if row[10]},
    )


def _relation(row: list[Any]) -> SeenRelation:
    return SeenRelation(row[0], RelationName(row[2], row[3]), row[4], row[5], row[6], parse_columns(row[9]))


def parse_columns(rows: list[list[Any]] | None) -> Mapping[int, SeenColumn] | None:
    return None if rows is None else {number: SeenColumn(*rest) for number, *rest in rows}


def find_relation(oid: int, seen: Observation, committed: Known) -> SeenRelation | None:
    """As it stood at that look: what is not locked is as it was committed."""
    relation = seen.relations.get(oid)
    if relation is None:
        return None if oid in seen.gone else committed.get(oid)
    if relation.columns is None and (before := committed.get(oid)) is not None:
        return replace(relation, columns=before.columns)
    return relation


def commit(seen: Observation, committed: Known) -> Known:
    """What is committed once the transaction of the look has been."""
    kept = {oid: relation for oid, relation in committed.items() if oid not in seen.gone}
    found = {oid: find_relation(oid, seen, committed) for oid in seen.relations}
    return kept | {oid: relation for oid, relation in found.items() if relation and oid >= FIRST_USER_OID}
