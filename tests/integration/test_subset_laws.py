"""Random databases on a server: the rows chosen are the reference's, and a copy of them has every foreign key it had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings

from dbtool.postgres.session import Connection, connect
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
from tests.subset_schemas import Case, Row, cases


def test_a_server_s_rows_are_the_reference_s_and_closed(database: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(cases())
    def holds(drawn: Case) -> None:
        with connect(database) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            _assert_chosen(connection, permitted(drawn))
            connection.execute("ROLLBACK")

    holds()


def _assert_chosen(connection: Connection, case: Case) -> None:
    for statement in (*statements(case), *constraints(case, case.references)):
        connection.execute(statement.encode())
    graph, source = bind_case(connection, case)
    case = with_bound_nulls(case, graph)
    found, answer = walk_case(connection, graph, source), choose(case)
    assert found.chosen == Counter(answer.chosen)
    assert found.followed == answer.followed
    assert found.nulled == answer.nulled
    assert bool(found.blocked) == bool(answer.blocked)
    for statement in _copying(case, found):
        connection.execute(statement.encode())


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
    yield from constraints(case, whole, "copied")
