"""Masked partition keys: a row is loaded through the root and finds the partition of its stand-in. Is there one for every
row, and does what holds for one partition alone hold for rows that come from others? Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, Relation, RelationKind, RelationName, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.masking.check_fit import UnprovedCheck

_TOLD = 3  # constraints by name
_Own = Mapping[object, str]  # what is told of a constraint, by what makes two of them alike


def find_partition_columns(catalog: Catalog) -> Mapping[RelationName, frozenset[str]]:
    """The columns that decide, at any level, in which partition a row lives; those that expressions read among them."""
    found: dict[RelationName, set[str]] = defaultdict(set)
    for level in catalog.relations.values():
        found[level.ruled_by].update(name for name in level.partition_key if name is not None)
        found[level.ruled_by].update(level.partition_mentions)
    return {root: frozenset(names) for root, names in found.items() if names}


def judge_partition_keys(catalog: Catalog, uses: Mapping[ColumnRef, str]) -> Iterator[Finding]:
    """``uses`` are the masked columns, each with its mask and where that is written."""
    for root, columns in find_partition_columns(catalog).items():
        masked = [ref for name in sorted(columns) if (ref := ColumnRef(root, name)) in uses]
        if masked:
            family = [one for one in catalog.relations.values() if one.partition_root == root]
            found = {ref: uses[ref] for ref in masked}
            yield from _judge_bounds(catalog.relations[root], family, columns, found)
            yield from _judge_own(catalog, root, family, masked)


def _judge_bounds(
    root: Relation, family: list[Relation], columns: frozenset[str], uses: Mapping[ColumnRef, str]
) -> Iterator[Finding]:
    """What is a foreign table takes rows to another server, where none of ours has anything to do."""
    takers = tuple(one.name for one in family if one.kind is RelationKind.TABLE)
    for ref, use in uses.items():
        yield UnprovedCheck(
            "check-not-proved",
            Severity.WARNING,
            str(ref),
            f"whether {root.name} has a partition for every stand-in of {use} is not known. If one has none, the load fails "
            "and the live database stays as it is; a DEFAULT partition takes whatever no other does",
            relation=root.name,
            columns=tuple(column.name for column in root.columns if column.name in columns),
            bounds=takers,
            constraint="the bounds of the partitions",
            use=use,
        )


def _judge_own(
    catalog: Catalog, root: RelationName, family: list[Relation], masked: list[ColumnRef]
) -> Iterator[Finding]:
    """A constraint that all leaves have alike holds wherever a row goes. Uniqueness does not: each has looked at its own."""
    own = {one.name: _constraints_of(catalog, one) for one in family}
    leaves = [set(own[one.name]) for one in family if one.kind is RelationKind.TABLE]
    alike = set[object].intersection(*leaves) if leaves else set[object]()
    told = [text for constraints in own.values() for key, text in constraints.items() if key not in alike]
    if not told:
        return
    names = ", ".join(sorted(told)[:_TOLD]) + (f" and {len(told) - _TOLD} more" if len(told) > _TOLD else "")
    yield Finding(
        "partition-constraint",
        Severity.ERROR,
        str(root),
        f"{', '.join(map(str, masked))} is masked, so that rows move from one partition to another, and these hold for one "
        f"partition alone: {names}",
        "keep the column with a reason, or give all partitions the constraint by giving it to their root",
    )


def _constraints_of(catalog: Catalog, relation: Relation) -> _Own:
    """Those that its root has not, by what makes them alike; what never is alike, by its name."""
    return {
        **dict(_indexes_and_checks(catalog, relation.name)),
        **dict(_keys(catalog, relation.name)),
        **dict(_required(catalog, relation)),
    }


def _indexes_and_checks(catalog: Catalog, name: RelationName) -> Iterator[tuple[object, str]]:
    for index in catalog.unique_indexes:
        if index.relation == name:
            yield (name, index.name), f"unique index {quote_identifier(index.name)} of {name}"
    for check in catalog.checks:
        if check.relation == name:
            yield check.definition, f"CHECK {quote_identifier(check.name)} of {name}"


def _keys(catalog: Catalog, name: RelationName) -> Iterator[tuple[object, str]]:
    for key in catalog.foreign_keys:
        spelt = f"foreign key {quote_identifier(key.name)} of {key.referencing}"
        if key.referencing == name and not key.is_inherited:
            alike = (key.columns, key.referenced, key.referenced_columns, key.match, key.validated)
            yield alike, spelt
        if key.referenced == name and not key.is_inherited:
            yield (name, key.referencing, key.name), f"{spelt}, which refers to {name}"


def _required(catalog: Catalog, relation: Relation) -> Iterator[tuple[object, str]]:
    root = catalog.relations[relation.ruled_by]
    if relation.kind is RelationKind.TABLE:
        for column in relation.columns:
            if column.not_null and not root.get_column(column.name).not_null:
                yield column.name, f"NOT NULL of {ColumnRef(relation.name, column.name)}"
