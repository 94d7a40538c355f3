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

_NAMED = 20  # findings, before one speaks for the rest


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
    for table in graph.unreached[:_NAMED]:
        remedy = _let_follow(graph, table) or _settle(table)
        yield _unreached(str(table), f"no root leads to {table}, so it will be empty", remedy)
    if rest := graph.unreached[_NAMED:]:
        count = "1 more table" if len(rest) == 1 else f"{len(rest)} more tables"
        message = f"no root leads to {count}, which will be empty, too"
        yield _unreached("subset.tables", message, _settle(*rest))
    yield from _judge_partitions(graph)


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


def _let_follow(graph: Graph, table: RelationName) -> str:
    """Its rows may follow those that were only pulled in, as a film's actors the film. "" where it refers to no such."""
    ways = [
        edge
        for edge in map(graph.of_tables, graph.edges)
        if edge.referencing == table and edge.referenced not in {table, *graph.unreached}
    ]
    if not ways:
        return ""
    lines = "\n".join(f"      {spell_edge(edge)}: always" for edge in dict.fromkeys(ways))
    return (
        f"subset:\n  referencing:\n    edges:\n{lines}\n"
        f"  # or, to have it empty, tables: {{{spell_name(table)}: empty}}"
    )


def _settle(*tables: RelationName) -> str:
    lines = "\n".join(f"    {spell_name(table)}: all  # or empty" for table in tables)
    return f"subset:\n  tables:\n{lines}"


def _unreached(where: str, message: str, remedy: str) -> Finding:
    return Finding("subset-unreached", Severity.WARNING, where, message, remedy)
