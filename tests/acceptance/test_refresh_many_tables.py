"""Five hundred tables and as many partitions as come with them, refreshed by the command: nothing grows out of hand."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance import inspection
from tests.acceptance.project import Project
from tests.many_tables import LEAVES, ROWS, TABLES, make_rules, make_statements

PARTITIONED = TABLES // 25
MOST_S = 300  # a tenth of it where nothing else runs
RELATIONS = TABLES - PARTITIONED + PARTITIONED * LEAVES


@pytest.fixture
def many(
    project: Project,
    server: EmbeddedServer,
    make_on: Callable[[EmbeddedServer], str],
    name_on: Callable[[EmbeddedServer], str],
) -> Project:
    project.connect(make_on(server), name_on(server))
    with psycopg.connect(project.source, autocommit=True) as connection:
        for statement in make_statements():
            connection.execute(statement.encode())
    project.rules.write_text(make_rules(), encoding="utf-8")
    return project


@pytest.mark.one_major
def test_all_of_them_arrive_masked_closed_and_with_their_schema(
    many: Project, server: EmbeddedServer
) -> None:
    with many.start("--format", "json") as running:
        done = running.finish(timeout_s=MOST_S)
    assert done.code == 0, done.messages
    document = done.document
    assert len(document["tables"]) == RELATIONS
    assert sum(table["rows"] for table in document["tables"]) == TABLES * ROWS
    assert (document["verification"]["orphans"], document["verification"]["surviving_values"]) == (0, 0)
    assert inspection.count_rows(many.target) == inspection.count_rows(many.source)
    orphans = inspection.count_orphans(many.target)
    assert len(orphans) > TABLES
    assert not any(orphans.values())
    assert inspection.dump_schema(server, many.target) == inspection.dump_schema(server, many.source)
    assert count_told(many.target) == 0
    assert count_told(many.source) == TABLES * ROWS


def count_told(url: str) -> int:
    """Rows in which an original stands, whichever column it is in."""
    told = sql.SQL("SELECT count(*) FROM ONLY {} AS r WHERE r::text ~ 'lovelace|Originalname'")
    with inspection.reading(url) as connection:
        counts = (
            connection.execute(told.format(sql.Identifier(*table))).fetchone()
            for table in inspection.find_columns(url)
        )
        return sum(count[0] for count in counts if count)
