"""A partition whose DETACH … CONCURRENTLY was interrupted: to PostgreSQL it is a tree of its own, to a refresh it is not."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.errors import FindingsRefuse
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh.pipeline import refresh
from tests.acceptance.project import wait_until
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

pytestmark = pytest.mark.one_major

_LOG = RelationName("public", "log")
_SCHEMA = """
CREATE TABLE log (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE log_2_rest PARTITION OF log_2 DEFAULT;
INSERT INTO log SELECT n, n, 'note' FROM generate_series(0, 19) n;
"""


@pytest.fixture
def half_detached(source_url: str) -> str:
    execute(source_url, _SCHEMA)
    with psycopg.connect(source_url) as reader, psycopg.connect(source_url, autocommit=True) as owner:
        reader.execute("SELECT FROM log")  # and its transaction stays open: DETACH waits for it
        owner.pgconn.send_query(b"ALTER TABLE log DETACH PARTITION log_2 CONCURRENTLY")
        pending = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending"
        wait_until(lambda: query(source_url, pending) == [("log_2",)], "the partition is half detached", 30)
        owner.cancel_safe()
        while owner.pgconn.get_result():
            pass
    return source_url


def _read(url: str) -> tuple[Catalog, tuple[str, ...]]:
    with connect(url) as connection:
        return read_catalog(connection), read_ddl(connection)


def test_its_root_and_that_of_its_own_partitions_is_the_table_above(half_detached: str) -> None:
    catalog, ddl = _read(half_detached)
    roots = {name.name: relation.partition_root for name, relation in catalog.relations.items()}
    assert roots == {"log": None, "log_1": _LOG, "log_2": _LOG, "log_2_rest": _LOG}
    assert [relation.name for relation in catalog.ruled()] == [_LOG]
    assert any("detach pending" in line for line in ddl if line.startswith("partitions of public.log:"))


def test_no_rule_for_its_root_is_no_rule_for_it(half_detached: str, target_url: str, tmp_path: Path) -> None:
    rules = rules_of("  public.log: {id: {keep: a number}, at: {keep: a number}}\n", tmp_path)
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(half_detached, target_url, tmp_path, rules))
    assert "public.log.note" in {getattr(finding, "where", "") for finding in refused.value.findings}


def test_it_arrives_as_a_partition_and_the_source_is_told_how_to_go_on(
    half_detached: str, target_url: str, tmp_path: Path
) -> None:
    result = refresh(request_for(half_detached, target_url, tmp_path))
    (said,) = (finding.message for finding in result.findings if finding.check == "not-copied")
    remedy = said.partition("On the source: ")[2]
    assert query(half_detached, "SELECT count(*) FROM log") == [(10,)]
    assert query(target_url, "SELECT count(*) FROM log") == [(20,)]
    execute(half_detached, remedy)
    assert query(half_detached, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == [(0,)]
