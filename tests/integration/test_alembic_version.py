"""A database's heads, wherever Alembic was told to keep them."""

from __future__ import annotations

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import ConfigurationInvalid, PrivilegeMissing
from dbtool.postgres.alembic_version import (
    all_heads,
    current_heads,
    find_version_table,
    find_version_tables,
)
from dbtool.postgres.session import connect
from tests.databases import execute

_TABLE = "CREATE TABLE {0} (version_num varchar(32) NOT NULL); INSERT INTO {0} VALUES {1};"


def heads(url: str, named: str | None = None) -> tuple[str, ...]:
    with connect(url, read_only=True) as connection:
        return current_heads(connection, named)


def test_a_fresh_database_is_at_no_revision(database: str) -> None:
    assert heads(database) == ()
    assert heads(database, "public.alembic_version") == ()


def test_the_heads_are_found_in_whatever_schema_the_table_is(database: str) -> None:
    execute(database, "CREATE SCHEMA audit;" + _TABLE.format("audit.alembic_version", "('r2'), ('r1')"))
    assert heads(database) == ("r1", "r2")


def test_a_table_that_only_has_the_name_is_none_of_alembics(database: str) -> None:
    execute(database, "CREATE TABLE alembic_version (version text); CREATE VIEW v AS SELECT 1 AS version_num")
    assert heads(database) == ()


@pytest.mark.parametrize("named", ['"Odd one".Heads', '"Odd one"."heads"', "heads"])
def test_a_configured_table_is_read_by_its_name_as_sql_spells_it(database: str, named: str) -> None:
    execute(
        database,
        'CREATE SCHEMA "Odd one";'
        + _TABLE.format("public.alembic_version", "('other')")
        + _TABLE.format('"Odd one".heads', "('r1')"),
    )
    assert heads(database, named) == ("r1",)
    assert heads(database) == ("other",)


def test_several_tables_are_an_error_until_one_is_named(database: str) -> None:
    execute(
        database,
        "CREATE SCHEMA audit;"
        + _TABLE.format("audit.alembic_version", "('a')")
        + _TABLE.format("public.alembic_version", "('p'), ('a')"),
    )
    with connect(database) as connection:
        assert find_version_tables(connection) == (
            RelationName("public", "alembic_version"),
            RelationName("audit", "alembic_version"),
        )
        with pytest.raises(ConfigurationInvalid) as refusal:
            find_version_table(connection)
        assert all_heads(connection) == ("a", "p")
    assert "public.alembic_version, audit.alembic_version" in str(refusal.value)
    assert 'version_table = "public.alembic_version"' in str(refusal.value)
    assert heads(database, "audit.alembic_version") == ("a",)


@pytest.mark.parametrize("named", ["a.b.c", "a b", '"open'])
def test_what_is_no_name_is_an_error(database: str, named: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"is not the name of a table"):
        heads(database, named)


def test_who_may_not_read_it_hears_which_grant_is_missing(database: str) -> None:
    execute(database, "CREATE SCHEMA audit;" + _TABLE.format("audit.alembic_version", "('a')"))
    with connect(database) as connection:
        connection.execute("SET ROLE pg_monitor")
        with pytest.raises(
            PrivilegeMissing, match=r"GRANT USAGE ON SCHEMA audit TO \S+; GRANT SELECT ON audit"
        ):
            current_heads(connection)
