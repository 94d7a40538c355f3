"""What makes most of a subset, and the cap that would help most against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dbtool.catalog.relations import RelationName
from dbtool.rules.yaml_text import spell_item
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.naming import spell_edge
from dbtool.subset.plan import Advice, EdgePull, TableShare

SMALL = 10_000  # rows: who takes fewer has nothing to save
_CAP = 10


def advise(
    graph: Graph, tables: Sequence[TableShare], pulls: Sequence[EdgePull], profile: str | None = None
) -> Advice | None:
    """None for a small subset. The cap is for the reference that brought most of the table's rows, or most of those that
    needed them; ``edge`` and ``yaml`` are "" where none on the way brought more than one row for each.
    """
    if sum(table.rows for table in tables) < SMALL:
        return None
    largest = max(tables, key=lambda table: (table.bytes, table.rows))
    share = largest.bytes / max(sum(table.bytes for table in tables), 1)
    pull = _find_cause(graph, largest, tables, pulls)
    if pull is None:
        return Advice(largest.name, share, edge="", mean_rows=0.0, yaml="")
    edge = next(edge for edge in map(graph.of_tables, graph.edges) if edge.where == pull.columns)
    return Advice(largest.name, share, pull.columns, mean_of(pull), _spell_cap(edge, _cap_of(pull), profile))


def mean_of(pull: EdgePull) -> float:
    """Rows that came for each that they came for."""
    return pull.rows / pull.from_rows if pull.from_rows else 0.0


def _find_cause(
    graph: Graph, largest: TableShare, tables: Sequence[TableShare], pulls: Sequence[EdgePull]
) -> EdgePull | None:
    for table in _trail(graph, largest, {table.name: table for table in tables}):
        along = [pull for pull in pulls if pull.table == table.name and pull.direction == "referencing"]
        several = [pull for pull in along if mean_of(pull) > 1]
        if several:
            return max(several, key=lambda pull: pull.rows)
    return None


def _trail(
    graph: Graph, table: TableShare, tables: Mapping[RelationName, TableShare]
) -> Iterator[TableShare]:
    """From a table to the one that brought most of its rows, and on to where the subset begins."""
    edges = {graph.spell(edge): edge for edge in graph.edges}
    seen: set[RelationName] = set()
    while table.name not in seen:
        seen.add(table.name)
        yield table
        edge = edges.get(table.shares[0].what) if table.shares else None
        if edge is None:
            return
        came_down = table.shares[0].reason == "referencing"
        table = tables[graph.table_of(edge.referenced if came_down else edge.referencing)]


def _cap_of(pull: EdgePull) -> int:
    return max(1, min(_CAP, int(mean_of(pull) / 2)))


def _spell_cap(edge: Edge, most: int, profile: str | None) -> str:
    """A block to paste into the rules, of the profile where there is one."""
    outer = [] if profile is None else ["profiles:", f"{spell_item(profile)}:"]
    keys = [*outer, "subset:", "referencing:", "edges:"]
    lines = [*keys, f"{spell_edge(edge)}: {{max_per_row: {most}}}"]
    return "\n".join(f"{'  ' * depth}{line}" for depth, line in enumerate(lines))
