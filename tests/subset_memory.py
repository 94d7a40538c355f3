"""A source whose rows are in memory, for the walk: it answers in pieces, in any order, and repeats itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Root, SqlText
from dbtool.subset import batches
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Pairs, Question, answer_in_turn
from tests.subset_reference import referred, referring
from tests.subset_schemas import TYPE_COLUMN, Case, Reference, Row, RowName, Table

Item = TypeVar("Item")
AT = Position("rules.yaml", 1, 1)


def relation_of(table: str) -> RelationName:
    return RelationName("public", table)


def leaves_of(table: Table) -> tuple[RelationName, ...]:
    if table.leaves == 1:
        return (relation_of(table.name),)
    return tuple(relation_of(f"{table.name}_p{number}") for number in range(table.leaves))


def graph_of(case: Case, *, indexed: bool = True, analysed: bool = False) -> Graph:
    """``analysed``: the planner knows how many rows each leaf has."""
    leaves = {relation_of(name): leaves_of(table) for name, table in case.tables.items()}
    held = Counter(leaves_of(table)[table.leaf_of(row)] for row, table in _with_tables(case))
    return Graph(
        edges=tuple(
            edge_of(number, reference, indexed=indexed) for number, reference in enumerate(case.references)
        ),
        roots=tuple(_root_of(case, *root) for root in case.roots),
        leaves={**leaves, **{leaf: (leaf,) for found in leaves.values() for leaf in found}},
        tables={leaf: table for table, found in leaves.items() for leaf in found},
        policies={
            leaf: policy for name, policy in case.policies.items() for leaf in leaves[relation_of(name)]
        },
        estimates={leaf: held[leaf] for found in leaves.values() for leaf in found} if analysed else {},
    )


def _with_tables(case: Case) -> Iterator[tuple[Row, Table]]:
    return ((row, case.tables[row.name.table]) for row in case.rows)


def edge_of(number: int, reference: Reference, *, indexed: bool = True) -> Edge:
    return Edge(
        relation_of(reference.referencing),
        reference.columns,
        relation_of(reference.referenced),
        reference.referenced_columns,
        operators=(EqualityOperator(),) * len(reference.columns),
        constraint=None if reference.virtual else f"reference_{number}",
        type_column=TYPE_COLUMN if reference.type_value else None,
        type_value=reference.type_value,
        follow=reference.follow,
        nulled=reference.nulled,
        referencing_indexed=indexed,
        referenced_indexed=indexed,
    )


def _root_of(case: Case, table: str, labels: frozenset[int]) -> BoundRoot:
    listed = ", ".join(map(str, sorted(labels))) or "NULL"
    rule = Root(relation_of(table), AT, where=SqlText(f"label IN ({listed})", AT))
    return BoundRoot(rule, leaves_of(case.tables[table]), case.tables[table].key)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a source answers: in pieces of ``piece`` rows at most, in an order that ``seed`` makes, with every row up to
    ``repeats`` times. ``spread`` is the distance in pages between rows that were written one after the other. So many
    questions are taken ``ahead`` of the one that is answered.
    """

    seed: int = 0
    piece: int = 100
    repeats: int = 1
    spread: int = 0
    ahead: int = 0


class MemorySource:
    def __init__(self, case: Case, graph: Graph, manner: Manner) -> None:
        self._case, self._manner = case, manner
        self._random = random.Random(manner.seed)
        self._references = dict(zip(graph.edges, case.references, strict=True))
        self._roots = dict(zip(graph.roots, case.roots, strict=False))
        self._places = {row.name: self._place(row) for row in case.rows}
        self._rows = {self._places[row.name]: row for row in case.rows}

    def leaf_of(self, row: Row) -> RelationName:
        return self._places[row.name][0]

    def reference_of(self, edge: Edge) -> Reference:
        return self._references[edge]

    def _place(self, row: Row) -> tuple[RelationName, int]:
        table, label = self._case.tables[row.name.table], row.name.label
        return leaves_of(table)[table.leaf_of(row)], (label * self._manner.spread << 16) + 1 + 41 * label

    def names(self, leaf: RelationName, ids: RowIds) -> list[RowName]:
        return [self._rows[leaf, number].name for number in ids.tolist()]

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]:
        table, labels = self._roots[root]
        yield from self._answer(RowName(table, label) for label in labels)

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        taken = iter(questions)
        waiting = list(islice(taken, self._manner.ahead))
        for question in taken:
            waiting.append(question)
            yield from answer_in_turn(self, [waiting.pop(0)])
        yield from answer_in_turn(self, waiting)

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        assert_batch(rows, indexed=edge.referencing_indexed)
        reference = self._references[edge]
        found = (referring(self._case, reference, target) for target in self._known(rows))
        yield from self._answer(row.name for some in found for row in some)

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        assert_batch(rows, indexed=edge.referenced_indexed)
        yield from self._referred(edge, self._known(rows))

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]:
        yield from self._referred(edge, [row for place, row in self._rows.items() if place[0] == leaf])

    def _referred(self, edge: Edge, rows: Iterable[Row]) -> Iterator[Rows]:
        found = (referred(self._case, self._references[edge], row) for row in rows)
        yield from self._answer(row.name for some in found for row in some)

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        assert_batch({leaf: rows}, indexed=edge.referenced_indexed)
        reference = self._references[edge]
        found = [
            (self._places[row.name][1], *self._places[target.name])
            for row in self._known({leaf: rows})
            for target in referred(self._case, reference, row)
        ]
        for number, referenced_leaf, referenced in self._disordered(found):
            yield Pairs(leaf, referenced_leaf, _ids([number]), _ids([referenced]))

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]:
        for found in self._answer(row.name for place, row in self._rows.items() if place[0] == leaf):
            yield from found.values()

    def count(self, leaf: RelationName) -> int:
        return sum(place[0] == leaf for place in self._rows)

    def _known(self, rows: Rows) -> list[Row]:
        return [self._rows[leaf, number] for leaf, ids in rows.items() for number in ids.tolist()]

    def _answer(self, names: Iterable[RowName]) -> Iterator[Rows]:
        places = self._disordered([self._places[name] for name in names])
        for start in range(0, len(places), self._manner.piece):
            piece: dict[RelationName, list[int]] = {}
            for leaf, number in places[start : start + self._manner.piece]:
                piece.setdefault(leaf, []).append(number)
            yield {leaf: _ids(numbers) for leaf, numbers in piece.items()}

    def _disordered(self, items: list[Item]) -> list[Item]:
        repeated = [item for item in items for _ in range(self._random.randint(1, self._manner.repeats))]
        self._random.shuffle(repeated)
        return repeated


def assert_batch(rows: Rows, *, indexed: bool) -> None:
    sizes = [len(ids) for ids in rows.values()]
    assert all(sizes)
    assert sum(sizes) <= (batches.INDEXED_BATCH if indexed else batches.SCAN_BATCH)


def _ids(numbers: list[int]) -> RowIds:
    return np.array(numbers, np.uint64)
