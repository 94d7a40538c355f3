"""The small databases of tests/subset_schemas.py on a server, and the rules that say of them what the case does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.session import Connection
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_arrays import decode_tids
from dbtool.rules.model import RelationTarget, RuleSet, VirtualRelation
from dbtool.rules.position import Position
from dbtool.rules.subset_model import (
    EdgeRule,
    Follow,
    NullRule,
    OrderTerm,
    Root,
    SqlText,
    SubsetRules,
    TablePolicy,
)
from dbtool.subset.bind import bind_subset
from dbtool.subset.graph import Edge, Graph, Policy
from dbtool.subset.row_set import RowIds, RowSet
from dbtool.subset.selection import Step
from dbtool.subset.walk import walk
from tests.integration.refreshing import KEY
from tests.subset_reference import refers
from tests.subset_schemas import RANGE, TYPE_COLUMN, Case, Columns, Reference, RowName, Table

Substance = tuple[str, Columns, str, Columns, str | None]
AT = Position("rules.yaml", 1, 1)


def permitted(case: Case) -> Case:
    """The case as PostgreSQL and our own rules take it."""
    references = tuple(_as_declared(case, each) for each in case.references)
    case = replace(case, references=references)
    return replace(case, policies=dict(_policies(case)))


def _as_declared(case: Case, reference: Reference) -> Reference:
    """A partitioned table cannot have a key that is not valid, before PostgreSQL 18. Ties are to be broken by something."""
    table, follow = case.tables[reference.referencing], reference.follow
    if not table.key:
        order = tuple(dict.fromkeys((*follow.order, OrderTerm("label"))))
        follow = replace(follow, order=order)
    virtual = reference.virtual or (table.leaves > 1 and has_orphans(case, reference))
    return replace(reference, follow=follow, virtual=virtual)


def has_orphans(case: Case, reference: Reference) -> bool:
    return any(
        None not in row.at(reference.columns)
        and not any(refers(reference, row, target) for target in case.rows)
        for row in case.rows_of(reference.referencing)
    )


def _policies(case: Case) -> Iterator[tuple[str, Policy]]:
    """A table is not skipped that another's constraint needs, nor left empty where rows that are certain need it."""
    certain = {table for table, _ in case.roots} | {
        n for n, policy in case.policies.items() if policy == "all"
    }
    for name, policy in case.policies.items():
        into = [each for each in case.references if each.referenced == name]
        needs = [each for each in into if each.referencing in certain and _is_required(case, each)]
        if policy == "all" or not needs:
            is_constrained = any(not each.virtual and each.referencing != name for each in into)
            yield name, "empty" if policy == "skip" and is_constrained else policy


def _is_required(case: Case, reference: Reference) -> bool:
    never_null = {*case.tables[reference.referencing].not_null, "id", "part"}
    return reference.type_value is None and never_null.issuperset(reference.columns)


def statements(case: Case, schema: str = "public", *, with_rows: bool = True) -> Iterator[str]:
    for table in case.tables.values():
        yield from _create(schema, table)
    if with_rows:
        for row in case.rows:
            names, values = ", ".join(row.values), ", ".join(map(_literal, row.values.values()))
            yield f"INSERT INTO {schema}.{row.name.table} ({names}) VALUES ({values})"
    for number, reference in enumerate(case.references):
        if number % 2:
            yield f"CREATE INDEX ON {schema}.{reference.referencing} ({', '.join(reference.columns)})"


def _literal(value: int | str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def _create(schema: str, table: Table) -> Iterator[str]:
    columns = [
        "id int NOT NULL, part int NOT NULL, code int, label int NOT NULL",
        *(f"{name} int{' NOT NULL' * (name in table.not_null)}" for name in table.columns),
        *([f"{TYPE_COLUMN} text"] if table.has_type else []),
        *([f"PRIMARY KEY ({', '.join(table.key)})"] if table.key else []),
        *([f"UNIQUE ({', '.join(table.unique)})"] if table.unique else []),
    ]
    by_range = " PARTITION BY RANGE (id)" if table.leaves > 1 else ""
    yield f"CREATE TABLE {schema}.{table.name} ({', '.join(columns)}){by_range}"
    bounds = ["MINVALUE", *(str(RANGE * number) for number in range(1, table.leaves)), "MAXVALUE"]
    for number in range(table.leaves if table.leaves > 1 else 0):
        values = f"FROM ({bounds[number]}) TO ({bounds[number + 1]})"
        yield f"CREATE TABLE {schema}.{table.name}_p{number} PARTITION OF {schema}.{table.name} FOR VALUES {values}"


def constraints(case: Case, schema: str = "public") -> Iterator[str]:
    """Behind the rows, since these may refer to one another in circles."""
    for number, each in enumerate(case.references):
        columns, referenced_columns = ", ".join(each.columns), ", ".join(each.referenced_columns)
        if not each.virtual:
            yield (
                f"ALTER TABLE {schema}.{each.referencing} ADD CONSTRAINT reference_{number} FOREIGN KEY ({columns}) "
                f"REFERENCES {schema}.{each.referenced} ({referenced_columns})"
                f"{' NOT VALID' * has_orphans(case, each)}"
            )


def public(name: str) -> RelationName:
    return RelationName("public", name)


def rules_of(case: Case) -> tuple[RuleSet, SubsetRules]:
    relations = tuple(_relation(each) for each in case.references if each.virtual)
    once = {each.ruled_by: each for each in case.references}.values()
    subset = SubsetRules(
        roots=tuple(_root(case.tables[table], case, labels) for table, labels in case.roots),
        at=AT,
        edges=tuple(
            EdgeRule(public(each.referencing), each.columns, each.follow, AT)
            for each in once
            if each.follow != Follow() and each.referencing not in case.policies
        ),
        nullified=tuple(NullRule(public(each.referencing), each.columns, AT) for each in once if each.nulled),
        tables={public(name): TablePolicy(policy, AT) for name, policy in case.policies.items()},
    )
    return RuleSet({}, relations=relations, subset=subset), subset


def _relation(reference: Reference) -> VirtualRelation:
    target = RelationTarget(
        public(reference.referenced), reference.referenced_columns, reference.type_value, AT
    )
    type_column = TYPE_COLUMN if reference.type_value else None
    return VirtualRelation(public(reference.referencing), reference.columns, (target,), type_column, AT)


def _root(table: Table, case: Case, labels: frozenset[int]) -> Root:
    if table.key and labels:
        rows = (row for row in case.rows_of(table.name) if row.name.label in labels)
        return Root(public(table.name), AT, ids=tuple(tuple(map(str, row.at(table.key))) for row in rows))
    condition = f"label IN ({', '.join(map(str, sorted(labels))) or 'NULL'})"
    return Root(public(table.name), AT, where=SqlText(condition, AT))


@dataclass(frozen=True, slots=True)
class Found:
    """What was chosen on a server, by the rows' names."""

    chosen: Counter[RowName]
    followed: frozenset[RowName]
    nulled: Mapping[RowName, frozenset[str]]
    blocked: Mapping[Substance, int]


def bind_case(connection: Connection, catalog: Catalog, case: Case) -> tuple[Graph, SubsetSource]:
    rules, subset = rules_of(case)
    facts = read_subset_facts(connection, catalog, rules.relations)
    graph, findings = bind_subset(catalog, facts, rules, subset)
    assert not [finding for finding in findings if finding.is_error]
    return graph, SubsetSource(connection, catalog, facts, KEY)


def walk_case(connection: Connection, graph: Graph, source: SubsetSource) -> Found:
    names = NamesOfRows(connection, graph)
    followed: set[RowName] = set()

    def hear(leaf: RelationName, ids: RowIds, step: Step) -> None:
        if step.followed:
            followed.update(names.of(leaf, ids))

    selection = walk(graph, source, hear)
    whole = (
        name for leaf in selection.whole for ids in source.all_rows(leaf) for name in names.of(leaf, ids)
    )
    apart = (name for leaf, rows in selection.rows.items() for name in names.of_set(leaf, rows))
    return Found(
        Counter([*whole, *apart]),
        frozenset(followed),
        {
            name: frozenset(nulled.columns)
            for leaf, groups in selection.nulled.items()
            for nulled in groups
            for name in names.of_set(leaf, nulled.rows)
        },
        {substance_of(edge): count for edge, count in selection.blocked.items()},
    )


class NamesOfRows:
    def __init__(self, connection: Connection, graph: Graph) -> None:
        self._graph = graph
        self._known = {leaf: dict(_labels(connection, leaf)) for leaf in graph.tables}

    def of(self, leaf: RelationName, ids: RowIds) -> list[RowName]:
        table = self._graph.tables[leaf].name
        return [RowName(table, self._known[leaf][number]) for number in ids.tolist()]

    def of_set(self, leaf: RelationName, rows: RowSet) -> list[RowName]:
        return [name for ids in rows.batches(1000) for name in self.of(leaf, ids)]


def _labels(connection: Connection, leaf: RelationName) -> Iterator[tuple[int, int]]:
    query = sql.SQL("SELECT tidsend(ctid), label FROM ONLY {}").format(sql.Identifier(leaf.schema, leaf.name))
    for tid, label in connection.execute(query, binary=True):
        yield int(decode_tids(tid)[0]), label


def with_bound_nulls(case: Case, graph: Graph) -> Case:
    """The columns that become NULL as our binding chose them: not those that another reference needs."""
    found = {substance_of(edge): edge.nulled for edge in graph.edges}
    references = (replace(each, nulled=found[substance_of_reference(each)]) for each in case.references)
    return replace(case, references=tuple(references))


def substance_of(edge: Edge) -> Substance:
    ends = edge.referencing.name, edge.columns, edge.referenced.name, edge.referenced_columns
    return (*ends, edge.type_value)


def substance_of_reference(reference: Reference) -> Substance:
    ends = reference.referencing, reference.columns, reference.referenced, reference.referenced_columns
    return (*ends, reference.type_value)
