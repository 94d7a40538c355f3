"""Expressions that the rules bring in a column's place are parsed by the server, alone and whole, and never run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import RulesInvalid
from dbtool.postgres.fragments import check_expression
from dbtool.postgres.session import Connection, connect
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText
from tests.databases import execute, own_database

pytestmark = pytest.mark.one_major

PEOPLE = RelationName("public", "People %s")
_AT = Position("rules.yaml", 4, 20)

LEGAL = [
    "left(city, 1) || 'x'",
    "'gone'",
    "NULL",
    '"People %s".city',
    "city -- and nothing else",
    "/* a /* nested */ comment ) ] */ upper(city)",
    "(SELECT max(o.city) FROM public.orders AS o WHERE o.person = id)",
    "CASE WHEN id > 1 THEN city END",
    "$tag$ ') END FROM public.orders; -- ] $tag$",
    "E'\\\\!' || ':city' || city",
    "(ARRAY['a', city])[1]",
    'city COLLATE "C"',
    "CAST(id AS varchar(2))",
    "'\\!'",
]

BREAKING_OUT = [
    "city) END, (city",
    "city) END FROM public.orders; DELETE FROM public.orders; --",
    "city] IS NULL OR ARRAY[city",
    "city) END, ARRAY[city",
    "city, city",
    "city; DELETE FROM public.orders",
    "city FROM public.orders",
    "city AS x",
    "city /*",
    "'open",
    '"open',
    "$$open",
    "SELECT city",
    "SELECT city FROM public.orders",
    "VALUES ('x')",
    "WITH x AS (DELETE FROM public.orders RETURNING city) SELECT city FROM x",
    "(WITH x AS (DELETE FROM public.orders RETURNING city) SELECT city FROM x)",
    "[city",
    "(city",
    "$1",
    "max(city)",
    "row_number() OVER ()::text",
    "unnest(ARRAY[city])",
    "nothing",
    "public.nothing(city)",
    "*",
    '"People %s".*',
    "",
    "-- city",
    "\\! true",
    ":'HOST'",
    "DEFAULT",
]


@pytest.fixture(scope="module")
def source(newest_server: EmbeddedServer) -> Iterator[Connection]:
    """Nothing is written, so that one serves all."""
    with own_database(newest_server, f"dbtool_test_{os.getpid()}_expressions") as url:
        execute(
            url,
            "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN code AS varchar(9);"
            'CREATE TABLE "People %s" (id int, big bigint, city varchar(80), born date, mood mood, code code, tags text[]);'
            "CREATE TABLE orders (person int, city text); INSERT INTO orders VALUES (1, 'x')",
        )
        with connect(url, read_only=True) as connection:
            yield connection


def _refusal(connection: Connection, text: str, column: str = "city") -> str:
    with pytest.raises(RulesInvalid) as refused:
        check_expression(connection, PEOPLE, column, SqlText(text, _AT))
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize("text", LEGAL)
def test_an_expression_may_be_any_value_of_the_row(source: Connection, text: str) -> None:
    check_expression(source, PEOPLE, "city", SqlText(text, _AT))


@pytest.mark.parametrize("text", BREAKING_OUT)
def test_what_is_more_or_less_than_one_value_is_refused(source: Connection, text: str) -> None:
    assert _refusal(source, text).startswith("rules.yaml:")
    assert source.execute("SELECT count(*) FROM public.orders").fetchone() == (1,)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("big", "id"),
        ("born", "born + 1"),
        ("mood", "'ok'::public.mood"),
        ("code", "city"),
        ("code", "upper(code)"),
        ("tags", "array_append(tags, city::text)"),
        ("city", "'x'::name"),
    ],
)
def test_a_type_that_the_column_takes_is_enough(source: Connection, column: str, text: str) -> None:
    check_expression(source, PEOPLE, column, SqlText(text, _AT))


@pytest.mark.parametrize(
    ("column", "text", "types"),
    [
        ("id", "big", "bigint, and the column of type integer"),
        ("mood", "'ok'", "text, and the column of type public.mood"),
        ("born", "city", "character varying, and the column of type date"),
        ("tags", "city", "character varying, and the column of type text[]"),
        ("city", "born", "date, and the column of type character varying"),
    ],
)
def test_another_type_is_refused_with_both(source: Connection, column: str, text: str, types: str) -> None:
    assert (
        _refusal(source, text, column)
        == f"rules.yaml:4:20: the expression is of type {types}; cast it to that"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("upper(town)", "4:26", 'column "town" does not exist'),
        ("'ä😀' || town", "4:28", 'column "town" does not exist'),
        ("upper(city)\n  || town", "5:25", 'column "town" does not exist'),
        ("city ||", "4:26", 'syntax error at or near "]"'),
    ],
)
def test_the_place_in_the_file_is_told(source: Connection, text: str, place: str, message: str) -> None:
    assert _refusal(source, text).startswith(f"rules.yaml:{place}: {message}")


def test_nothing_is_run(source: Connection) -> None:
    """It would fail if it were."""
    text = "(1 / (SELECT count(*) - 1 FROM public.orders))::text"
    check_expression(source, PEOPLE, "city", SqlText(text, _AT))
