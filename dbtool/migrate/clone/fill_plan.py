"""Which rows of staging fit which tables of the target, whose schema may be behind or ahead of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName
from dbtool.findings import Finding, Severity
from dbtool.locks.trace import Sizes

CHECK = "not-filled"
_REMEDY = "refresh staging from a source of the target's schema"


@dataclass(frozen=True, slots=True)
class TableCopy:
    """``columns`` are those that both ends have. ``into`` is the table, or the root of a partition whose rows find their
    own way.
    """

    source: RelationName
    into: RelationName
    columns: tuple[str, ...]
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class FillPlan:
    copies: tuple[TableCopy, ...]
    findings: tuple[Finding, ...]


def plan_fill(
    target: Catalog,
    staging: Catalog,
    *,
    sizes: Sizes,
    moving: Collection[RelationName] = (),
    left_alone: Collection[RelationName] = (),
) -> FillPlan:
    """``moving`` are leaves of staging whose rows the clone may place elsewhere, ``left_alone`` tables that are filled
    otherwise. ``sizes`` are the target's: what is empty there is no loss.
    """
    copies, findings = [], []
    for relation in staging.tables():
        copy = _find_copy(relation, target, moving)
        if copy is None or copy.into in left_alone:
            continue
        lacking = _lacking(relation, target.relations[copy.into])
        findings += [_not_filled(copy.into, column, sizes) for column in lacking]
        if not any(_must_have_value(column) for column in lacking):
            copies.append(copy)
    unsourced = _without_source(target, staging, left_alone)
    findings += [_no_such_table(name, sizes) for name in unsourced]
    return FillPlan(tuple(copies), tuple(dict.fromkeys(findings)))


def _find_copy(relation: Relation, target: Catalog, moving: Collection[RelationName]) -> TableCopy | None:
    """Leaf to leaf where both ends agree on what belongs there, else through the root."""
    into = relation.name
    root = relation.partition_root
    if root is not None and root in target.relations:
        leaf = target.relations.get(relation.name)
        agree = leaf is not None and (leaf.partition_root, leaf.partition_bound) == (
            root,
            relation.partition_bound,
        )
        into = relation.name if agree and relation.name not in moving else root
    found = target.relations.get(into)
    if found is None or not (found.holds_rows or found.partition_key):
        return None
    columns = tuple(column.name for column in found.copied_columns if relation.find_column(column.name))
    return TableCopy(relation.name, into, columns, relation.bytes)


def _lacking(source: Relation, into: Relation) -> tuple[Column, ...]:
    return tuple(column for column in into.copied_columns if source.find_column(column.name) is None)


def _must_have_value(column: Column) -> bool:
    return column.not_null and column.default is None and not column.identity


def _without_source(
    target: Catalog, staging: Catalog, left_alone: Collection[RelationName]
) -> Iterator[RelationName]:
    for relation in target.ruled():
        there = staging.relations.get(relation.name)
        if relation.name not in left_alone and (
            there is None or not (there.holds_rows or there.partition_key)
        ):
            yield relation.name


def _not_filled(relation: RelationName, column: Column, sizes: Sizes) -> Finding:
    where = str(ColumnRef(relation, column.name))
    if _must_have_value(column):
        return Finding(
            CHECK,
            _severity(relation, sizes),
            where,
            f"staging has no such column, and it must not be NULL: {relation} is empty on the clone, so no revision was "
            "rehearsed on its rows",
            _REMEDY,
        )
    return Finding(
        CHECK,
        Severity.INFO,
        where,
        "staging has no such column: on the clone it holds its default, or NULL, and no values like the target's",
        _REMEDY,
    )


def _no_such_table(relation: RelationName, sizes: Sizes) -> Finding:
    return Finding(
        CHECK,
        _severity(relation, sizes),
        str(relation),
        "staging has no such table: it is empty on the clone, so no revision was rehearsed on its rows",
        _REMEDY,
    )


def refused_rows(copy: TableCopy, reason: str, sizes: Sizes) -> Finding:
    """The clone's server did not take what staging has."""
    return Finding(
        CHECK,
        _severity(copy.into, sizes),
        str(copy.into),
        f"staging's rows of {copy.source} do not fit the target's schema ({reason}): they are not on the clone",
        _REMEDY,
    )


def _severity(relation: RelationName, sizes: Sizes) -> Severity:
    size = sizes.get(str(relation))
    return Severity.INFO if size is not None and size.rows == 0 else Severity.WARNING
