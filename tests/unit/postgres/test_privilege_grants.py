"""Rows of missing privileges → GRANT statements."""

from typing import Any

from dbtool.postgres.privileges import render_grants
from dbtool.postgres.sql import Row


def _row(name: str, schema: str = "public", **more: Any) -> Row:
    known: Row = {"is_sequence": False, "schema_usable": True, "selectable": True, "role": "dbtool_reader"}
    return {"schema": schema, "name": name, **known, **more}


def test_nothing_lacking_gives_no_statement() -> None:
    assert list(render_grants([_row("users")])) == []


def test_each_kind_of_privilege_is_one_statement_and_schemas_come_first() -> None:
    rows = [
        _row("users", selectable=False),
        _row("orders", "sales", selectable=False, schema_usable=False),
        _row("items", "sales", schema_usable=False),
        _row("users_id_seq", selectable=False, is_sequence=True),
    ]
    assert list(render_grants(rows)) == [
        "GRANT USAGE ON SCHEMA sales TO dbtool_reader;",
        "GRANT SELECT ON TABLE public.users, sales.orders TO dbtool_reader;",
        "GRANT SELECT ON SEQUENCE public.users_id_seq TO dbtool_reader;",
    ]


def test_names_are_quoted() -> None:
    (statement,) = render_grants([_row('Order "x"', "My", selectable=False, role="Staging Reader")])
    assert statement == 'GRANT SELECT ON TABLE "My"."Order ""x""" TO "Staging Reader";'
