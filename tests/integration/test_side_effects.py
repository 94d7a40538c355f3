"""The rules' SQL cannot have a function of PostgreSQL's do anything: such calls are refused, and not run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import RulesInvalid
from dbtool.postgres.fragments import check_condition, check_expression, check_steady
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.side_effects import check_harmless, find_calls
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText
from tests.databases import execute, own_database, query

pytestmark = pytest.mark.one_major

PEOPLE = RelationName("public", "people")
_AT = Position("rules.yaml", 4, 20)

# Calls, each of a value that can be cast to text; whoever runs one as a superuser sees something change.
DOING = [
    "nextval('public.counter')",
    "setval('public.counter', 99)",
    "pg_catalog . setval ( 'public.counter', 99)",
    "\"setval\"('public.counter', 99)",
    "U&\"s\\0065tval\"('public.counter', 99)",
    "setval/* ( */('public.counter', 99)",
    "(SELECT setval('public.counter', 99))",
    "(SELECT max(setval('public.counter', id)) FROM public.people)",
    "CASE WHEN id > 0 THEN setval('public.counter', 99) END",
    "coalesce(NULL::bigint, setval('public.counter', 99))",
    "public.inlined()",
    "pg_terminate_backend(pg_backend_pid())",
    "pg_cancel_backend(pg_backend_pid())",
    "lo_unlink(4711)",
    "lo_from_bytea(0, '\\x00')",
    "lo_get(4711)",
    "pg_read_file('PG_VERSION')",
    "pg_read_binary_file('PG_VERSION')",
    "pg_ls_dir('.')::text",
    "pg_sleep(600)",
    "set_config('default_transaction_read_only', 'off', false)",
    "set_config('transaction_read_only', 'off', true)",
    "pg_notify('a', 'b')",
    "pg_advisory_lock(1)",
    "pg_reload_conf()",
    "pg_switch_wal()",
    "pg_export_snapshot()",
    "pg_stat_reset()",
    "pg_create_restore_point('x')",
    "pg_logical_emit_message(true, 'a', 'b')",
    "query_to_xml('DELETE FROM public.people', true, false, '')",
    "ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')",
    "public.dblink_exec('dbname=postgres', 'DROP TABLE people')",
]
HARMLESS = [
    "md5(random()::text)",
    "gen_random_uuid()",
    "clock_timestamp()",
    "'setval(''public.counter'', 99)'",
    "'\\' || '(' || note",
    '"setval("',
    "public.own(note)",
    "(SELECT max(note) FROM public.people AS setval)",
    "note -- setval('public.counter', 99)",
]


@pytest.fixture(scope="module")
def url(newest_server: EmbeddedServer) -> Iterator[str]:
    with own_database(newest_server, f"dbtool_test_{os.getpid()}_side_effects") as made:
        execute(
            made,
            "CREATE TABLE people (id int, note text, \"setval(\" text); INSERT INTO people VALUES (1, 'x');"
            "CREATE SEQUENCE counter; SELECT lo_create(4711); CREATE EXTENSION dblink;"
            "CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT;"
            "CREATE FUNCTION own(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN upper($1); END';"
            "CREATE FUNCTION inlined() RETURNS bigint LANGUAGE sql AS "
            "$$ SELECT pg_catalog.setval('public.counter', 99) $$",
        )
        yield made


@pytest.fixture(scope="module")
def source(url: str) -> Iterator[Connection]:
    """Nothing is written, so that one serves all."""
    with connect(url, read_only=True) as connection:
        yield connection


@pytest.fixture
def untouched(url: str, source: Connection) -> Iterator[None]:
    state = (
        "SELECT (SELECT count(*) FROM people), (SELECT (last_value, is_called)::text FROM counter), "
        "(SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
    )
    before, process = query(url, state), source.info.backend_pid
    yield
    assert query(url, state) == before
    assert query(url, f"SELECT FROM pg_stat_activity WHERE pid = {process}")
    assert source.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


Check = Callable[[Connection, str], None]


def _as_condition(connection: Connection, text: str) -> None:
    condition = SqlText(f"({text})::text = 'x'", _AT)
    check_condition(connection, PEOPLE, condition)
    check_steady(connection, PEOPLE, condition)


def _as_expression(connection: Connection, text: str) -> None:
    expression = SqlText(f"({text}\n)::text", _AT)
    check_expression(connection, PEOPLE, "note", expression)
    check_harmless(connection, PEOPLE, expression)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("check", [_as_condition, _as_expression], ids=["condition", "expression"])
@pytest.mark.parametrize("text", DOING)
def test_a_call_that_would_do_something_is_refused(source: Connection, check: Check, text: str) -> None:
    with pytest.raises(RulesInvalid, match=r"rules\.yaml:4:\d+: "):
        check(source, text)


def test_a_condition_on_a_partitioned_table_is_looked_at_with_its_partitions(source: Connection) -> None:
    parts = RelationName("public", "parts")
    check_steady(source, parts, SqlText("id > 0", _AT))
    with pytest.raises(RulesInvalid, match="volatile"):
        check_steady(source, parts, SqlText("setval('public.counter', 99) > 0", _AT))


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("text", HARMLESS)
def test_an_expression_may_be_of_chance_and_call_what_the_database_itself_defines(
    source: Connection, text: str
) -> None:
    _as_expression(source, text)


def test_the_function_and_the_way_out_are_told(source: Connection) -> None:
    with pytest.raises(RulesInvalid) as refused:
        _as_expression(source, "lo_unlink(4711)")
    (problem,) = refused.value.problems
    assert problem == (
        "rules.yaml:4:20: the expression calls lo_unlink(), which may do more than give a value; leave it out, or where it "
        "is meant call a function of your own that does"
    )


@given(st.text(max_size=12), st.text("ab\"'($. ", max_size=12))
def test_no_literal_and_no_name_hides_a_call(literal: str, name: str) -> None:
    spelt = "'" + literal.replace("'", "''") + "'"
    quoted = quote_identifier(name or "a")
    text = f"{spelt} || {quoted} || setval({spelt}, {quoted}.{quoted}({spelt}))"
    assert list(find_calls(text)) == ["setval", f"{quoted}.{quoted}"]
