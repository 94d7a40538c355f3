"""(Catalog, SourceFacts, rules) → the references, declared and virtual, with what follows along each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import RelationName
from dbtool.rules.model import RelationTarget, VirtualRelation
from dbtool.rules.subset_model import SubsetRules
from dbtool.subset.facts import EqualityOperator, SourceFacts, virtual_key
from dbtool.subset.graph import Edge
from dbtool.subset.nulls import Nullable
from dbtool.subset.spoken_of import SpokenOf


def bind_edges(
    catalog: Catalog, facts: SourceFacts, relations: tuple[VirtualRelation, ...], rules: SubsetRules
) -> tuple[Edge, ...]:
    """``relations`` name only what is there. A virtual reference that a declared one makes already is left out."""
    declared = [
        _declared(key, facts)
        for key in catalog.foreign_keys
        if not key.is_inherited and key.referencing in facts.leaves and key.referenced in facts.leaves
    ]
    known = {_substance(edge) for edge in declared}
    virtual = {_substance(edge): edge for relation in relations for edge in _virtual(relation, facts)}
    edges = (*declared, *(edge for substance, edge in virtual.items() if substance not in known))
    spoken = SpokenOf(catalog, edges)
    follows = {edge: rule.follow for rule in reversed(rules.edges) for edge in spoken.by(rule)}
    nulled = {edge for rule in rules.nullified for edge in spoken.by(rule)}
    nullable = Nullable(catalog, facts, edges)
    return tuple(
        replace(
            edge,
            follow=follows.get(edge, rules.follow),
            nulled=nullable.choose(edge) if edge in nulled else (),
        )
        for edge in edges
    )


def _declared(key: ForeignKey, facts: SourceFacts) -> Edge:
    edge = Edge(
        referencing=key.referencing,
        columns=key.columns,
        referenced=key.referenced,
        referenced_columns=key.referenced_columns,
        operators=_operators(facts, key.referencing, key.name, len(key.columns)),
        constraint=key.name,
        vouched=key.validated and key.enforced,
        temporal=key.temporal,
    )
    return _indexed(edge, facts)


def _virtual(relation: VirtualRelation, facts: SourceFacts) -> Iterator[Edge]:
    for target in relation.targets:
        referenced = target.referenced
        if referenced is not None and {referenced, relation.relation} <= facts.leaves.keys():
            yield _indexed(_to(relation, target, referenced, facts), facts)


def _to(
    relation: VirtualRelation, target: RelationTarget, referenced: RelationName, facts: SourceFacts
) -> Edge:
    key = virtual_key(relation.columns, referenced, target.referenced_columns)
    return Edge(
        referencing=relation.relation,
        columns=relation.columns,
        referenced=referenced,
        referenced_columns=target.referenced_columns,
        operators=_operators(facts, relation.relation, key, len(relation.columns)),
        type_column=relation.type_column,
        type_value=target.type_value,
    )


def _operators(
    facts: SourceFacts, relation: RelationName, name: str, width: int
) -> tuple[EqualityOperator, ...]:
    return facts.operators.get((relation, name), (EqualityOperator(),) * width)


def _indexed(edge: Edge, facts: SourceFacts) -> Edge:
    """No index holds a column's text, so that none serves where texts are compared."""
    compares_values = not any(operator.as_text for operator in edge.operators)
    return replace(
        edge,
        referencing_indexed=compares_values and facts.is_indexed(edge.referencing, edge.columns),
        referenced_indexed=compares_values and facts.is_indexed(edge.referenced, edge.referenced_columns),
    )


def _substance(edge: Edge) -> tuple[object, ...]:
    pairs = frozenset(zip(edge.columns, edge.referenced_columns, strict=True))
    return edge.referencing, pairs, edge.referenced, edge.type_column, edge.type_value
