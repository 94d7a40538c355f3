"""The rules without what they say of tables whose rows the target keeps: a rule file serves several targets. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dbtool.catalog.relations import RelationName
from dbtool.refresh.preserving import preserved_names
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.model import RelationTarget, RuleSet, VirtualRelation
from dbtool.rules.subset_model import SubsetRules


def of_copied(request: RefreshRequest) -> RefreshRequest:
    """:raises ConfigurationInvalid: as ``preserved_names`` does."""
    names = preserved_names(request.target)
    return replace(request, rules=without_rules_of(request.rules, names)) if names else request


def without_rules_of(rules: RuleSet, names: Collection[RelationName]) -> RuleSet:
    """The digest stays: it is of the files."""
    return replace(
        rules,
        tables={name: table for name, table in rules.tables.items() if name not in names},
        virtual_references=tuple(
            one
            for one in rules.virtual_references
            if one.relation not in names and one.referenced not in names
        ),
        relations=tuple(
            _leading_elsewhere(one, names)
            for one in rules.relations
            if one.relation not in names and _leads_elsewhere(one, names)
        ),
        subset=_subset(rules.subset, names),
        profiles={name: _subset(profile, names) for name, profile in rules.profiles.items()},
    )


def _leads_elsewhere(relation: VirtualRelation, names: Collection[RelationName]) -> bool:
    return any(target.referenced not in names for target in relation.targets)


def _leading_elsewhere(relation: VirtualRelation, names: Collection[RelationName]) -> VirtualRelation:
    """Of a polymorphic reference the kept table's rows are none that are copied, as of a type that refers to nothing."""

    def spared(target: RelationTarget) -> RelationTarget:
        if target.referenced not in names:
            return target
        return replace(target, referenced=None, referenced_columns=())

    return replace(relation, targets=tuple(map(spared, relation.targets)))


def _subset(subset: SubsetRules | None, names: Collection[RelationName]) -> SubsetRules | None:
    if subset is None:
        return None
    return replace(
        subset,
        edges=tuple(edge for edge in subset.edges if edge.relation not in names),
        nullified=tuple(rule for rule in subset.nullified if rule.relation not in names),
        tables={name: policy for name, policy in subset.tables.items() if name not in names},
    )
