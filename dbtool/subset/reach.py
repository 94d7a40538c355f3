"""Tables and partitions that no root leads to: they would be empty, and nobody said so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.rules.subset_model import Root
from dbtool.rules.yaml_text import spell_name
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.naming import spell_edge
from dbtool.subset.policies import Policies

_TOLD = 10  # names in one sentence; the YAML has them all


def find_unreached(
    catalog: Catalog,
    facts: SourceFacts,
    edges: tuple[Edge, ...],
    roots: Iterable[Root],
    policies: Policies,
) -> tuple[RelationName, ...]:
    """Tables without a policy that neither a root nor a table copied whole leads to, along any edge, as the walk goes."""
    down = [policies.ends(edge)[::-1] for edge in edges if _goes_down(edge, policies)]
    up = [policies.ends(edge) for edge in edges if not edge.nulled]
    followed = _spread((root.table for root in roots), down)
    whole = (table for table, policy in policies.tables.items() if policy == "all")
    again = [policies.ends(edge)[::-1] for edge in edges if edge.follow.always and _goes_down(edge, policies)]
    reached = _spread([*followed, *whole], [*again, *(step for step in up if _takes_rows(step[1], policies))])
    return tuple(
        relation.name
        for relation in catalog.ruled()
        if facts.leaves.get(relation.name)
        and relation.name not in reached
        and relation.name not in policies.tables
    )


def _goes_down(edge: Edge, policies: Policies) -> bool:
    return edge.follow.most != 0 and policies.of(edge.referencing) is None


def _takes_rows(table: RelationName, policies: Policies) -> bool:
    return policies.tables.get(table) not in {"empty", "skip"}


def _spread(
    starts: Iterable[RelationName], steps: Iterable[tuple[RelationName, RelationName]]
) -> set[RelationName]:
    """What can be come to from the starts, and these."""
    leading: dict[RelationName, list[RelationName]] = {}
    for start, end in steps:
        leading.setdefault(start, []).append(end)
    reached = set(starts)
    left = list(reached)
    while left:
        fresh = [end for end in leading.get(left.pop(), ()) if end not in reached]
        reached.update(fresh)
        left.extend(fresh)
    return reached


def judge_unreached(graph: Graph) -> Iterator[Finding]:
    if graph.unreached:
        yield _unreached("subset", _describe_unreached(graph.unreached), _spell_ways_out(graph))
    yield from _judge_partitions(graph)


def _describe_unreached(tables: tuple[RelationName, ...]) -> str:
    first, *others = tables
    if not others:
        return f"no root leads to {first}, so it will be empty"
    named = ", ".join(map(str, tables[:_TOLD]))
    more = f" and {len(tables) - _TOLD} more" if len(tables) > _TOLD else ""
    return f"no root leads to {len(tables)} tables, so they will be empty: {named}{more}"


def _judge_partitions(graph: Graph) -> Iterator[Finding]:
    """Foreign keys may be declared partition by partition, and missing on one: its rows alone would stay out."""
    served = {leaf for edge in graph.edges for leaf in _served_by(graph, edge)}
    settled = {root.rule.table for root in graph.roots} | set(graph.unreached)
    left_out: dict[RelationName, list[RelationName]] = {}
    for leaf, table in graph.tables.items():
        if leaf not in served and table not in settled and leaf != table and leaf not in graph.policies:
            left_out.setdefault(table, []).append(leaf)
    for table, leaves in sorted(left_out.items()):
        more = f" and {len(leaves) - 1} more" if len(leaves) > 1 else ""
        message = f"no root leads to {min(leaves)}{more} of the partitions of {table}, so that none of their rows is copied"
        remedy = (
            f"declare the foreign keys that other partitions have, or name them for {table} under relations"
        )
        yield _unreached(str(table), message, remedy)


def _served_by(graph: Graph, edge: Edge) -> Iterator[RelationName]:
    """The leaves that rows could come into along the edge."""
    if edge.follow.most != 0:
        yield from graph.leaves_of(edge.referencing)
    if not edge.nulled:
        yield from graph.leaves_of(edge.referenced)


def _spell_ways_out(graph: Graph) -> str:
    """Rows may follow those that were only pulled in, as a film's actors the film; other tables are settled."""
    ways = {table: _ways_into(graph, table) for table in graph.unreached}
    follow = [f"      {spell_edge(edge)}: always" for edges in ways.values() for edge in edges]
    settle = [f"    {spell_name(table)}: all  # or empty" for table, edges in ways.items() if not edges]
    lines = ["subset:"]
    if follow:
        lines += ["  referencing:", "    edges:", *follow]
    if settle:
        lines += ["  tables:", *settle]
    if follow:
        lines += ["# or, for what is to be empty, under tables: public.x: empty"]
    return "\n".join(lines)


def _ways_into(graph: Graph, table: RelationName) -> list[Edge]:
    """References of an unreached table to tables that are reached."""
    ends = (edge for edge in map(graph.of_tables, graph.edges) if edge.referencing == table)
    return list(dict.fromkeys(edge for edge in ends if edge.referenced not in {table, *graph.unreached}))


def _unreached(where: str, message: str, remedy: str) -> Finding:
    return Finding("subset-unreached", Severity.WARNING, where, message, remedy)
