"""Does a subset fit the database? Known before a row is read."""

from __future__ import annotations

from collections.abc import Sequence

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.without import with_belongings
from dbtool.errors import RulesInvalid
from dbtool.findings import Finding
from dbtool.postgres.fragments import check_condition, check_steady
from dbtool.postgres.session import Connection
from dbtool.postgres.skipped import read_dependents
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.refresh.skipped import judge_skipped, skipped_tables
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import Root, SubsetRules
from dbtool.subset.bind import bind_subset


def look_at_subset(
    connection: Connection, catalog: Catalog, rules: RuleSet, subset: SubsetRules
) -> tuple[Finding, ...]:
    """What can be said of a subset without reading a row: does it fit this database?

    :raises RulesInvalid: conditions that PostgreSQL cannot read, or that may do more than tell rows apart; each with its
        place in the rule file.
    """
    facts = read_subset_facts(connection, catalog, rules.relations)
    graph, findings = bind_subset(catalog, facts, rules, subset)
    skipped = skipped_tables(subset)
    dependents = read_dependents(connection, with_belongings(catalog, skipped)) if skipped else ()
    _check_conditions(connection, [root.rule for root in graph.roots])
    return (*findings, *judge_skipped(catalog, skipped, dependents))


def _check_conditions(connection: Connection, roots: Sequence[Root]) -> None:
    problems: list[str] = []
    for root in roots:
        if root.where is not None:
            try:
                check_condition(connection, root.table, root.where)
                check_steady(connection, root.table, root.where)
            except RulesInvalid as error:
                problems += error.problems
    if problems:
        raise RulesInvalid(tuple(dict.fromkeys(problems)))
