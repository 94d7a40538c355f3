"""A catalog as it is where some of its tables were never made: what a subset that skips them copies, and is held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import Sequence
from dbtool.catalog.relations import RelationName


def with_belongings(catalog: Catalog, tables: Collection[RelationName]) -> frozenset[RelationName]:
    """The tables, their partitions at every level and the sequences that these own: what DROP TABLE would take along."""
    wanted = frozenset(tables)
    relations = wanted | {
        relation.name for relation in catalog.relations.values() if relation.partition_root in wanted
    }
    return relations | {sequence.name for sequence in catalog.sequences if sequence.owned_by in relations}


def without(catalog: Catalog, skipped: Collection[RelationName]) -> Catalog:
    """The catalog less what ``skipped`` names, with what belongs to it and what was said of it."""
    gone = with_belongings(catalog, skipped)
    if not gone:
        return catalog
    return replace(
        catalog,
        relations=MappingProxyType(
            {name: relation for name, relation in catalog.relations.items() if name not in gone}
        ),
        foreign_keys=tuple(
            key for key in catalog.foreign_keys if gone.isdisjoint((key.referencing, key.referenced))
        ),
        unique_indexes=tuple(index for index in catalog.unique_indexes if index.relation not in gone),
        checks=tuple(check for check in catalog.checks if check.relation not in gone),
        sequences=tuple(_feeding_less(one, gone) for one in catalog.sequences if one.name not in gone),
        materialized_views=tuple(name for name in catalog.materialized_views if name not in gone),
        alembic_version=None if catalog.alembic_version in gone else catalog.alembic_version,
        not_copied=tuple(sentence for sentence in catalog.not_copied if not _is_of(sentence, gone)),
    )


def _feeding_less(sequence: Sequence, gone: frozenset[RelationName]) -> Sequence:
    return replace(sequence, feeds=tuple(fed for fed in sequence.feeds if fed[0] not in gone))


def _is_of(sentence: str, gone: frozenset[RelationName]) -> bool:
    """Of one relation its sentence begins with the name; a key's says whose it is."""
    return any(
        sentence.startswith(f"{name} ")
        or (sentence.startswith("foreign key ") and f" of {name} refers" in sentence)
        for name in gone
    )
