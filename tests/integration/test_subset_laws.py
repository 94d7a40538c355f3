"""Random databases on a server: the rows chosen are the reference's, and a copy of them has every foreign key it had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.catalog import Catalog
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from tests.examples import examples
from tests.integration.subset_database import (
    Found,
    bind_case,
    constraints,
    permitted,
    statements,
    substance_of_reference,
    walk_case,
    with_bound_nulls,
)
from tests.subset_reference import choose
from tests.subset_schemas import Case, Row, databases, subsets_of

pytestmark = pytest.mark.one_major

SUBSETS = 4


def test_a_server_s_rows_are_the_reference_s_and_closed(database: str) -> None:
    """Several subsets of each database: to make one takes longer than to walk it."""

    @examples(25)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        drawn = data.draw(databases())
        with connect(database) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            _execute(connection, statements(drawn))
            _execute(connection, constraints(permitted(drawn)))
            catalog = read_catalog(connection)
            for _ in range(SUBSETS):
                _assert_chosen(connection, catalog, permitted(data.draw(subsets_of(drawn))))
            connection.execute("ROLLBACK")

    holds()


def _assert_chosen(connection: Connection, catalog: Catalog, case: Case) -> None:
    graph, source = bind_case(connection, catalog, case)
    case = with_bound_nulls(case, graph)
    found, answer = walk_case(connection, graph, source), choose(case)
    assert found.chosen == Counter(answer.chosen)
    assert found.followed == answer.followed
    assert found.nulled == answer.nulled
    assert bool(found.blocked) == bool(answer.blocked)
    connection.execute("SAVEPOINT copied")
    _execute(connection, _copying(case, found))
    connection.execute("ROLLBACK TO copied")


def _execute(connection: Connection, texts: Iterator[str]) -> None:
    for text in texts:
        connection.execute(text.encode())


def _copying(case: Case, found: Found) -> Iterator[str]:
    """Every foreign key that is valid, and that no policy breaks, is made anew and so validated by PostgreSQL."""
    kept = {name: table for name, table in case.tables.items() if case.policies.get(name) != "skip"}
    rows = (
        Row(row.name, {**row.values, **dict.fromkeys(found.nulled.get(row.name, ()))})
        for row in case.rows
        if row.name in found.chosen
    )
    whole = [
        each
        for each in case.references
        if {each.referencing, each.referenced} <= kept.keys()
        and substance_of_reference(each) not in found.blocked
    ]
    yield "CREATE SCHEMA copied"
    yield from statements(replace(case, tables=kept, references=(), rows=tuple(rows)), "copied")
    yield from constraints(replace(case, references=tuple(whole)), "copied")
