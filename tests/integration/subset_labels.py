"""What a subset of a database has, told by labels: every table has a column ``label``."""

from __future__ import annotations

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_arrays import decode_tids
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import EdgeRule, Follow, NullRule, Root, SqlText, SubsetRules
from dbtool.subset.bind import bind_subset
from dbtool.subset.selection import Selection
from dbtool.subset.walk import walk
from tests.integration.refreshing import KEY
from tests.integration.subset_database import AT, public

EVERYTHING, NOTHING = Follow(), Follow(0)


def root(table: str, where: str) -> Root:
    return Root(public(table), AT, where=SqlText(where, AT))


def edge(table: str, columns: str, follow: Follow) -> EdgeRule:
    return EdgeRule(public(table), tuple(columns.split()), follow, AT)


def chosen(
    url: str,
    *roots: Root,
    follow: Follow = EVERYTHING,
    edges: tuple[EdgeRule, ...] = (),
    nullified: tuple[NullRule, ...] = (),
) -> dict[str, list[str]]:
    """The labels of all rows that the copy has, by table; of leaves together."""
    subset = SubsetRules(roots, AT, follow, edges, nullified)
    with connect(url, read_only=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        catalog = read_catalog(connection)
        facts = read_subset_facts(connection, catalog)
        graph, findings = bind_subset(catalog, facts, RuleSet({}), subset)
        assert not [finding for finding in findings if finding.is_error]
        selection = walk(graph, SubsetSource(connection, catalog, facts, KEY))
        found: dict[str, list[str]] = {}
        for leaf in sorted(selection.rows):
            labels = _labels(connection, leaf, selection)
            if labels:
                found.setdefault(graph.tables[leaf].name, []).extend(labels)
        return {table: sorted(labels) for table, labels in found.items()}


def _labels(connection: Connection, leaf: RelationName, selection: Selection) -> list[str]:
    query = sql.SQL(
        "SELECT string_agg(tidsend(ctid), '' ORDER BY ctid), array_agg(label ORDER BY ctid) FROM ONLY {}"
    )
    tids, labels = connection.execute(
        query.format(sql.Identifier(leaf.schema, leaf.name)), binary=True
    ).fetchone() or (None, [])
    if tids is None:
        return []
    is_chosen = selection.rows[leaf].contains(decode_tids(tids)).tolist()
    return [label for label, held in zip(labels, is_chosen, strict=True) if held]
