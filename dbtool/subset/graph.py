"""The references of a database as the walk follows them, and the rows it begins with. Values only; bind.py makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.rules.subset_model import Follow, Root
from dbtool.subset.facts import EqualityOperator

Policy = Literal["all", "empty", "skip"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference, declared or virtual. ``referencing`` and ``referenced`` may be partitioned tables at any level; their
    rows are in the leaves.

    ``constraint`` is a declared key's name. ``vouched``: PostgreSQL validates it when the copy is loaded. The last column
    pair of a ``temporal`` key (PERIOD) are ranges that overlap. With ``type_column`` only rows whose type column's text is ``type_value`` make
    the reference. ``follow`` says how many referencing rows follow a row that is followed itself; ``nulled`` are the
    columns that become NULL where the referenced row stays out, () where it is pulled in, which is the rule.
    ``referencing_indexed``, ``referenced_indexed``: an index serves the lookup from the other side.
    """

    referencing: RelationName
    columns: tuple[str, ...]
    referenced: RelationName
    referenced_columns: tuple[str, ...]
    operators: tuple[EqualityOperator, ...]
    constraint: str | None = None
    vouched: bool = False
    temporal: bool = False
    type_column: str | None = None
    type_value: str | None = None
    follow: Follow = field(default_factory=Follow)
    nulled: tuple[str, ...] = ()
    referencing_indexed: bool = True
    referenced_indexed: bool = True

    @property
    def where(self) -> str:
        """The referencing columns as the rules spell them: public.orders.customer_id, or a list of such."""
        return spell_columns(self.referencing, self.columns)

    def __str__(self) -> str:
        return f"{self.where} → {self.referenced}"


@dataclass(frozen=True, slots=True)
class BoundRoot:
    """``leaves`` hold the table's rows; ``key`` are the columns of its primary key, or of a unique index whose columns cannot
    be NULL; () where it has neither, and then no hash of it can choose.
    """

    rule: Root
    leaves: tuple[RelationName, ...]
    key: tuple[str, ...]

    @property
    def description(self) -> str:
        """Short, without values: ``5 % of public.tenants where …``."""
        return describe_root(self.rule)


@dataclass(frozen=True, slots=True)
class PolymorphicCheck:
    """Rows of ``referencing`` whose reference is not NULL and whose type column's text is none of ``known`` refer to nobody
    knows what.
    """

    referencing: RelationName
    columns: tuple[str, ...]
    type_column: str
    known: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Graph:
    """``estimates`` are the planner's of a leaf's rows, where it has one. ``policies`` are by the leaf, for the tables that have one; ``tables`` says of which table a leaf's rows are (a
    partition's root, or itself), for every leaf that is copied or could be. ``unreached`` are tables without a policy to which no way leads from a root.
    """

    edges: tuple[Edge, ...]
    roots: tuple[BoundRoot, ...]
    leaves: Mapping[RelationName, tuple[RelationName, ...]]
    tables: Mapping[RelationName, RelationName]
    policies: Mapping[RelationName, Policy] = field(default_factory=dict)
    checks: tuple[PolymorphicCheck, ...] = ()
    unreached: tuple[RelationName, ...] = ()
    estimates: Mapping[RelationName, int] = field(default_factory=dict)

    def leaves_of(self, relation: RelationName) -> tuple[RelationName, ...]:
        return self.leaves.get(relation, ())

    def of_tables(self, edge: Edge) -> Edge:
        """The edge between the tables that the rules speak of: one that a partition has for itself is its root's."""
        return replace(
            edge, referencing=self.table_of(edge.referencing), referenced=self.table_of(edge.referenced)
        )

    def spell(self, edge: Edge) -> str:
        return str(self.of_tables(edge))

    def table_of(self, relation: RelationName) -> RelationName:
        """The table that the rules speak of, of a leaf or of a partitioned table at any level."""
        return next(
            (self.tables[leaf] for leaf in (relation, *self.leaves_of(relation)) if leaf in self.tables),
            relation,
        )


def spell_columns(relation: RelationName, columns: tuple[str, ...]) -> str:
    names = [f"{relation}.{quote_identifier(column)}" for column in columns]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def describe_root(root: Root) -> str:
    table = str(root.table)
    if root.ids:
        return f"{len(root.ids)} id{'s' * (len(root.ids) > 1)} of {table}"
    parts = [f"{root.percent:g} % of {table}" if root.percent is not None else table]
    if root.where is not None:
        parts.append("where …")
    if root.limit is not None:
        parts.append(f"at most {root.limit:,}")
    return ", ".join(parts)
