"""A database's description as one frozen value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.fingerprint import (
    describe_check,
    describe_foreign_key,
    describe_relation,
    describe_sequence,
    describe_unique_index,
)
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.catalog.shapes import describe_shapes


@dataclass(frozen=True, slots=True)
class Catalog:
    """``materialized_views`` are in the order in which they can be refreshed. ``alembic_version`` is the
    relation Alembic keeps its revision in, where there is one: it needs no rule. ``not_copied`` names what
    holds data and is left out by design (foreign tables, large objects), as sentences for preflight.
    """

    server_version: int
    relations: Mapping[RelationName, Relation]
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique_indexes: tuple[UniqueIndex, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    materialized_views: tuple[RelationName, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()
    alembic_version: RelationName | None = None
    large_objects: int = 0
    not_copied: tuple[str, ...] = field(default=())

    @property
    def major(self) -> int:
        return self.server_version // 10000

    def tables(self) -> tuple[Relation, ...]:
        """Everything whose rows are copied, largest first; ties by name, so that order repeats."""
        rows = (relation for relation in self.relations.values() if relation.holds_rows)
        return tuple(sorted(rows, key=lambda relation: (-relation.bytes, relation.name)))

    def ruled(self) -> tuple[Relation, ...]:
        """What a rule file speaks of: tables and partition roots, by name. The leaves are their roots'."""
        found = (
            relation
            for relation in self.relations.values()
            if relation.kind in (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)
            and relation.partition_root is None
            and relation.name != self.alembic_version
        )
        return tuple(sorted(found, key=lambda relation: relation.name))

    def fingerprint(self) -> str:
        """Digest of what the rules decide by (columns and keys): while it stays, so do their decisions.

        The same schema has the same one on every server, after a dump and a restore, too, and with another month's
        partition. The gate's, of all DDL, is in catalog/definitions.py.
        """
        digest = hashlib.sha256()
        for line in sorted(self.ruled_description()):
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()

    def ruled_description(self) -> Iterator[str]:
        """The lines that the fingerprint digests: partitions fold into their root, what numbers rows is left out."""
        folded = {name for name, one in self.relations.items() if one.partition_root in self.relations}
        for name, relation in self.relations.items():
            if name not in folded:
                yield from describe_relation(relation)
        for key in self.foreign_keys:
            if key.referencing not in folded:
                yield from describe_foreign_key(key)
        yield from (describe_unique_index(one) for one in self.unique_indexes if one.relation not in folded)
        yield from (describe_check(one) for one in self.checks if one.relation not in folded)
        yield from describe_shapes(self.relations, self.foreign_keys, self.unique_indexes, self.checks)

    def description(self) -> Iterator[str]:
        """What a copy must have, one line each: every partition and sequence, too."""
        for relation in self.relations.values():
            yield from describe_relation(relation)
        for key in self.foreign_keys:
            yield from describe_foreign_key(key)
        yield from map(describe_unique_index, self.unique_indexes)
        yield from map(describe_check, self.checks)
        yield from map(describe_sequence, self.sequences)


def build_catalog(server_version: int, relations: Iterable[Relation], **parts: object) -> Catalog:
    """Make a Catalog from loose relations; the short way for tests and for the reader of pg_catalog."""
    by_name = MappingProxyType({relation.name: relation for relation in relations})
    return Catalog(server_version=server_version, relations=by_name, **parts)  # type: ignore[arg-type]
