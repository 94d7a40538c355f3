"""Rules that speak of nothing this database has. Harmless as such: a misspelt rule leaves its column undecided,
and that stops the run. Rules are in git with the code, before production has the column and after it has lost it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.nearest import find_nearest_table
from dbtool.catalog.relations import Persistence, Relation, RelationKind, RelationName, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.rules.model import ColumnRule, Keep, RuleSet, TableRules, VirtualRelation
from dbtool.rules.position import Position
from dbtool.spelling import did_you_mean

_WITHOUT_ROWS = {
    RelationKind.VIEW: "a view: it holds no rows of its own",
    RelationKind.MATERIALIZED_VIEW: "a materialised view: it is never copied, but refreshed from masked tables",
    RelationKind.FOREIGN_TABLE: "a foreign table: it is never copied",
}


def find_unused(
    catalog: Catalog, rules: RuleSet, skipped: Collection[RelationName] = ()
) -> Iterator[Finding]:
    """``skipped`` are tables that the source has and the catalog has not: rules may speak of them."""
    for table in rules.tables.values():
        if table.name not in skipped:
            yield from _unused_table(catalog, table)
    for relation in rules.relations:
        yield from _unused_relation(catalog, relation, skipped)
    for name, at in rules.idle_domains.items():
        message = f"domain {name} is used by no rule"
        yield Finding(
            "domain-unused", Severity.WARNING, str(at), message, "name it in a column's rule, or remove it"
        )


def _unused_table(catalog: Catalog, table: TableRules) -> Iterator[Finding]:
    relation = catalog.relations.get(table.name)
    if relation is None or relation.persistence is Persistence.TEMPORARY:
        yield _unknown_table(table.name, table.at, catalog)
    elif relation.name == catalog.alembic_version:
        yield from _version_table(table)
    elif relation.partition_root is not None:
        yield _partition(relation, relation.partition_root, table.at)
    elif relation.kind in _WITHOUT_ROWS:
        yield _warning(table.at, f"{table.name} is {_WITHOUT_ROWS[relation.kind]}; its rules do nothing")
    else:
        for rule in table.columns:
            yield from _unused_columns(relation, rule)


def _warning(at: Position, message: str) -> Finding:
    return Finding("rule-names-nothing", Severity.WARNING, str(at), message, "correct or remove it")


def _unknown_table(name: RelationName, at: Position, catalog: Catalog) -> Finding:
    suggested = find_nearest_table(catalog, name)
    hint = f"; did you mean {suggested}?" if suggested else ""
    return _warning(at, f"there is no table {name} in this database{hint}")


def _version_table(table: TableRules) -> Iterator[Finding]:
    """Alembic's revision ids are copied as they are, so a mask there would be a promise not kept."""
    for rule in table.columns:
        if not isinstance(rule.decision, Keep):
            yield Finding(
                check="rule-for-version-table",
                severity=Severity.ERROR,
                where=str(rule.at),
                message=f"{table.name} holds Alembic's revision and is copied as it is; it cannot be masked",
                remedy=f"remove the rules of {table.name}",
            )


def _partition(relation: Relation, root: RelationName, at: Position) -> Finding:
    return Finding(
        check="rule-for-partition",
        severity=Severity.ERROR,
        where=str(at),
        message=f"{relation.name} is a partition of {root}, whose rules are its rules; these would be ignored",
        remedy=f"move them to {root}",
    )


def _unused_columns(relation: Relation, rule: ColumnRule) -> Iterator[Finding]:
    copied = [column.name for column in relation.copied_columns]
    for name in rule.columns:
        column = relation.find_column(name)
        if column is None:
            nearest = did_you_mean(name, copied)
            yield _warning(rule.at, f"{relation.name} has no column {quote_identifier(name)}{nearest}")
        elif column.generated:
            message = (
                f"{relation.name}.{quote_identifier(name)} is generated: the target computes it from the "
                "columns it depends on, as they are masked; its rule does nothing"
            )
            yield _warning(rule.at, message)


def _unused_relation(
    catalog: Catalog, virtual: VirtualRelation, skipped: Collection[RelationName]
) -> Iterator[Finding]:
    by = (virtual.type_column,) if virtual.type_column is not None else ()
    if virtual.relation not in skipped:
        yield from _unknown_columns(catalog, virtual.relation, (*virtual.columns, *by), virtual.at)
    for target in virtual.targets:
        if target.referenced is not None and target.referenced not in skipped:
            yield from _unknown_columns(catalog, target.referenced, target.referenced_columns, target.at)


def _unknown_columns(
    catalog: Catalog, name: RelationName, columns: tuple[str, ...], at: Position
) -> Iterator[Finding]:
    relation = catalog.relations.get(name)
    if relation is None:
        yield _unknown_table(name, at, catalog)
        return
    known = [one.name for one in relation.columns]
    for column in columns:
        if column not in known:
            nearest = did_you_mean(column, known)
            yield _warning(at, f"{name} has no column {quote_identifier(column)}{nearest}")
