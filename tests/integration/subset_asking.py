"""A subset's source on a database, with rows told by their labels instead of their ctids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from psycopg import RawCursor, sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.scans import SCAN_PAGES
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_arrays import TidArray, decode_tids
from dbtool.rules.model import RelationTarget, VirtualRelation
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Follow, Root, SubsetRules
from dbtool.subset.edges import bind_edges
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.roots import bind_roots
from dbtool.subset.row_set import RowIds, Rows
from tests.integration.refreshing import KEY

AT = Position("rules.yaml", 7, 11)
RULES = SubsetRules((), AT)


def public(name: str) -> RelationName:
    return RelationName("public", name)


def refers(
    relation: RelationName, columns: str, referenced: RelationName, referenced_columns: str
) -> VirtualRelation:
    target = RelationTarget(referenced, tuple(referenced_columns.split()), None, AT)
    return VirtualRelation(relation, tuple(columns.split()), (target,), None, AT)


@dataclass(frozen=True, slots=True)
class Asked:
    """Every table has a column ``label``, by which its rows are told here."""

    connection: Connection
    catalog: Catalog
    facts: SourceFacts
    edges: tuple[Edge, ...]
    source: SubsetSource

    def edge(self, where: str, **changes: object) -> Edge:
        """By its columns, or by its constraint's name."""
        (found,) = (edge for edge in self.edges if where in {edge.where, edge.constraint})
        return replace(found, **changes)  # type: ignore[arg-type]

    def rows(self, relation: RelationName, labels: Iterable[str]) -> Rows:
        """The rows of a relation that have these labels, by leaf."""
        found = {leaf: self._ids(leaf, list(labels)) for leaf in self.facts.leaves[relation]}
        return {leaf: ids for leaf, ids in found.items() if len(ids)}

    def _ids(self, leaf: RelationName, labels: list[str]) -> RowIds:
        query = sql.SQL("SELECT string_agg(tidsend(ctid), '') FROM ONLY {} WHERE label = ANY ($1)")
        table = sql.Identifier(leaf.schema, leaf.name)
        row = RawCursor(self.connection).execute(query.format(table), [labels], binary=True).fetchone()
        assert row is not None
        return decode_tids(row[0])

    def labels(self, answer: Iterable[Rows]) -> list[str]:
        """In order, each as often as it was answered."""
        return sorted(
            label for rows in answer for leaf, ids in rows.items() for label in self.labels_of(leaf, ids)
        )

    def labels_of(self, leaf: RelationName, ids: RowIds) -> list[str]:
        query = sql.SQL("SELECT tidsend(ctid), label FROM ONLY {} WHERE ctid = ANY ($1)")
        text = query.format(sql.Identifier(leaf.schema, leaf.name))
        cursor = RawCursor(self.connection)
        found = cursor.execute(text, [TidArray(np.unique(ids))], binary=True).fetchall()
        by_id = {int(decode_tids(tid)[0]): label for tid, label in found}
        return [by_id[int(one)] for one in ids]

    def referencing(self, edge: Edge, *labels: str) -> list[str]:
        return self.labels(self.source.referencing_rows(edge, self.rows(edge.referenced, labels)))

    def referenced(self, edge: Edge, *labels: str) -> list[str]:
        return self.labels(self.source.referenced_rows(edge, self.rows(edge.referencing, labels)))

    def root(self, root: Root) -> list[str]:
        (bound,) = bind_roots(self.catalog, self.facts, (root,))
        return self.labels(self.source.root_rows(bound))

    def graph(self, *roots: Root, follow: Follow | None = None) -> Graph:
        """Everything without a policy."""
        edges = self.edges if follow is None else tuple(replace(edge, follow=follow) for edge in self.edges)
        tables = {leaf: leaf for leaves in self.facts.leaves.values() for leaf in leaves}
        return Graph(edges, bind_roots(self.catalog, self.facts, roots), self.facts.leaves, tables)


@contextmanager
def asking(
    url: str, relations: tuple[VirtualRelation, ...] = (), *, scan_pages: int = SCAN_PAGES
) -> Iterator[Asked]:
    with connect(url, read_only=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        catalog = read_catalog(connection)
        facts = read_subset_facts(connection, catalog, relations)
        source = SubsetSource(connection, catalog, facts, KEY, scan_pages=scan_pages)
        yield Asked(connection, catalog, facts, bind_edges(catalog, facts, relations, RULES), source)


def leaf_counts(rows: Iterable[Rows]) -> Mapping[str, int]:
    """How many rows each leaf has, by its bare name."""
    found: dict[str, int] = {}
    for some in rows:
        for leaf, ids in some.items():
            name = quote_identifier(leaf.name)
            found[name] = found.get(name, 0) + len(ids)
    return found
