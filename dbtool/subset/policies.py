"""Which tables have a policy, by the table and by the leaves that hold its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding
from dbtool.rules.subset_model import SubsetRules
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import Edge, Policy
from dbtool.subset.naming import judge_table, refuse


@dataclass(frozen=True, slots=True)
class Policies:
    """``tables`` are by the name that the rules know a relation by: a partition's policy is its root's."""

    catalog: Catalog
    tables: Mapping[RelationName, Policy]

    def of(self, relation: RelationName) -> Policy | None:
        return self.tables.get(self.table(relation))

    def table(self, relation: RelationName) -> RelationName:
        return self.catalog.relations[relation].ruled_by

    def by_leaf(self, facts: SourceFacts) -> dict[RelationName, Policy]:
        return {leaf: policy for table, policy in self.tables.items() for leaf in facts.leaves.get(table, ())}

    def ends(self, edge: Edge) -> tuple[RelationName, RelationName]:
        return self.table(edge.referencing), self.table(edge.referenced)


def bind_policies(catalog: Catalog, rules: SubsetRules) -> Policies:
    """Alembic's version table is copied whole, whatever the rules say: what it says is true of the copy, too."""
    tables = {name: table.policy for name, table in rules.tables.items() if name in catalog.relations}
    if catalog.alembic_version is not None:
        tables[catalog.alembic_version] = "all"
    return Policies(catalog, tables)


def judge_policies(catalog: Catalog, rules: SubsetRules) -> Iterator[Finding]:
    for name, table in rules.tables.items():
        yield from judge_table(catalog, name, table.at)
        if name == catalog.alembic_version and table.policy != "all":
            message = f"{name} holds Alembic's revision, which is true of the copy, too; it cannot be {table.policy}"
            yield refuse("subset-contradiction", table.at, message, f"remove {name} from subset.tables")
