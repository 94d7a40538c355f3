"""(Catalog, SourceFacts, rules) → Graph, and everything that is wrong with the rules of the subset, at once."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import SubsetRules
from dbtool.subset.contradictions import judge_contradictions
from dbtool.subset.edge_rules import judge_edge_rules
from dbtool.subset.edges import bind_edges
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Graph
from dbtool.subset.policies import bind_policies, judge_policies
from dbtool.subset.reach import find_unreached, judge_unreached
from dbtool.subset.roots import bind_roots, judge_root
from dbtool.subset.virtual import bind_checks, judge_relation


def bind_subset(
    catalog: Catalog, facts: SourceFacts, rules: RuleSet, subset: SubsetRules
) -> tuple[Graph, tuple[Finding, ...]]:
    """``subset`` is the one of the rules or of one of their profiles. The graph may be walked only where no finding is an
    error; until then it lacks what is not there.
    """
    named = [(relation, tuple(judge_relation(catalog, relation))) for relation in rules.relations]
    relations = tuple(relation for relation, wrong in named if not wrong)
    policies = bind_policies(catalog, subset)
    edges = bind_edges(catalog, facts, relations, subset)
    graph = Graph(
        edges=edges,
        roots=bind_roots(catalog, facts, subset.roots),
        leaves=facts.leaves,
        tables=_tables_of_leaves(catalog, facts),
        policies=policies.by_leaf(facts),
        checks=bind_checks(facts, relations),
        unreached=find_unreached(catalog, facts, edges, subset.roots, policies),
        estimates={leaf: relation.rows for leaf, relation in catalog.relations.items() if relation.rows >= 0},
    )
    findings = (
        *(finding for _, wrong in named for finding in wrong),
        *(finding for root in subset.roots for finding in judge_root(catalog, root)),
        *judge_policies(catalog, subset),
        *judge_edge_rules(catalog, edges, subset),
        *judge_contradictions(catalog, edges, subset, policies),
    )
    return graph, (*findings, *_judge_reach(graph, findings))


def _tables_of_leaves(catalog: Catalog, facts: SourceFacts) -> dict[RelationName, RelationName]:
    return {leaf: catalog.relations[leaf].ruled_by for leaves in facts.leaves.values() for leaf in leaves}


def _judge_reach(graph: Graph, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """Where a name is wrong, what cannot be reached is a consequence, and would bury the cause."""
    if not any(finding.is_error for finding in findings):
        yield from judge_unreached(graph)
