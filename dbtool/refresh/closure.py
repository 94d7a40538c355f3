"""Does every reference lead to a row in the candidate, also those that PostgreSQL does not vouch for?

It validates the valid foreign keys itself. A reference that only the rules know, or whose key is NOT VALID or NOT ENFORCED, is
counted here: the copy may leave as many of them without their row as the copied rows have in the source, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import MaskingPlan
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.loose_ends import count_loose_ends
from dbtool.refresh.references import References
from dbtool.refresh.request import Cancellation
from dbtool.subset.graph import Edge
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class Closure:
    """``found`` are the references of the candidate that lead nowhere, ``known`` those of the copied rows that do in the source
    already. Of ``changed`` ones a value was masked, or made NULL for another reference: there it may be fewer.
    """

    found: Mapping[Edge, int] = field(default_factory=dict)
    known: Mapping[Edge, int] = field(default_factory=dict)
    changed: frozenset[Edge] = frozenset()

    @property
    def orphans(self) -> int:
        """Those that the source has not."""
        return sum(max(0, rows - self.known.get(edge, 0)) for edge, rows in self.found.items())

    def findings(self) -> Iterator[Finding]:
        for edge, rows in self.found.items():
            known = self.known.get(edge, 0)
            if rows > known or (rows < known and edge not in self.changed):
                yield _wrong(edge, rows, known, is_changed=edge in self.changed)

    def sentences(self) -> Iterator[str]:
        """For the report; none where PostgreSQL vouches for every reference."""
        if not self.found:
            return
        count, left = len(self.found), sum(self.found.values())
        nowhere = f"; {left:,} lead nowhere, as they do in the source" if left else ""
        yield (
            f"{count} kind{'s' * (count > 1)} of references that PostgreSQL does not validate (known to the rules alone, NOT VALID, NOT "
            f"ENFORCED) followed in the candidate{nowhere}"
        )

    def has_counted(self, relation: RelationName, constraint: str) -> bool:
        return any((edge.referencing, edge.constraint) == (relation, constraint) for edge in self.found)


def check_closure(
    target: Target,
    candidate: str,
    landed: Catalog,
    plan: MaskingPlan,
    references: References,
    *,
    cancellation: Cancellation,
) -> Closure:
    edges = [edge for edge in references.graph.edges if not edge.vouched]
    if not edges:
        return Closure()
    with (
        candidate_session(target, candidate) as connection,
        cancellation.ending(connection.cancel),
    ):
        found = count_loose_ends(connection, landed, edges)
    changed = frozenset(edge for edge in edges if is_changed(edge, plan, references))
    return Closure(found, references.orphans, changed)


def is_changed(edge: Edge, plan: MaskingPlan, references: References) -> bool:
    """Two values that differ by case alone, say, may have one stand-in; a lossy mask makes one of many."""
    graph, nulled = references.graph, references.nulled
    lost = {
        column
        for leaf in graph.leaves_of(edge.referencing)
        for some in nulled.get(leaf, ())
        for column in some.columns
    }
    referencing = _masked(graph.leaves_of(edge.referencing), plan) | lost
    referenced = _masked(graph.leaves_of(edge.referenced), plan)
    return not (referencing.isdisjoint(edge.columns) and referenced.isdisjoint(edge.referenced_columns))


def _masked(leaves: tuple[RelationName, ...], plan: MaskingPlan) -> set[str]:
    return {column.column for leaf in leaves for column in plan.relations[leaf].columns}


def _wrong(edge: Edge, rows: int, known: int, *, is_changed: bool) -> Finding:
    message = (
        f"{rows:,} references to {edge.referenced} lead nowhere in the candidate, {known:,} of the rows that were copied did so "
        "in the source"
    )
    remedy = (
        "rows that found each other in the source must do so by their stand-ins: mask both ends by one mask, in one domain, with "
        "the canonical forms by which the source takes them for equal, or keep both"
        if is_changed and rows > known
        else "the rules are not to blame: please report it as a bug"
    )
    return Finding("orphans", Severity.ERROR, edge.where, message, remedy)
