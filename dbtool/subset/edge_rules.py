"""Whether what the rules say of edges is about references that are there, and can be done."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.findings import Finding, Severity
from dbtool.rules.position import Position
from dbtool.rules.subset_model import EdgeRule, NullRule, SubsetRules
from dbtool.rules.yaml_text import spell_name
from dbtool.spelling import did_you_mean
from dbtool.subset.graph import Edge, spell_columns
from dbtool.subset.keys import find_key
from dbtool.subset.naming import judge_columns, refuse
from dbtool.subset.spoken_of import SpokenOf


def judge_edge_rules(catalog: Catalog, edges: tuple[Edge, ...], rules: SubsetRules) -> Iterator[Finding]:
    spoken = SpokenOf(catalog, edges)
    for rule in rules.edges:
        meant = spoken.by(rule)
        yield from _judge_order(catalog, meant, rule) if meant else _not_there(catalog, edges, rule)
    for null in rules.nullified:
        meant = spoken.by(null)
        yield from _judge_nulled(meant, null) if meant else _not_there(catalog, edges, null)
    yield from _judge_default(catalog, edges, rules)


def _not_there(catalog: Catalog, edges: tuple[Edge, ...], rule: EdgeRule | NullRule) -> Iterator[Finding]:
    if _is_out_of_sight(catalog, rule):
        return
    wrong = list(judge_columns(catalog, rule.relation, rule.columns, rule.at))
    if wrong:
        yield from wrong
        return
    spelt = spell_columns(rule.relation, rule.columns)
    hint = did_you_mean(spelt, [edge.where for edge in edges])
    message = f"{spelt} refers to nothing that PostgreSQL or the rules know of{hint}"
    remedy = f"correct it, or declare the reference:\nrelations:\n  - from: {_spell(spelt)}\n    to: …"
    yield refuse("subset-unknown-edge", rule.at, message, remedy)


def _is_out_of_sight(catalog: Catalog, rule: EdgeRule | NullRule) -> bool:
    """A declared key to or from a table that cannot be read, such as an unlogged one on a standby."""
    return any(
        key.referencing == rule.relation and set(key.columns) == set(rule.columns)
        for key in catalog.foreign_keys
    )


def _spell(columns: str) -> str:
    return columns if columns.startswith("[") else spell_name(columns)


def _judge_order(catalog: Catalog, meant: list[Edge], rule: EdgeRule) -> Iterator[Finding]:
    columns = [term.column for term in rule.follow.order]
    yield from judge_columns(catalog, catalog.relations[rule.relation].ruled_by, columns, rule.at)
    if rule.follow.most and not rule.follow.order:
        yield from _judge_ties(catalog, meant[0], rule.at)


def _judge_ties(catalog: Catalog, edge: Edge, at: Position) -> Iterator[Finding]:
    if find_key(catalog, edge.referencing):
        return
    yield Finding(
        "subset-no-key",
        Severity.WARNING,
        str(at),
        f"{edge.referencing} has no key, so that without an order other rows may follow along {edge.where} every night",
        "add order: by columns that tell the rows apart",
    )


def _judge_default(catalog: Catalog, edges: tuple[Edge, ...], rules: SubsetRules) -> Iterator[Finding]:
    """The default's order must be known to every table it holds for."""
    if not rules.follow.order:
        return
    columns = [term.column for term in rules.follow.order]
    held = {edge.referencing for edge in edges if edge.follow == rules.follow}
    for relation in sorted(held):
        yield from judge_columns(catalog, catalog.relations[relation].ruled_by, columns, rules.at)


def _judge_nulled(meant: list[Edge], rule: NullRule) -> Iterator[Finding]:
    fixed = [edge for edge in meant if not edge.nulled]
    if fixed:
        message = (
            f"{fixed[0].where} cannot become NULL: it is NOT NULL, or something else depends on its value; what it refers "
            "to must be pulled in"
        )
        yield refuse("subset-not-nullable", rule.at, message, "remove it from nullify")
