"""Rules of a subset that cannot hold together, as far as the schema tells; the walk tells the rest."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding
from dbtool.rules.position import Position
from dbtool.rules.subset_model import EdgeRule, SubsetRules
from dbtool.subset.graph import Edge, spell_columns
from dbtool.subset.naming import refuse
from dbtool.subset.policies import Policies
from dbtool.subset.spoken_of import SpokenOf

_CHECK = "subset-contradiction"


def judge_contradictions(
    catalog: Catalog, edges: tuple[Edge, ...], rules: SubsetRules, policies: Policies
) -> Iterator[Finding]:
    yield from _roots_with_policy(rules, policies)
    for key in catalog.foreign_keys:
        yield from _into_skipped(key, rules, policies)
    for edge in edges:
        yield from _into_empty(catalog, edge, rules, policies)
    spoken = SpokenOf(catalog, edges)
    for rule in rules.edges:
        if spoken.by(rule):
            yield from _followed_in_vain(rule, policies)


def _roots_with_policy(rules: SubsetRules, policies: Policies) -> Iterator[Finding]:
    why = {
        "all": "and with all, every row of it is copied and nothing follows them",
        "empty": "and empty leaves it without rows",
        "skip": "and skip leaves the table out",
    }
    for root in rules.roots:
        policy = policies.tables.get(root.table)
        if policy is not None:
            message = f"{root.table} is a root, so that rows of it are chosen and followed, {why[policy]}"
            yield refuse(_CHECK, root.at, message, f"remove the root or {root.table} from subset.tables")


def _into_skipped(key: ForeignKey, rules: SubsetRules, policies: Policies) -> Iterator[Finding]:
    """A constraint can be made only where the table it refers to is."""
    if key.is_inherited or policies.of(key.referenced) != "skip" or policies.of(key.referencing) == "skip":
        return
    referencing, referenced = policies.table(key.referencing), policies.table(key.referenced)
    message = (
        f"{spell_columns(key.referencing, key.columns)} refers to {key.referenced}: without that table its constraint "
        "could not be made in the copy"
    )
    remedy = f"make {referenced} empty instead of skip, or skip {referencing}, too"
    yield refuse(_CHECK, _position(referenced, rules), message, remedy)


def _into_empty(catalog: Catalog, edge: Edge, rules: SubsetRules, policies: Policies) -> Iterator[Finding]:
    """Rows that are certain to be there, and cannot be without the row they refer to."""
    referencing, referenced = policies.ends(edge)
    policy = policies.of(referenced)
    certain = policies.of(referencing) == "all" or referencing in {root.table for root in rules.roots}
    if not certain or policy not in {"empty", "skip"} or not _is_required(catalog, edge):
        return
    if policy == "skip" and edge.constraint is not None:
        return  # said already, of the constraint
    message = (
        f"{edge.where} is NOT NULL, so every row of {referencing} needs one of {referenced}, which is to be "
        f"{'empty' if policy == 'empty' else 'skipped'}"
    )
    remedy = f"remove {referenced} from subset.tables: the rows referred to come along, and no others"
    yield refuse(_CHECK, _position(referenced, rules), message, remedy)


def _is_required(catalog: Catalog, edge: Edge) -> bool:
    """Of a polymorphic reference no row need be of this type."""
    relation = catalog.relations[edge.referencing]
    return edge.type_column is None and all(relation.get_column(one).not_null for one in edge.columns)


def _followed_in_vain(rule: EdgeRule, policies: Policies) -> Iterator[Finding]:
    """``all`` brings the rows beyond the cap, too; ``empty`` and ``skip`` bring none."""
    policy = policies.of(rule.relation)
    most = rule.follow.most
    if policy is None or most == 0 or (policy == "all" and most is None):
        return
    said = "all" if most is None else f"at most {most:,} rows per row"
    message = f"along {spell_columns(rule.relation, rule.columns)} {said} should follow, but {rule.relation} is {policy}"
    yield refuse(_CHECK, rule.at, message, f"remove the edge, or {rule.relation} from subset.tables")


def _position(table: RelationName, rules: SubsetRules) -> Position:
    return rules.tables[table].at if table in rules.tables else rules.at
