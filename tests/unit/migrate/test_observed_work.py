from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.locks.statements import parse_statements
from dbtool.locks.trace import IndexBuild
from dbtool.migrate.rehearse.changes import Span
from dbtool.migrate.rehearse.notices import Notices
from dbtool.migrate.rehearse.observation import Counters, Observation
from dbtool.migrate.rehearse.observed_work import Work, find_work
from tests.unit.migrate.looks import INDEX, T, U, known, look, relation

_TABLE = relation()
_INDEX = relation(INDEX, "t_n", kind="i", table=T)


def _work(sql: str, after: Observation, notices: Notices | None = None) -> Work:
    span = Span(known(_TABLE, _INDEX), known(_TABLE, _INDEX), {}, after, frozenset(after))
    return find_work(span, notices or Notices(), parse_statements(sql))


@pytest.mark.parametrize(
    ("sql", "size", "rewritten", "truncated"),
    [
        ("TRUNCATE t", 0, False, True),
        ("TRUNCATE t; INSERT INTO t VALUES (1)", 8192, False, True),
        ("CLUSTER t", 0, True, False),
        ("VACUUM FULL t", None, True, False),
        ("ALTER TABLE t SET TABLESPACE x", 8192, True, False),
        ("DO $$ BEGIN EXECUTE 'CLUSTER t'; END $$", 0, True, False),
        ("DO $$ BEGIN TRUNCATE t; END $$", 0, False, True),
    ],
)
def test_another_file_means_a_copy_or_an_empty_one(
    sql: str, size: int | None, rewritten: bool, truncated: bool
) -> None:
    work = _work(sql, look(relation(filenode=2), size=size))
    assert (bool(work.rewrites), bool(work.truncated)) == (rewritten, truncated)


def test_a_refreshed_view_is_neither_rewritten_nor_scanned() -> None:
    view = relation(kind="m")
    span = Span(
        known(view, _INDEX), known(view, _INDEX), {}, look(relation(kind="m", filenode=2)), frozenset({T})
    )
    notices = Notices(built=(("t_n", "t"),))
    assert find_work(span, notices, parse_statements("REFRESH MATERIALIZED VIEW t")) == Work()


def test_the_indexes_of_a_rewritten_table_are_part_of_it() -> None:
    notices = Notices(rewritten=("t",), built=(("t_n", "t"), ("t_new", "t")))
    work = _work(
        "ALTER TABLE t ALTER n TYPE bigint, ADD UNIQUE (n)", look(relation(filenode=2), size=1), notices
    )
    assert work.rewrites == ("public.t",)
    assert work.index_builds == (IndexBuild("public.t_new", "public.t"),)


def test_an_index_rebuilt_concurrently_bears_its_own_name() -> None:
    work = _work("REINDEX TABLE CONCURRENTLY t", look(_TABLE), Notices(built=(("t_n_ccnew1", "t"),)))
    assert work.index_builds == (IndexBuild("public.t_n", "public.t", concurrently=True),)


def test_work_on_what_the_transaction_made_keeps_nobody_waiting() -> None:
    notices = Notices(rewritten=("u",), verified=("u",), built=(("u_n", "u"),))
    assert _work("ALTER TABLE u ALTER n TYPE bigint", look(relation(U, "u")), notices) == Work()


def test_a_failed_statement_is_told_of_by_its_notices_and_its_text() -> None:
    notices = Notices(verified=("t",), validated=("f",))
    work = _work("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES p", {}, notices)
    assert work.scans == ("public.t",)


@pytest.mark.parametrize(
    ("sql", "mode", "scans"),
    [
        ("ALTER DOMAIN d ADD CHECK (value > 0)", LockMode.SHARE, ("public.t",)),
        ("CREATE TABLE q PARTITION OF w DEFAULT", LockMode.ACCESS_EXCLUSIVE, ("public.t",)),
        ("CREATE TABLE q AS SELECT * FROM t", LockMode.ACCESS_SHARE, ()),
        ("SELECT * FROM t", LockMode.ACCESS_SHARE, ()),
    ],
)
def test_a_proof_without_a_notice_shows_in_the_counters(
    sql: str, mode: LockMode, scans: tuple[str, ...]
) -> None:
    assert _work(sql, look(_TABLE, mode=mode, counters=Counters(scans=1))).scans == scans
