"""The references that only the rules know of, as far as this database has what they name."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.findings import Finding
from dbtool.rules.model import VirtualRelation
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import PolymorphicCheck, spell_columns
from dbtool.subset.naming import judge_columns


def judge_relation(catalog: Catalog, relation: VirtualRelation) -> Iterator[Finding]:
    types = (relation.type_column,) if relation.type_column is not None else ()
    yield from judge_columns(catalog, relation.relation, (*relation.columns, *types), relation.at)
    for target in relation.targets:
        if target.referenced is not None:
            yield from judge_columns(catalog, target.referenced, target.referenced_columns, target.at)


def bind_checks(facts: SourceFacts, relations: tuple[VirtualRelation, ...]) -> tuple[PolymorphicCheck, ...]:
    """Types that refer to nothing here are known, too."""
    return tuple(
        PolymorphicCheck(
            referencing=relation.relation,
            columns=relation.columns,
            type_column=relation.type_column,
            known=tuple(one.type_value for one in relation.targets if one.type_value is not None),
            where=spell_columns(relation.relation, relation.columns),
        )
        for relation in relations
        if relation.type_column is not None and facts.leaves.get(relation.relation)
    )
