"""Names as SQL spells them, and the columns' exact ones."""

from __future__ import annotations

import pytest

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.rules.names import NameInvalid, parse_column, parse_column_ref, parse_relation


@pytest.mark.parametrize(
    "name",
    [
        RelationName("public", "users"),
        RelationName("public", "Order Details"),
        RelationName("Public.Schema", 'a"b'),
        RelationName("select", "table"),
        RelationName("public", "ключ 🗝"),
        RelationName("public", "100%"),
        RelationName("public", "x" * 63),
    ],
)
def test_reads_back_what_the_catalog_spells(name: RelationName) -> None:
    assert parse_relation(str(name)) == name
    assert parse_column_ref(str(ColumnRef(name, 'Some "Column"'))) == ColumnRef(name, 'Some "Column"')


@pytest.mark.parametrize(
    "text",
    ["users", "public.Users", "a.b.c", "public.a b", 'public."a', "public.", ".a", "", "a..b", 'a"b".c'],
)
def test_refuses_what_is_no_table(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_relation(text)


@pytest.mark.parametrize("text", ["public.users", "a.b.c.d", "public.users.userId"])
def test_refuses_what_is_no_column(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_column_ref(text)


def test_a_columns_name_is_taken_as_it_is_but_for_sqls_quotes() -> None:
    assert [parse_column(text) for text in ("userId", '"User Id"', '"a""b"', 'a"b', '"', '""')] == [
        "userId",
        "User Id",
        'a"b',
        'a"b',
        '"',
        '""',
    ]
