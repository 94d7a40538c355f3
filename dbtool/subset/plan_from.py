"""(Graph, Selection, Catalog) → SubsetPlan: the chosen rows counted, each under the reason that it was chosen for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.subset.advice import advise
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.plan import EdgePull, Share, SubsetPlan, TableShare, TableState
from dbtool.subset.selection import Pull, Selection

Leaves = Sequence[RelationName]
Reason = Literal["root", "all", "referencing", "referenced"]


def make_plan(
    graph: Graph,
    selection: Selection,
    catalog: Catalog,
    *,
    profile: str | None = None,
    orphans: Iterable[tuple[str, int]] = (),
    seconds: float = 0.0,
) -> SubsetPlan:
    """Leaves are summed under the table that the rules speak of. ``seconds`` is how long the walk took."""
    count = _Count(graph, selection, catalog)
    shares = _shares(graph, selection)
    tables = tuple(
        count.table(name, leaves, shares.get(name, ())) for name, leaves in _leaves_by_table(graph).items()
    )
    pulls = tuple(_merge((*map(count.pull, selection.pulls), *_not_followed(graph, tables))))
    return SubsetPlan(
        profile=profile,
        roots=tuple((each.root.description, each.rows) for each in selection.roots),
        tables=tables,
        pulls=pulls,
        orphans=tuple(orphans),
        advice=advise(graph, tables, pulls, profile),
        seconds=seconds,
    )


def _leaves_by_table(graph: Graph) -> dict[RelationName, list[RelationName]]:
    leaves: dict[RelationName, list[RelationName]] = {}
    for leaf, table in sorted(graph.tables.items(), key=lambda item: (item[1], item[0])):
        leaves.setdefault(table, []).append(leaf)
    return leaves


@dataclass(frozen=True, slots=True)
class _Count:
    graph: Graph
    selection: Selection
    catalog: Catalog

    def table(self, name: RelationName, leaves: Leaves, shares: Iterable[Share]) -> TableShare:
        estimates = [self.catalog.relations[leaf].rows for leaf in leaves]
        return TableShare(
            name=name,
            state=self.state(name, leaves),
            rows=sum(map(self.selection.count, leaves)),
            of_rows=-1 if min(estimates) < 0 else sum(estimates),
            bytes=sum(self.bytes_of(leaf, self.selection.count(leaf)) for leaf in leaves),
            shares=tuple(sorted(shares, key=lambda share: -share.rows)),
            nulled=sum(len(each.rows) for leaf in leaves for each in self.selection.nulled.get(leaf, ())),
        )

    def state(self, name: RelationName, leaves: Leaves) -> TableState:
        policy = self.graph.policies.get(leaves[0])
        if policy is not None:
            return policy
        return "unreached" if name in self.graph.unreached else "rows"

    def bytes_of(self, leaf: RelationName, rows: int) -> int:
        """As many rows of a leaf take that share of its size. The estimate may be older than the rows."""
        relation = self.catalog.relations[leaf]
        if leaf in self.selection.whole and rows == self.selection.whole[leaf]:
            return relation.bytes
        return relation.bytes * rows // max(relation.rows, self.selection.count(leaf), 1)

    def pull(self, pull: Pull) -> EdgePull:
        edge = pull.edge
        end = edge.referencing if pull.direction == "referencing" else edge.referenced
        return EdgePull(
            edge=self.graph.spell(edge),
            columns=self.graph.of_tables(edge).where,
            direction=pull.direction,
            table=self.graph.table_of(end),
            from_rows=pull.from_rows,
            rows=pull.rows,
            bytes=sum(self.bytes_of(leaf, len(rows)) for leaf, rows in pull.held.items()),
            rounds=pull.rounds,
            most=edge.follow.most if pull.direction == "referencing" else None,
        )


def _shares(graph: Graph, selection: Selection) -> dict[RelationName, list[Share]]:
    """Two references that read alike, such as those of a polymorphic one to one table, are one reason."""
    rows: dict[RelationName, dict[tuple[Reason, str], int]] = {}
    for leaf, reason, what, count in _chosen(graph, selection):
        of_table = rows.setdefault(graph.tables[leaf], {})
        of_table[reason, what] = of_table.get((reason, what), 0) + count
    return {
        table: [Share(reason, what, count) for (reason, what), count in reasons.items() if count]
        for table, reasons in rows.items()
    }


def _chosen(graph: Graph, selection: Selection) -> Iterator[tuple[RelationName, Reason, str, int]]:
    for each in selection.roots:
        if each.new:
            yield each.root.leaves[0], "root", each.root.description, each.new
    for leaf in graph.tables:
        if graph.policies.get(leaf) == "all":
            yield leaf, "all", "all", selection.count(leaf)
    for pull in selection.pulls:
        for leaf, held in pull.held.items():
            yield leaf, pull.direction, graph.spell(pull.edge), len(held)


def _not_followed(graph: Graph, tables: Iterable[TableShare]) -> Iterator[EdgePull]:
    """References along which the rules let nothing follow, where something could have."""
    chosen = {table.name for table in tables if table.rows}
    for edge in graph.edges:
        if edge.follow.most == 0 and graph.table_of(edge.referenced) in chosen:
            yield _nothing_along(graph, edge)


def _nothing_along(graph: Graph, edge: Edge) -> EdgePull:
    table = graph.table_of(edge.referencing)
    where = graph.of_tables(edge).where
    return EdgePull(
        graph.spell(edge), where, "referencing", table, from_rows=0, rows=0, bytes=0, rounds=0, most=0
    )


def _merge(pulls: Iterable[EdgePull]) -> Iterator[EdgePull]:
    """What reads alike is one: the references that each partition has for itself, or a polymorphic one's to one table."""
    alike: dict[tuple[str, str], list[EdgePull]] = {}
    for pull in pulls:
        alike.setdefault((pull.edge, pull.direction), []).append(pull)
    for same in alike.values():
        yield replace(
            same[0],
            from_rows=sum(pull.from_rows for pull in same),
            rows=sum(pull.rows for pull in same),
            bytes=sum(pull.bytes for pull in same),
            rounds=max(pull.rounds for pull in same),
        )
