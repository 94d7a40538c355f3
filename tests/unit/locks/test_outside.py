from __future__ import annotations

import pytest

from dbtool.locks.outside import find_way_out


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SUBSCRIPTION s CONNECTION 'host=db' PUBLICATION p",
        "create subscription s connection 'host=db' publication p with (copy_data = false)",
        "COPY t FROM PROGRAM 'curl example.com'",
        "COPY (SELECT 1) TO PROGRAM $$cat$$",
        "IMPORT FOREIGN SCHEMA public FROM SERVER other INTO here",
        "SELECT dblink_exec('host=db', 'DELETE FROM users')",
        "SELECT 1; INSERT INTO t SELECT * FROM public.dblink('other', 'SELECT 1') AS r(a int)",
    ],
)
def test_what_leads_the_server_elsewhere_is_named(sql: str) -> None:
    assert find_way_out(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SUBSCRIPTION s CONNECTION 'host=db' PUBLICATION p WITH (connect = false)",
        "COPY (SELECT a FROM program) TO STDOUT",
        "COPY program FROM STDIN",
        "CREATE VIEW v AS SELECT * FROM dblink('other', 'SELECT 1') AS r(a int)",
        "CREATE FOREIGN TABLE f (a int) SERVER other",
        "INSERT INTO notes VALUES ('COPY t FROM PROGRAM ''x''; SELECT dblink(1)')",
        "ALTER TABLE subscription ADD COLUMN program text",
        "CREATE EXTENSION dblink",
    ],
)
def test_what_stays_where_it_is_may_run(sql: str) -> None:
    assert not find_way_out(sql)
