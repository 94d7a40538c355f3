"""Partitions that are masked, loaded and searched together; the search of what landed, beside the builds of its indexes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import VerificationFailed
from dbtool.findings import Finding
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.postgres.copy_io import CopyReader, DriverReader, PsqlReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh import searching
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.workers import meanwhile
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

# A dozen that are masked alike, one of them empty; one whose columns stand in another order; what refers to them.
_SCHEMA = """
CREATE TABLE visit (id int, month int, email text, note text, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
DO $$ BEGIN FOR n IN 1..12 LOOP
    EXECUTE format('CREATE TABLE visit_%s PARTITION OF visit FOR VALUES IN (%s)', n, n);
END LOOP; END $$;
CREATE TABLE visit_13 (note text, month int NOT NULL, email text, id int NOT NULL);
ALTER TABLE visit ATTACH PARTITION visit_13 FOR VALUES IN (13);
CREATE INDEX ON visit (email);
CREATE TABLE bill (visit int, month int, FOREIGN KEY (visit, month) REFERENCES visit (id, month));
INSERT INTO visit
SELECT n, 1 + n % 11, 'guest' || n % 70 || '@lovelace.dk', E'a\\tnote\\n' || n FROM generate_series(1, 900) n;
INSERT INTO visit SELECT n, 13, 'guest' || n % 70 || '@lovelace.dk', NULL FROM generate_series(901, 950) n;
INSERT INTO bill SELECT id, month FROM visit WHERE id % 7 = 0;
ANALYZE;
"""
_RULES = """
  public.visit: {id: {keep: k}, month: {keep: k}, email: {mask: email}, note: {keep: k}}
  public.bill: {visit: {keep: k}, month: {keep: k}}
"""
_IN_THEIR_PLACES = "SELECT tableoid::regclass::text, id, month, note FROM visit ORDER BY id"


@pytest.fixture
def ends(two_databases: TwoDatabases) -> TwoDatabases:
    execute(two_databases[0], _SCHEMA)
    return two_databases


def test_every_row_of_many_partitions_is_masked_in_its_own(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    result = refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    assert query(target, _IN_THEIR_PLACES) == query(source, _IN_THEIR_PLACES)
    by_id = "SELECT id, email FROM visit ORDER BY id"
    pairs = {
        (theirs[1], ours[1]) for theirs, ours in zip(query(source, by_id), query(target, by_id), strict=True)
    }
    assert len(pairs) == len({theirs for theirs, _ in pairs}) == len({ours for _, ours in pairs}) == 70
    assert not [ours for _, ours in pairs if ours.endswith("lovelace.dk")]
    rows = {table.name.name: table.rows for table in result.tables}
    assert (rows["visit_1"], rows["visit_12"], rows["visit_13"]) == (81, 0, 50)
    # Eleven were loaded in one transaction, and the one whose columns stand in another order in its own.
    loaded = "SELECT array_agg(DISTINCT xmin::text), count(DISTINCT tableoid) FROM visit GROUP BY xmin::text ORDER BY 2"
    assert [count for _, count in query(target, loaded)] == [1, 11]


@pytest.mark.one_major
@pytest.mark.parametrize("partition", [11, 13])
def test_an_original_that_stays_in_one_partition_is_found_there(
    ends: TwoDatabases, tmp_path: Path, partition: int
) -> None:
    source, target = ends
    execute(
        source,
        f"UPDATE visit_{partition} SET note = 'ask guest7@lovelace.dk' "
        f"WHERE id = (SELECT max(id) FROM visit_{partition})",
    )
    with pytest.raises(VerificationFailed) as failed:
        refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    found = [one for one in failed.value.findings if isinstance(one, Finding) and one.is_error]
    assert [(one.check, one.where) for one in found] == [
        ("surviving-value", f"public.visit_{partition}.note")
    ]
    assert "lovelace" not in str(failed.value)


@pytest.mark.one_major
@pytest.mark.parametrize("connections", [4, 8])
def test_what_landed_is_searched_beside_the_restore_where_the_role_has_room_for_both(
    ends: TwoDatabases,
    tmp_path: Path,
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    connections: int,
) -> None:
    source, target = ends
    name = target.rsplit("/", 1)[1]
    execute(
        server.url(),
        f"CREATE ROLE {name}role LOGIN PASSWORD 'one' CREATEDB CONNECTION LIMIT {connections};"
        f"GRANT pg_read_all_data, pg_signal_backend TO {name}role; ALTER DATABASE {name} OWNER TO {name}role",
    )
    url = target.replace(target.split("@", maxsplit=1)[0], f"postgresql://{name}role:one")
    works: list[Any] = []

    def watched(work: Callable[[], Any], *arguments: Any) -> Any:
        works.append(work)
        return meanwhile(work, *arguments)

    monkeypatch.setattr(searching, "meanwhile", watched)
    refresh(request_for(source, url, tmp_path, rules_of(_RULES, tmp_path)))
    assert len(works) == {4: 0, 8: 1}[connections]
    assert column_of(target, "SELECT count(*) FROM visit") == [950]


def read(reader: CopyReader) -> bytes:
    with reader.open(CopyOut(RelationName("public", "bill"), ("visit",))) as blocks:
        return b"".join(blocks)


def by_driver(url: str) -> CopyReader:
    return DriverReader(lambda: url)


def by_psql(url: str) -> CopyReader:
    return PsqlReader(choose_server(find_installations()).program("psql"), lambda: url)


@pytest.mark.one_major
@pytest.mark.parametrize("reader", [by_driver, by_psql])
def test_who_reads_what_landed_waits_for_those_who_build_its_keys(
    ends: TwoDatabases, monkeypatch: pytest.MonkeyPatch, reader: Callable[[str], CopyReader]
) -> None:
    monkeypatch.setattr("dbtool.postgres.lock_waits.LOCK_TIMEOUT_S", 0.05)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bill'::regclass"
    with psycopg.connect(ends[0]) as building, ThreadPoolExecutor(1) as pool:
        building.execute("ALTER TABLE bill ADD PRIMARY KEY (visit)")
        reading = pool.submit(read, reader(ends[0]))
        until = time.monotonic() + 20
        while column_of(ends[0], waiting) == [0] and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)  # longer than who reads the source would wait
        assert not reading.done()
        building.commit()
        assert reading.result(timeout=20).count(b"\n") == 950 // 7


@pytest.mark.one_major
def test_a_session_that_is_kept_is_in_nobody_s_way_between_two_relations(ends: TwoDatabases) -> None:
    with DriverReader(lambda: ends[0]).keeping_sessions() as reader:
        before = read(reader)
        execute(
            ends[0], "SET lock_timeout = '5s'; ALTER TABLE bill ADD PRIMARY KEY (visit); DELETE FROM bill"
        )
        assert (before.count(b"\n"), read(reader)) == (950 // 7, b"")
