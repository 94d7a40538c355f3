"""References that PostgreSQL does not vouch for, as the rows that are copied have them in the source: how many lead nowhere?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.refresh.keys import ChosenRows, open_walk
from dbtool.refresh.request import MaskedCopy
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.rules.model import RuleSet
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SubsetRules
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.selection import Nulled

_EVERYTHING = SubsetRules((), Position("every row", 1, 1))


@dataclass(frozen=True, slots=True)
class References:
    """``orphans`` lead nowhere in the source, by edge, where there are any. ``nulled`` are references that a subset gives up."""

    graph: Graph
    orphans: Mapping[Edge, int] = field(default_factory=dict)
    nulled: Mapping[RelationName, tuple[Nulled, ...]] = field(default_factory=dict)


def of_chosen(rows: ChosenRows) -> References:
    return References(rows.graph, rows.orphans, rows.selection.nulled)


def are_all_vouched(rules: RuleSet, catalog: Catalog) -> bool:
    return not rules.relations and all(key.validated and key.enforced for key in catalog.foreign_keys)


def look_at_all(request: MaskedCopy, snapshot: HeldSnapshot) -> References:
    """For a copy of every row."""
    with open_walk(
        request.source,
        snapshot,
        request.rules,
        _EVERYTHING,
        key=request.key,
        cancellation=request.cancellation,
        jobs=1,
    ) as opened:
        counts = {
            edge: sum(
                opened.source.count_orphans(edge, leaf) for leaf in opened.graph.leaves_of(edge.referencing)
            )
            for edge in opened.graph.edges
            if not edge.vouched
        }
    return References(opened.graph, {edge: count for edge, count in counts.items() if count})


def describe_orphans(references: References) -> Iterator[Finding]:
    for edge, count in references.orphans.items():
        yield _known(edge, count)


def _known(edge: Edge, count: int) -> Finding:
    return Finding(
        "orphans-in-source",
        Severity.WARNING,
        edge.where,
        f"{count:,} reference{'s' * (count > 1)} to {edge.referenced} lead{'s' * (count == 1)} nowhere in the source; "
        "so will the copy's",
    )
