"""May the tables that a subset skips be absent? What needs them could not be restored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.rules.subset_model import SubsetRules, TablePolicy


def skipped_tables(subset: SubsetRules | None) -> Mapping[RelationName, TablePolicy]:
    """As the rules name them, whether or not the source has them."""
    if subset is None:
        return {}
    return {name: policy for name, policy in subset.tables.items() if policy.policy == "skip"}


def emptied(subset: SubsetRules) -> SubsetRules:
    """The subset of a copy that has all tables: those that the rules skip stay without rows."""
    tables = {
        name: replace(policy, policy="empty") if policy.policy == "skip" else policy
        for name, policy in subset.tables.items()
    }
    return replace(subset, tables=tables)


def judge_skipped(
    catalog: Catalog,
    skipped: Mapping[RelationName, TablePolicy],
    dependents: Iterable[tuple[RelationName, str]],
) -> Iterator[Finding]:
    """``catalog`` is the source's with all tables, ``dependents`` what ``read_dependents`` found for the skipped ones with
    their belongings. Foreign keys among these are left to the rules of the subset, which refuse them in their words.
    """
    needs = {
        (_table_of(catalog, name, skipped), dependent)
        for name, dependent in dependents
        if not dependent.startswith("foreign key ")
    }
    for table, dependent in sorted(needs):
        yield Finding(
            "skip-needed",
            Severity.ERROR,
            str(skipped[table].at),
            f"{table} cannot be skipped: {dependent} needs it and could not be made without it",
            f"write {table}: empty, so that the table is there without rows, or skip the table that needs it as well",
        )


def _table_of(
    catalog: Catalog, name: RelationName, skipped: Mapping[RelationName, TablePolicy]
) -> RelationName:
    """The table by which the rules speak of ``name``: itself, its partition's root, or its sequence's owner."""
    if name in skipped:
        return name
    owners = {sequence.name: sequence.owned_by for sequence in catalog.sequences}
    return catalog.relations[owners.get(name) or name].ruled_by
