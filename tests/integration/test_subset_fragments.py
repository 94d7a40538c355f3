"""Conditions that the rules bring are parsed by the server, alone and whole, and never run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import RulesInvalid
from dbtool.postgres.fragments import check_condition, check_steady
from dbtool.postgres.session import Connection, connect
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText
from tests.databases import execute, own_database

pytestmark = pytest.mark.one_major

TENANTS = RelationName("public", "Tenants %s")
_AT = Position("rules.yaml", 4, 20)

LEGAL = [
    "true",
    "plan <> 'test'",
    "\"Tenants %s\".plan LIKE '%x%'",
    "id IN (SELECT tenant FROM public.orders WHERE placed > now() - interval '1 year')",
    "EXISTS (SELECT 1 FROM public.orders AS o WHERE o.tenant = id ORDER BY 1 LIMIT 1)",
    "plan = 'a;b' -- and nothing else",
    "plan = 'it''s' /* a /* nested */ comment; DROP */ AND id > 0",
    "plan = $tag$ '); DELETE FROM public.orders; -- $tag$",
    "plan ~ E'^\\\\(' OR id BETWEEN 1 AND 2",
    "plan IS NULL\n  OR id = 1",
    "note @> '{\"a\": 1}'",
]

BREAKING_OUT = [
    "true) OR (true",
    "true; DELETE FROM public.orders",
    "true;",
    ";",
    "true UNION SELECT FROM public.orders",
    "true) UNION SELECT FROM public.orders WHERE (true",
    "true ORDER BY id",
    "true LIMIT 1",
    "true FOR UPDATE",
    "true GROUP BY id",
    "true /*",
    "/* true",
    "true --\n) OR (true",
    "true\n); DELETE FROM public.orders; --",
    "true) --",
    "(true",
    "true)",
    "plan = 'open",
    'plan = "open',
    "plan = $$open",
    "plan = E'open\\'",
    "SELECT true",
    "TABLE public.orders",
    "VALUES (true)",
    "WITH x AS (DELETE FROM public.orders RETURNING id) SELECT true FROM x",
    "id IN (WITH x AS (DELETE FROM public.orders RETURNING id) SELECT id FROM x)",
    "id IN (DELETE FROM public.orders RETURNING id)",
    "true, true",
    "true AS x",
    "id = $1",
    "id",
    "1",
    "count(*) > 1",
    "generate_series(1, 2) > 1",
    "row_number() OVER () = 1",
    "",
    "-- true",
    "nothing = 1",
    "tenants.plan = 'x'",
    "COPY",
    "\\! true",
]


@pytest.fixture(scope="module")
def source(newest_server: EmbeddedServer) -> Iterator[Connection]:
    """One serves all: what a condition should not do would be seen by the next."""
    with own_database(newest_server, f"dbtool_test_{os.getpid()}_conditions") as url:
        execute(
            url,
            'CREATE TABLE "Tenants %s" (id int PRIMARY KEY, plan text, note jsonb);'
            "CREATE TABLE orders (id int, tenant int, placed timestamptz); INSERT INTO orders VALUES (1, 1, now());"
            "CREATE SEQUENCE counter;"
            "CREATE FUNCTION undeclared(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0';"
            "CREATE FUNCTION declared(int) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1 > 0; END'",
        )
        with connect(url) as connection:
            yield connection


def _check(connection: Connection, text: str) -> None:
    check_condition(connection, TENANTS, SqlText(text, _AT))


@pytest.mark.parametrize("text", LEGAL)
def test_a_condition_may_be_any_expression(source: Connection, text: str) -> None:
    _check(source, text)


@pytest.mark.parametrize("text", BREAKING_OUT)
def test_what_is_more_or_less_than_a_condition_is_refused(source: Connection, text: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        _check(source, text)
    (problem,) = refused.value.problems
    assert problem.startswith("rules.yaml:")
    assert source.execute("SELECT count(*) FROM public.orders").fetchone() == (1,)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("planned = 'x'", "4:20", 'column "planned" does not exist'),
        ("plan = 'x' AN id > 1", "4:31", 'syntax error at or near "AN"'),
        ("plan = 'ä€😀' AND nothing", "4:37", 'column "nothing" does not exist'),
        ("plan = 'x'\nAND\n  nothing", "6:22", 'column "nothing" does not exist'),
        ("id = ", "4:24", "syntax error at end of input"),
        ("true ORDER BY id", "4:25", 'syntax error at or near "ORDER"'),
        ("id", "4:20", "argument of WHERE must be type boolean, not type integer"),
        ("id = $1", "4:20", "a condition has no parameters such as $1"),
    ],
)
def test_the_place_in_the_file_is_told(source: Connection, text: str, place: str, message: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        _check(source, text)
    assert refused.value.problems[0].startswith(f"rules.yaml:{place}: {message}")


def test_nothing_is_run(source: Connection) -> None:
    """It would fail if it were."""
    _check(source, "1 / (SELECT count(*) - 1 FROM public.orders) = 1")


def test_a_transaction_goes_on_after_a_refusal(source: Connection) -> None:
    source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    source.execute("SELECT 1")
    with pytest.raises(RulesInvalid):
        _check(source, "nothing")
    _check(source, "plan IS NULL")
    assert source.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    assert source.execute("SELECT 1").fetchone() == (1,)
    source.execute("COMMIT")


@pytest.mark.parametrize("text", LEGAL)
def test_what_depends_on_the_row_and_the_snapshot_alone_is_steady(source: Connection, text: str) -> None:
    check_steady(source, TENANTS, SqlText(text, _AT))


@pytest.mark.parametrize(
    "text",
    [
        "random() < 0.5",
        "plan = 'x' AND clock_timestamp() > now()",
        "id IN (SELECT tenant FROM public.orders WHERE random() < 0.5)",
        "CASE WHEN plan IS NULL THEN nextval('public.counter') > 1 ELSE true END",
        "public.undeclared(id)",
        "id = 1 -- random\n OR random() > 0",
    ],
)
def test_what_may_change_from_one_reading_to_the_next_is_refused(source: Connection, text: str) -> None:
    with pytest.raises(RulesInvalid, match=r"rules\.yaml:4:20: .*volatile"):
        check_steady(source, TENANTS, SqlText(text, _AT))
    with source.transaction():
        assert source.execute("SELECT is_called FROM public.counter").fetchone() == (False,)


def test_a_function_that_is_declared_stable_is_steady(source: Connection) -> None:
    check_steady(source, TENANTS, SqlText("public.declared(id)", _AT))
