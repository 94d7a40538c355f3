"""Small catalogs and subsets, spelt shortly: what the tests of binding are made of."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Literal

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.findings import Finding
from dbtool.rules.model import RelationTarget, RuleSet, VirtualRelation
from dbtool.rules.position import Position
from dbtool.rules.subset_model import (
    EdgeRule,
    Follow,
    NullRule,
    Root,
    SqlText,
    SubsetRules,
    TablePolicy,
)
from dbtool.subset.bind import bind_subset
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge, Graph

AT = Position("rules.yaml", 3, 5)
INT8 = ColumnType("bigint", "int8")


def name(text: str) -> RelationName:
    return RelationName("public", text)


def table(
    relation: str,
    columns: str,
    *,
    root: str | None = None,
    partitioned_by: str = "",
    kind: RelationKind = RelationKind.TABLE,
) -> Relation:
    """``id! parent_id total=``: ``!`` is NOT NULL, ``=`` generated."""
    made = tuple(
        Column(text.rstrip("!="), INT8, not_null="!" in text, generated="=" in text)
        for text in columns.split()
    )
    key = tuple(partitioned_by.split())
    kind = RelationKind.PARTITIONED_TABLE if key else kind
    return Relation(
        name(relation), kind, made, partition_root=name(root) if root else None, partition_key=key
    )


def key(referencing: str, referenced: str, **parts: object) -> ForeignKey:
    """``orders.tenant_id,customer_id`` → ``customers.tenant_id,id``"""
    start, columns = referencing.split(".")
    end, referenced_columns = referenced.split(".")
    return ForeignKey(
        f"{start}_{columns}_fkey",
        name(start),
        tuple(columns.split(",")),
        name(end),
        tuple(referenced_columns.split(",")),
        **parts,  # type: ignore[arg-type]
    )


def primary(relation: str, columns: str = "id") -> UniqueIndex:
    return UniqueIndex(f"{relation}_pkey", name(relation), tuple(columns.split(",")), is_primary=True)


def catalog(*parts: Relation | ForeignKey | UniqueIndex, version_table: str | None = None) -> Catalog:
    return build_catalog(
        180000,
        [part for part in parts if isinstance(part, Relation)],
        foreign_keys=tuple(part for part in parts if isinstance(part, ForeignKey)),
        unique_indexes=tuple(part for part in parts if isinstance(part, UniqueIndex)),
        alembic_version=name(version_table) if version_table else None,
    )


def facts_of(found: Catalog, indexes: Mapping[str, str] | None = None) -> SourceFacts:
    """``indexes``: ``{"orders": "customer_id; tenant_id,id"}``"""
    holders = [one for one in found.relations.values() if one.holds_rows]
    leaves: dict[RelationName, tuple[RelationName, ...]] = {one.name: (one.name,) for one in holders}
    parts = sorted((one for one in holders if one.partition_root), key=lambda one: one.ruled_by)
    for root, members in groupby(parts, key=lambda one: one.ruled_by):
        leaves[root] = tuple(sorted(one.name for one in members))
    return SourceFacts(
        leaves,
        {leaf: number for number, leaf in enumerate(leaves)},
        indexes={
            name(relation): tuple(tuple(one.strip().split(",")) for one in spelt.split(";"))
            for relation, spelt in (indexes or {}).items()
        },
    )


def root(
    relation: str, *, where: str | None = "true", percent: float | None = None, limit: int | None = None
) -> Root:
    return Root(name(relation), AT, percent, SqlText(where, AT) if where else None, limit=limit)


def edge(columns: str, most: int | None = None, *, always: bool = False) -> EdgeRule:
    relation, _, rest = columns.partition(".")
    return EdgeRule(name(relation), tuple(rest.split(",")), Follow(most, always=always), AT)


def null(columns: str) -> NullRule:
    relation, _, rest = columns.partition(".")
    return NullRule(name(relation), tuple(rest.split(",")), AT)


def policies(**tables: Literal["all", "empty", "skip"]) -> dict[RelationName, TablePolicy]:
    return {name(relation): TablePolicy(policy, AT) for relation, policy in tables.items()}


def relation(
    columns: str, *targets: tuple[str | None, str | None], type_column: str | None = None
) -> VirtualRelation:
    """``("users.id", None)``: where it leads to, and for which type."""
    start, _, rest = columns.partition(".")
    made = []
    for target, value in targets:
        end, _, referenced = (target or "").partition(".")
        found = name(end) if target else None
        made.append(RelationTarget(found, tuple(referenced.split(",")) if target else (), value, AT))
    return VirtualRelation(name(start), tuple(rest.split(",")), tuple(made), type_column, AT)


def bind(
    found: Catalog,
    *rules: Root | EdgeRule | NullRule | VirtualRelation | Follow,
    tables: Mapping[RelationName, TablePolicy] | None = None,
    facts: SourceFacts | None = None,
) -> tuple[Graph, tuple[Finding, ...]]:
    subset = SubsetRules(
        roots=tuple(one for one in rules if isinstance(one, Root)),
        at=AT,
        follow=next((one for one in rules if isinstance(one, Follow)), Follow()),
        edges=tuple(one for one in rules if isinstance(one, EdgeRule)),
        nullified=tuple(one for one in rules if isinstance(one, NullRule)),
        tables=tables or {},
    )
    relations = tuple(one for one in rules if isinstance(one, VirtualRelation))
    return bind_subset(found, facts or facts_of(found), RuleSet({}, relations=relations), subset)


def errors(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.check for finding in findings if finding.is_error]


def edge_of(graph: Graph, columns: str) -> Edge:
    """The only edge that these columns make."""
    relation, _, rest = columns.partition(".")
    (found,) = (
        one
        for one in graph.edges
        if one.referencing == name(relation) and one.columns == tuple(rest.split(","))
    )
    return found


SHOP = catalog(
    table("tenants", "id!"),
    table("customers", "id! tenant_id! referred_by"),
    table("orders", "id! customer_id! coupon_id"),
    table("coupons", "id! code"),
    key("customers.tenant_id", "tenants.id"),
    key("customers.referred_by", "customers.id"),
    key("orders.customer_id", "customers.id"),
    key("orders.coupon_id", "coupons.id"),
    *(primary(one) for one in ("tenants", "customers", "orders", "coupons")),
)
