"""What the rules decide for the columns of one table, and what comes of it. The catalog is read, and no row."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_bytes

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.nearest import find_nearest_table
from dbtool.catalog.relations import Relation, RelationName, quote_identifier
from dbtool.catalog.without import without
from dbtool.digest import ProjectKey
from dbtool.errors import UsageError
from dbtool.masking.accepted import judge_kept
from dbtool.masking.compile import plan_masking
from dbtool.masking.coverage import ruled_relations
from dbtool.masking.explain import ColumnExplained, Explainer
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import Workshop, resolve_masks
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh.check_rules import skipped_by_all
from dbtool.refresh.ends import naming
from dbtool.rules.model import RuleSet
from dbtool.spelling import did_you_mean
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class TableExplained:
    """``table`` is whose rules these are: a partition's are its root's. ``skipped``: no subset copies it."""

    asked: RelationName
    table: RelationName
    columns: tuple[ColumnExplained, ...]
    skipped: bool = False


def explain_rules(
    source: Target, rules: RuleSet, table: RelationName, column: str | None = None
) -> TableExplained:
    """Of all columns of the table, or of one. Masks are bound with a key of the moment, as in a check.

    :raises UsageError: there is no such table or column, or it holds no rows of its own.
    """
    with naming(source):
        connection = connect(source.url(), application_name="dbtool rules explain", read_only=True)
    with connection:
        catalog = read_catalog(connection)
    relation = _find(catalog, source, table)
    names = _columns_of(relation, column)
    if relation.name in (skipped := skipped_by_all(rules)):
        return TableExplained(table, relation.name, (), skipped=True)
    explainer = _explainer(without(catalog, skipped), source, rules, skipped)
    return TableExplained(table, relation.name, explainer.explain(relation, names))


def _find(catalog: Catalog, source: Target, table: RelationName) -> Relation:
    found = catalog.relations.get(table)
    ruled = {relation.name: relation for relation in ruled_relations(catalog)}
    if found is not None and found.ruled_by in ruled:
        return ruled[found.ruled_by]
    if found is not None:
        raise UsageError(
            f"{table} needs no rules: it is not copied as rows, or is Alembic's; nothing was done"
        )
    nearest = find_nearest_table(catalog, table)
    meant = f"; did you mean {nearest}?" if nearest else ""
    raise UsageError(f"there is no table {table} in {source}{meant}; nothing was done")


def _columns_of(relation: Relation, column: str | None) -> tuple[str, ...]:
    names = tuple(one.name for one in relation.columns)
    if column is None:
        return names
    if column not in names:
        nearest = did_you_mean(column, names)
        raise UsageError(
            f"{relation.name} has no column {quote_identifier(column)}{nearest}; nothing was done"
        )
    return (column,)


def _explainer(
    catalog: Catalog, source: Target, rules: RuleSet, skipped: frozenset[RelationName]
) -> Explainer:
    key = ProjectKey(token_bytes(32))
    plan = plan_masking(catalog, rules, key, MASKS, skipped=skipped)
    workshop = Workshop(MASKS, key, rules.locale, modules=rules.modules)
    return Explainer(
        catalog,
        rules,
        plan.coverage,
        resolve_masks(catalog, plan.coverage.where_true(), workshop),
        (*plan.findings, *judge_kept(catalog, plan.coverage, rules.lock, source)),
        resolve_masks(catalog, plan.coverage.elsewhere(), workshop),
        workshop,
    )
