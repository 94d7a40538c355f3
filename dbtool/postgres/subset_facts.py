"""pg_catalog → SourceFacts: where rows are, how references are compared, and what is indexed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_rows
from dbtool.postgres.subset_operators import ColumnPair, choose_operators, operator_of
from dbtool.rules.model import VirtualRelation
from dbtool.subset.facts import EqualityOperator, SourceFacts, virtual_key

_OperatorKey = tuple[RelationName, str]


def read_subset_facts(
    connection: Connection, catalog: Catalog, relations: Sequence[VirtualRelation] = ()
) -> SourceFacts:
    """What ``relations`` name and the catalog does not have is passed over: the rules' own checks say so."""
    rows = read_rows(connection, "subset_leaves")
    leaves = _leaves(rows, catalog)
    held = {leaf for some in leaves.values() for leaf in some}
    return SourceFacts(
        leaves=leaves,
        oids={leaf: row["leaf_oid"] for row in rows if (leaf := _leaf_of(row)) in held},
        operators={**_declared(connection), **_virtual(connection, catalog, relations)},
        indexes=_indexes(connection),
    )


def read_leaves(connection: Connection, catalog: Catalog) -> Mapping[RelationName, tuple[RelationName, ...]]:
    """Each table and partitioned table of the catalog, with the relations that hold its rows."""
    return _leaves(read_rows(connection, "subset_leaves"), catalog)


def _name_of(row: Row) -> RelationName:
    return RelationName(row["schema"], row["name"])


def _leaf_of(row: Row) -> RelationName:
    return RelationName(row["leaf_schema"] or "", row["leaf_name"] or "")


def _leaves(rows: Sequence[Row], catalog: Catalog) -> Mapping[RelationName, tuple[RelationName, ...]]:
    found: dict[RelationName, list[RelationName]] = {}
    for row in rows:
        name = _name_of(row)
        if name not in catalog.relations:
            continue
        held = found.setdefault(name, [])
        leaf = catalog.relations.get(_leaf_of(row))
        if leaf is not None and leaf.holds_rows:
            held.append(leaf.name)
    return {name: tuple(held) for name, held in found.items()}


def _declared(connection: Connection) -> Mapping[_OperatorKey, tuple[EqualityOperator, ...]]:
    found: dict[_OperatorKey, list[EqualityOperator]] = defaultdict(list)
    for row in read_rows(connection, "subset_key_operators", {}):
        found[_name_of(row), row["constraint"]].append(operator_of(row))
    return {key: tuple(operators) for key, operators in found.items()}


def _virtual(
    connection: Connection, catalog: Catalog, relations: Sequence[VirtualRelation]
) -> Mapping[_OperatorKey, tuple[EqualityOperator, ...]]:
    wanted = dict(_virtual_pairs(catalog, relations))
    chosen = iter(choose_operators(connection, [pair for pairs in wanted.values() for pair in pairs]))
    return {key: tuple(next(chosen) for _ in pairs) for key, pairs in wanted.items()}


def _virtual_pairs(
    catalog: Catalog, relations: Sequence[VirtualRelation]
) -> Iterator[tuple[_OperatorKey, list[ColumnPair]]]:
    for relation in relations:
        for target in relation.targets:
            if target.referenced is None:
                continue
            key = virtual_key(relation.columns, target.referenced, target.referenced_columns)
            pairs = [
                ColumnPair(ColumnRef(target.referenced, referenced), ColumnRef(relation.relation, column))
                for referenced, column in zip(target.referenced_columns, relation.columns, strict=False)
            ]
            if all(
                _is_there(catalog, column) for pair in pairs for column in (pair.referenced, pair.referencing)
            ):
                yield (relation.relation, key), pairs


def _is_there(catalog: Catalog, column: ColumnRef) -> bool:
    relation = catalog.relations.get(column.relation)
    return relation is not None and relation.find_column(column.column) is not None


def _indexes(connection: Connection) -> Mapping[RelationName, tuple[tuple[str, ...], ...]]:
    found: dict[RelationName, list[tuple[str, ...]]] = defaultdict(list)
    for row in read_rows(connection, "subset_indexes"):
        if row["columns"]:
            found[_name_of(row)].append(tuple(row["columns"]))
    return {relation: tuple(indexes) for relation, indexes in found.items()}
