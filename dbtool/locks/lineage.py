"""Under which name the target knows a relation that pending revisions made or renamed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbtool.locks.trace import StatementTrace


@dataclass(frozen=True, slots=True)
class Lineage:
    """``made`` are relations that pending revisions created, ``renamed`` names of today → those on the target."""

    made: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def find_original(self, relation: str) -> str | None:
        """None for what the target does not have: locks on it keep nobody waiting."""
        if relation in self.made:
            return None
        return self.renamed.get(relation, relation)

    def after(self, statement: StatementTrace) -> Lineage:
        if statement.failure is not None:
            return self
        renamed, made = dict(self.renamed), self.made - frozenset(statement.dropped)
        for before, after in statement.renamed:
            if before in self.made:
                made = (made - {before}) | {after}
            else:
                renamed[after] = self.renamed.get(before, before)
        return Lineage(made | frozenset(statement.created), renamed)
