"""What partitions have that their root does not say already: cron makes new ones, and one like the others is no news.

A partition is described as if it were its root, and without the names that are usually made of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dbtool.catalog.constraints import CheckConstraint, ForeignKey, UniqueIndex
from dbtool.catalog.definitions import name_shapes
from dbtool.catalog.fingerprint import (
    describe_check,
    describe_foreign_key,
    describe_relation,
    describe_unique_index,
)
from dbtool.catalog.relations import Persistence, Relation, RelationName

_NAME = r'(?:"(?:[^"]|"")*"|[^\s".]+)'
_NAMED = re.compile(rf"CREATE UNIQUE INDEX {_NAME} ON (?:ONLY )?{_NAME}\.{_NAME} ")
_NAMELESS = "-"


def describe_shapes(
    relations: Mapping[RelationName, Relation],
    keys: Iterable[ForeignKey],
    indexes: Iterable[UniqueIndex],
    checks: Iterable[CheckConstraint],
) -> Iterator[str]:
    """One line per root and shape."""
    own: dict[RelationName, list[str]] = {
        name: sorted(_own_lines(relation, relations[relation.ruled_by]))
        for name, relation in relations.items()
        if relation.partition_root in relations
    }
    for key in keys:
        if key.referencing in own:
            root = relations[key.referencing].ruled_by
            own[key.referencing] += describe_foreign_key(replace(key, name=_NAMELESS, referencing=root))
    for index in indexes:
        if index.relation in own:
            own[index.relation].append(describe_unique_index(_as_roots(index, relations)))
    for check in checks:
        if check.relation in own:
            root = relations[check.relation].ruled_by
            own[check.relation].append(describe_check(replace(check, name=_NAMELESS, relation=root)))
    shapes: dict[RelationName, set[str]] = defaultdict(set)
    for name, lines in own.items():
        shapes[relations[name].ruled_by].add("; ".join(sorted(lines)))
    yield from (f"partitions of {root}: {shape}" for root, shape in name_shapes(shapes))


def _own_lines(partition: Relation, root: Relation) -> set[str]:
    plain = replace(root, partition_strategy=None, partition_key=(), persistence=Persistence.PERMANENT)
    known = {*_lines_of(root, root), *_lines_of(plain, root)}
    return set(_lines_of(partition, root)) - known


def _lines_of(relation: Relation, root: Relation) -> Iterator[str]:
    return describe_relation(replace(relation, name=root.name, partition_root=root.name, partition_bound=""))


def _as_roots(index: UniqueIndex, relations: Mapping[RelationName, Relation]) -> UniqueIndex:
    root = relations[index.relation].ruled_by
    return replace(index, name=_NAMELESS, relation=root, definition=_NAMED.sub("", index.definition, count=1))
