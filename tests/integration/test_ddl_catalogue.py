"""Every row of the catalogue of dangerous DDL, run for real with 2,000 rows and on empty tables; each major in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from dbtool.findings import Severity
from dbtool.locks.hints import judge_revision
from dbtool.locks.trace import HeldLock, Population, RelationSize, RevisionTrace, StatementTrace
from tests.integration.ddl_catalogue import columns, constraints, indexes, others
from tests.integration.ddl_catalogue.judged import JUDGED
from tests.integration.ddl_catalogue.row import DATA, SETUP, Row, Step
from tests.integration.tracing import trace

ROWS = (*columns.ROWS, *constraints.ROWS, *indexes.ROWS, *others.ROWS)
_LESSER = "iItS"
_IN_TRANSACTION = """
try:
    with op.get_bind().begin_nested():
        op.execute({sql!r})
except sa.exc.DBAPIError:
    pass
"""
_ALONE = """
with op.get_context().autocommit_block():
    try:
        op.execute({sql!r})
    except sa.exc.DBAPIError:
        pass
"""

Rehearsed = dict[tuple[str, bool], tuple[str, RevisionTrace]]


@pytest.fixture(scope="session")
def _rehearsals() -> dict[int, Rehearsed]:
    return {}


@pytest.fixture
def rehearsed(
    server: EmbeddedServer,
    make_database: Callable[[], str],
    tmp_path: Path,
    _rehearsals: dict[int, Rehearsed],
) -> Rehearsed:
    """By name and whether there was data: the row's schema and its trace. All rows are revisions of one history."""
    if server.major not in _rehearsals:
        _rehearsals[server.major] = _rehearse(server.major, make_database(), tmp_path)
    return _rehearsals[server.major]


def _rehearse(major: int, url: str, folder: Path) -> Rehearsed:
    cases = [(row, full) for row in ROWS if major in row.majors for full in (True, False)]
    schemas = [f"dbtool_row_{number}" for number in range(len(cases))]
    with psycopg.connect(url, autocommit=True) as connection:
        for (row, full), schema in zip(cases, schemas, strict=True):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
            script = f"{SETUP};{row.setup};" + (f"{DATA};{row.data};" if full else "") + row.after
            connection.execute(script.encode())
    upgrades = [
        "\n".join(
            [f'op.execute("SET search_path TO {schema}, public")', *(_call(row, step) for step in row.steps)]
        )
        for (row, _), schema in zip(cases, schemas, strict=True)
    ]
    traced = trace(folder, url, *upgrades)
    assert traced.outcome.raised is None, traced.outcome
    return {
        (row.name, full): (schema, revision)
        for (row, full), schema, revision in zip(cases, schemas, traced.revisions, strict=True)
    }


def _call(row: Row, step: Step) -> str:
    """A step that may fail is run so that the history goes on."""
    if row.autocommit:
        return _ALONE.format(sql=step.sql)
    return _IN_TRANSACTION.format(sql=step.sql) if step.fails else f"op.execute({step.sql!r})"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_of_the_catalogue_is_traced_as_it_is(
    row: Row, rehearsed: Rehearsed, server: EmbeddedServer
) -> None:
    if server.major not in row.majors:
        assert (row.name, True) not in rehearsed
        return
    schema, revision = rehearsed[row.name, True]
    for step, statement in _pair(row, revision):
        assert _spell(statement, schema, step) == _expect(step)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_empty_tables_hide_only_what_the_catalogue_says(
    row: Row, rehearsed: Rehearsed, server: EmbeddedServer
) -> None:
    if server.major not in row.majors:
        assert (row.name, False) not in rehearsed
        return
    schema, revision = rehearsed[row.name, False]
    for step, statement in _pair(row, revision):
        found = _spell(statement, schema, step)
        if row.only_with_data:
            assert found["fails"] is None
        else:
            assert found == {**_expect(step), "rows": found["rows"]}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_judged_by_its_danger_on_a_large_and_busy_target(
    row: Row, rehearsed: Rehearsed, server: EmbeddedServer
) -> None:
    if server.major not in row.majors:
        assert row.name not in {name for name, _ in rehearsed}
        return
    schema, revision = rehearsed[row.name, True]
    judged = judge_revision(revision, _large_and_busy(schema), major=server.major)
    found = {each.check for each in judged.all_findings if each.severity is not Severity.INFO}
    fails = any(step.fails for step in row.steps)
    assert found == set(JUDGED.get(row.name, ())) | ({"statement-fails"} if fails else set())


def _large_and_busy(schema: str) -> Population:
    small = RelationSize(rows=2000, bytes=200_000, index_bytes=100_000)
    large = RelationSize(50_000_000, 8_000_000_000, 2_000_000_000, scans_per_s=50, writes_per_s=20)
    names = [f"{schema}.{table}" for table in ("t", "p", "k", "u", "w", "w_1", "w_2", "w_rest", "m")]
    return Population("subset", dict.fromkeys(names, small), dict.fromkeys(names, large))


def _pair(row: Row, revision: RevisionTrace) -> list[tuple[Step, StatementTrace]]:
    found = {statement.sql: statement for statement in revision.statements}
    return [(step, found[step.sql]) for step in row.steps]


def _expect(step: Step) -> dict[str, Any]:
    return asdict(step)


def _spell(statement: StatementTrace, schema: str, step: Step) -> dict[str, Any]:
    def bare(relation: str) -> str:
        return relation.removeprefix(f"{schema}.")

    def is_lucky(lock: HeldLock) -> bool:
        """The watcher saw what can only be documented."""
        name = bare(lock.relation)
        return (
            step.documented.get(name) == str(lock.mode) or name in step.documented.keys() - step.locks.keys()
        )

    documented = [lock for lock in statement.locks[::-1] if not lock.measured or is_lucky(lock)]
    is_unsure = step.fails and not step.locks  # it may have ended before the watcher looked
    locks = [lock for lock in statement.locks if lock not in documented and not is_unsure]
    return {
        "sql": statement.sql,
        "locks": {bare(each.relation): str(each.mode) for each in locks if each.kind not in _LESSER},
        "rewrites": tuple(map(bare, statement.rewrites)),
        "scans": tuple(sorted(map(bare, statement.scans))),
        "builds": tuple(sorted(bare(each.index) for each in statement.index_builds)),
        "fails": statement.failure.sqlstate if statement.failure else None,
        "truncated": tuple(bare(each.relation) for each in statement.row_changes if each.truncated),
        "rows": statement.rows,
        "documented": {bare(each.relation): str(each.mode) for each in documented},
        "index_locks": {
            bare(each.relation): str(each.mode)
            for each in locks
            if each.kind in "iI" and not each.relation.startswith("pg_toast.")
        }
        if step.index_locks is not None
        else None,
        "created": tuple(map(bare, statement.created)) if step.created is not None else None,
    }
