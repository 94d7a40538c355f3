"""Whether an index stands, on a real server: by every spelling of its name, and where several schemas have one."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from dbtool.postgres.index_state import find_index_states
from dbtool.postgres.session import Connection, connect
from tests.databases import execute

_TABLES = """
CREATE TABLE parcel (id int, weight int);
INSERT INTO parcel VALUES (1, 1), (2, 1);
CREATE INDEX parcel_id ON parcel (id);
CREATE SCHEMA "Other.one";
CREATE TABLE "Other.one"."Odd ""table" (id int);
CREATE INDEX "Odd.index" ON "Other.one"."Odd ""table" (id);
CREATE MATERIALIZED VIEW heavy AS SELECT * FROM parcel;
CREATE INDEX heavy_id ON heavy (id);
CREATE VIEW light AS SELECT * FROM parcel;
"""
_VALID, _INVALID, _ABSENT = frozenset({True}), frozenset({False}), frozenset({None})


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    execute(database, _TABLES)
    with psycopg.connect(database, autocommit=True) as failing, pytest.raises(psycopg.errors.UniqueViolation):
        failing.execute("CREATE UNIQUE INDEX CONCURRENTLY parcel_weight ON parcel (weight)")
    with connect(database) as found:
        yield found


@pytest.mark.parametrize("table", ["parcel", "public.parcel", "PARCEL", '"parcel"', " public . parcel "])
def test_an_index_is_valid_invalid_or_absent(connection: Connection, table: str) -> None:
    assert find_index_states(connection, "parcel_id", table) == _VALID
    assert find_index_states(connection, "parcel_weight", table) == _INVALID
    assert find_index_states(connection, "parcel_gone", table) == _ABSENT
    assert find_index_states(connection, '"Parcel_id"', table) == _ABSENT


def test_names_are_read_as_sql_spells_them(connection: Connection) -> None:
    table = '"Other.one"."Odd ""table"'
    assert find_index_states(connection, '"Odd.index"', table) == _VALID
    assert find_index_states(connection, '"Odd.index"', '"Odd ""table"') == _VALID
    assert find_index_states(connection, '"Odd.index"', 'public."Odd ""table"') == _ABSENT
    assert find_index_states(connection, "heavy_id", "heavy") == _VALID
    assert find_index_states(connection, "parcel_id", "light") == _ABSENT
    assert find_index_states(connection, "1 is no name", "parcel") == _ABSENT


def test_an_index_of_another_table_is_not_the_one(connection: Connection) -> None:
    assert find_index_states(connection, "parcel_id", "heavy") == _ABSENT


def test_an_index_without_its_table_is_looked_for_by_its_name(connection: Connection) -> None:
    assert find_index_states(connection, "parcel_id") == _VALID
    assert find_index_states(connection, "public.parcel_weight") == _INVALID
    assert find_index_states(connection, '"Other.one".parcel_id') == _ABSENT


def test_where_schemas_differ_each_is_told(database: str, connection: Connection) -> None:
    execute(database, "CREATE SCHEMA tenant; CREATE TABLE tenant.parcel (id int, weight int)")
    assert find_index_states(connection, "parcel_id", "parcel") == {True, None}
    assert find_index_states(connection, "parcel_id", "tenant.parcel") == _ABSENT
    execute(database, "CREATE INDEX parcel_weight ON tenant.parcel (weight)")
    assert find_index_states(connection, "parcel_weight", "parcel") == {True, False}
    assert find_index_states(connection, "parcel_weight") == {True, False}
    execute(database, "CREATE INDEX parcel_id ON tenant.parcel (id)")
    assert find_index_states(connection, "parcel_id", "parcel") == _VALID


def test_another_sessions_temporary_table_is_not_meant(database: str, connection: Connection) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("CREATE TEMPORARY TABLE parcel (id int)")
        assert find_index_states(connection, "parcel_id", "parcel") == _VALID
