"""Names that must be quoted at every step, and one name in several schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, query
from tests.integration.refreshing import request_for, rules_of
from tests.integration.test_refresh_subset import subset_request

TwoDatabases = tuple[str, str]

_NAMES = (
    "User",
    "two words",
    "dotted.name",
    'quoted "x"',
    "apo'strophe",
    "50%",
    "%s",
    "select",
    "null",
    "true",
    "*",
    "$.a[*]",
    "[x]",
    "{}",
    "#no comment",
    "- dash: colon",
    "back\\slash \\copy",
    ":variable :'x'",
    "tab\tnew\nline",
    " ",
    "ünïcode 漢字 😀",
    "caf\u00e9",
    "cafe\u0301",
    "a" * 63,
    "ä" * 31 + "x",
    "v",
    "c0",
    "ctid ",
    "1",
    "-- x */",
)


def execute_each(url: str, *statements: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def spell(text: LiteralString, *names: str | tuple[str, str]) -> sql.Composed:
    return sql.SQL(text).format(
        *(sql.Identifier(*([name] if isinstance(name, str) else name)) for name in names)
    )


def table_of(name: str) -> tuple[str, str]:
    return f"s{name}"[:31], name


def quoted(name: str) -> str:
    """As SQL and the keys of rule files spell it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def make_named(url: str) -> None:
    """A table, a schema and a sequence of each name, with columns of all names."""
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in _NAMES)
    execute_each(
        url, sql.SQL('CREATE SCHEMA "S.1"'), sql.SQL('CREATE TABLE "S.1"."all" (id int, {})').format(columns)
    )
    values = [f"ada{number}@lovelace.dk" for number in range(len(_NAMES))]
    with psycopg.connect(url, autocommit=True) as connection:
        places = ", ".join(["%s"] * len(values))
        connection.execute(f'INSERT INTO "S.1"."all" VALUES (1, {places})'.encode(), values)
    for name in _NAMES:
        execute_each(
            url,
            spell("CREATE SCHEMA {}", table_of(name)[0]),
            spell(
                "CREATE TABLE {} ({} int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {} text UNIQUE, kept text)",
                table_of(name),
                name,
                "mail",
            ),
            spell(
                "INSERT INTO {} (mail, kept) SELECT n || '@lovelace.dk', n FROM generate_series(1, 3) n",
                table_of(name),
            ),
            spell("CREATE INDEX ON {} (lower(mail)) WHERE kept <> ''", table_of(name)),
        )


def key_of(name: str) -> str:
    """A rule file's key: JSON's strings are YAML's."""
    return json.dumps(".".join(map(quoted, table_of(name))), ensure_ascii=False)


def test_every_name_works_at_both_ends_and_in_the_rules(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    make_named(source)
    every_second = _NAMES[::2]
    columns = "".join(
        f"    {json.dumps(name, ensure_ascii=False)}: {'{mask: email}' if name in every_second else '{keep: k}'}\n"
        for name in _NAMES
    )
    tables = "".join(
        f"  {key_of(name)}: {{{json.dumps(name, ensure_ascii=False)}: {{keep: k}}, mail: {{mask: email}}, kept: {{keep: k}}}}\n"
        for name in _NAMES
    )
    rules = rules_of(f"  '\"S.1\".all':\n    id: {{keep: k}}\n{columns}{tables}", tmp_path)
    result = refresh(request_for(source, target, tmp_path, rules))
    assert sum(table.rows for table in result.tables) == 1 + 3 * len(_NAMES)
    ((_, *values),) = query(target, 'SELECT * FROM "S.1"."all"')
    assert ["lovelace" not in value for value in values] == [name in every_second for name in _NAMES]
    with psycopg.connect(target) as connection:
        for name in _NAMES:
            found = connection.execute(
                spell(
                    "SELECT array_agg({} ORDER BY kept), array_agg(kept ORDER BY kept), max(mail) FROM {}",
                    name,
                    table_of(name),
                )
            ).fetchone()
            assert found is not None
            assert found[:2] == ([1, 2, 3], ["1", "2", "3"]), name
            assert found[2].partition("@")[2].startswith("example."), name


def test_every_name_works_in_a_subset(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    make_named(source)
    roots = ", ".join(f"{{table: {key_of(name)}, ids: [2]}}" for name in _NAMES)
    whole = "{'\"S.1\".all': all}"
    refresh(subset_request(source, target, tmp_path, f"subset: {{roots: [{roots}], tables: {whole}}}\n"))
    with psycopg.connect(target) as connection:
        for name in _NAMES:
            found = connection.execute(spell("SELECT kept FROM {}", table_of(name))).fetchall()
            assert found == [("2",)], name


def test_one_name_in_several_schemas_means_each_its_own(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute_each(
        source,
        sql.SQL("CREATE SCHEMA a"),
        sql.SQL('CREATE SCHEMA "B"'),
        sql.SQL("CREATE TYPE a.kind AS ENUM ('x', 'y')"),
        sql.SQL("CREATE TYPE \"B\".kind AS ENUM ('y', 'z')"),
        sql.SQL("CREATE TABLE public.t (id int PRIMARY KEY, mail text)"),
        sql.SQL(
            "CREATE TABLE a.t (id serial PRIMARY KEY, mail text, kind a.kind, up int REFERENCES public.t)"
        ),
        sql.SQL(
            'CREATE TABLE "B".t (id serial PRIMARY KEY, mail text, kind "B".kind, up int REFERENCES a.t, T text)'
        ),
        sql.SQL('CREATE TABLE "B"."T" (id int)'),
        sql.SQL('CREATE MATERIALIZED VIEW a.v AS SELECT count(*) AS n FROM "B".t'),
        sql.SQL("INSERT INTO public.t VALUES (1, 'p@lovelace.dk'), (2, NULL)"),
        sql.SQL("INSERT INTO a.t (mail, kind, up) VALUES ('a@lovelace.dk', 'x', 1)"),
        sql.SQL(
            "INSERT INTO \"B\".t (mail, kind, up, T) SELECT 'b@lovelace.dk', 'z', 1, 't' FROM generate_series(1, 3)"
        ),
        sql.SQL('INSERT INTO "B"."T" VALUES (7)'),
        sql.SQL('ALTER ROLE CURRENT_USER IN DATABASE {} SET search_path = a, "B", public').format(
            sql.Identifier(source.rsplit("/", 1)[1])
        ),
    )
    rules = rules_of(
        "  public.t: {id: {keep: k}, mail: {mask: email}}\n  a.t: {[id, mail, kind, up]: {keep: public}}\n"
        "  '\"B\".t': {[id, up, kind]: {keep: k}, mail: {mask: 'null'}, t: {mask: redact}}\n"
        '  \'"B"."T"\': {id: {keep: k}}\n',
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    (first, second) = column_of(target, "SELECT mail FROM public.t ORDER BY id")
    assert first.partition("@")[2].startswith("example.")
    assert second is None
    assert query(target, "SELECT mail, kind::text FROM a.t") == [("a@lovelace.dk", "x")]
    assert query(target, 'SELECT DISTINCT mail, kind::text, t FROM "B".t') == [(None, "z", "x")]
    assert query(target, 'SELECT (SELECT n FROM a.v), id FROM "B"."T"') == [(3, 7)]
    assert column_of(target, "SELECT nextval('\"B\".t_id_seq') UNION ALL SELECT nextval('a.t_id_seq')") == [
        1004,
        1002,
    ]
