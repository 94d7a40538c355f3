"""What is told of a subset on random databases: its plan adds up, and every row's reason holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.rules.subset_model import Follow
from dbtool.subset.explain import Hindrance, Hop, Reasons, Walked, trace, why_not
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.plan_from import make_plan
from dbtool.subset.row_set import Rows
from dbtool.subset.walk import walk
from tests.examples import examples
from tests.subset_memory import Manner, MemorySource, graph_of, leaves_of
from tests.subset_reference import referred
from tests.subset_schemas import Case, Reference, Row, RowName, cases

brief = examples(100)


class Source(MemorySource):
    """Knows an edge whatever cap it is asked with."""

    def __init__(self, case: Case, graph: Graph) -> None:
        super().__init__(case, graph, Manner())
        self.case = case
        self.references = {
            replace(edge, follow=Follow()): reference
            for edge, reference in zip(graph.edges, case.references, strict=True)
        }

    def place(self, row: Row) -> tuple[RelationName, int]:
        return self._place(row)

    def reference(self, edge: Edge) -> Reference:
        return self.references[replace(edge, follow=Follow())]

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        if edge in self._references:
            yield from super().referencing_rows(edge, rows)
            return
        assert edge.follow == Follow()
        reference = self.reference(edge)
        wanted = {name for leaf, ids in rows.items() for name in self.names(leaf, ids)}
        yield from self._answer(
            row.name
            for row in self.case.rows
            if any(target.name in wanted for target in referred(self.case, reference, row))
        )


def walked(case: Case) -> tuple[Walked, Source]:
    graph, reasons = graph_of(case), Reasons()
    source = Source(case, graph)
    return Walked(graph, source, walk(graph, source, reasons), reasons), source


def catalog_of(case: Case) -> Catalog:
    return build_catalog(
        180000,
        [
            Relation(leaf, RelationKind.TABLE, (), rows=10, bytes=8192)
            for table in case.tables.values()
            for leaf in leaves_of(table)
        ],
    )


@brief
@given(cases())
def test_the_shares_of_every_table_add_up_to_its_rows(case: Case) -> None:
    found, _ = walked(case)
    plan = make_plan(found.graph, found.selection, catalog_of(case))
    assert plan.rows == sum(map(found.selection.count, found.graph.tables))
    for table in plan.tables:
        assert sum(share.rows for share in table.shares) == table.rows, table
        assert all(share.rows for share in table.shares)
    for direction in ("referencing", "referenced"):
        pulled = sum(pull.rows for pull in plan.pulls if pull.direction == direction)
        shares = [share for table in plan.tables for share in table.shares if share.reason == direction]
        assert pulled == sum(share.rows for share in shares)


@brief
@given(cases())
def test_every_row_of_the_subset_has_a_way_to_it_and_every_hop_is_a_reference(case: Case) -> None:
    found, source = walked(case)
    for place in filter(lambda place: found.contains(*place), map(source.place, case.rows)):
        way = trace(found, *place)
        assert (way[-1].leaf, way[-1].row) == place
        assert_begins(case, source, way[0])
        for before, hop in pairwise(way):
            assert_linked(case, source, before, hop)
            assert found.contains(before.leaf, before.row)


def assert_begins(case: Case, source: Source, hop: Hop) -> None:
    name = named(source, hop)
    if hop.step is None:
        assert case.policies[name.table] == "all"
    else:
        assert hop.step.root is not None
        assert name in case.root_names


def assert_linked(case: Case, source: Source, before: Hop, hop: Hop) -> None:
    assert hop.step is not None
    assert hop.step.edge is not None
    rows = {row.name: row for row in case.rows}
    one, other = rows[named(source, before)], rows[named(source, hop)]
    referring, target = (other, one) if hop.step.direction == "referencing" else (one, other)
    assert target in referred(case, source.reference(hop.step.edge), referring)


def named(source: Source, hop: Hop) -> RowName:
    return source.names(hop.leaf, np.array([hop.row], np.uint64))[0]


@brief
@given(cases())
def test_a_row_outside_is_told_what_hinders_it_and_nothing_untrue(case: Case) -> None:
    found, source = walked(case)
    for row in case.rows:
        if found.contains(*source.place(row)):
            continue
        hindrances = why_not(found, *source.place(row))
        if row.name.table in case.policies:
            assert [each.kind for each in hindrances] == [case.policies[row.name.table]]
            continue
        for each in hindrances:
            assert_true(found, source, row, each)
        told = {each.what for each in hindrances}
        assert {edge.where for edge in found.graph.edges if touches(edge, row)} <= told


def touches(edge: Edge, row: Row) -> bool:
    return row.name.table in {edge.referencing.name, edge.referenced.name}


def assert_true(found: Walked, source: Source, row: Row, hindrance: Hindrance) -> None:
    mine = [source.reference(edge) for edge in found.graph.edges if edge.where == hindrance.what]
    targets = [target for reference in mine for target in referred(source.case, reference, row)]
    inside = [target for target in targets if found.contains(*source.place(target))]
    followed = [target for target in inside if found.reasons.is_followed(*source.place(target))]
    truths = {
        "no-root": not any(row.name.table == table for table, _ in source.case.roots),
        "not-selected": row.name not in source.case.root_names,
        "refers-to-nothing": any(not referred(source.case, reference, row) for reference in mine),
        "not-followed": any(reference.follow.most == 0 for reference in mine),
        "refers-outside": len(inside) < len(targets),
        "followed-no-further": len(followed) < len(inside),
        "over-the-cap": (bool(followed) or any(each.follow.always and inside for each in mine))
        and hindrance.most in {each.follow.most for each in mine} - {None},
        "nulled": any(reference.nulled for reference in mine),
        "unreferenced": True,
        "referenced-from-outside": True,
    }
    assert truths[hindrance.kind], hindrance
