"""Where rows are, how references are compared and what is indexed, as pg_catalog has it."""

from __future__ import annotations

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.rules.model import RelationTarget, VirtualRelation
from dbtool.subset.facts import EqualityOperator, SourceFacts, virtual_key
from tests.conftest import MakeDatabase
from tests.integration.conftest import LoadSchema
from tests.integration.subset_asking import AT, public, refers

_EQUAL = "OPERATOR(pg_catalog.=)"
_TEXT = "::pg_catalog.text"


def _facts(url: str, *relations: VirtualRelation) -> SourceFacts:
    with connect(url, read_only=True) as connection:
        return read_subset_facts(connection, read_catalog(connection), relations)


def test_rows_of_a_partitioned_table_are_in_its_leaves(load_schema: LoadSchema) -> None:
    facts = _facts(load_schema("partitioned"))
    named = {table.name: [leaf.name for leaf in leaves] for table, leaves in facts.leaves.items()}
    assert named["event"] == ["event_2024", "event_2025_nordic", "event_2025_rest", "event_later"]
    assert named["event_2025"] == ["event_2025_nordic", "event_2025_rest"]
    assert named["event_2024"] == ["event_2024"]
    assert named["account"] == ["account"]
    assert set(facts.oids) == {leaf for leaves in facts.leaves.values() for leaf in leaves}


def test_what_holds_no_rows_is_no_leaf(load_schema: LoadSchema) -> None:
    facts = _facts(load_schema("left_out"))
    leaves = {leaf.name for leaf in facts.leaves[public("measurement")]}
    assert leaves
    assert "measurement_far" not in leaves


def test_a_declared_key_is_compared_by_its_own_operators(load_schema: LoadSchema) -> None:
    facts = _facts(load_schema("composite_key"))
    sales = RelationName("sales", "customer")
    assert facts.operators[sales, "same_customer"] == (EqualityOperator(), EqualityOperator())
    (code,) = facts.operators[sales, "customer_tenant_code_fkey"]
    assert code == EqualityOperator(_EQUAL, referenced_as=_TEXT)  # varchar, referred to by text


def test_indexes_are_known_by_their_leading_plain_columns(make_database: MakeDatabase) -> None:
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int, b int, c text, d int4range)")
        for index in (
            "ON t (a, b) INCLUDE (c)",
            "ON t (b, lower(c), a)",
            "ON t (lower(c), a)",
            "ON t (c) WHERE a > 0",
            "ON t USING hash (c)",
            "ON t USING gist (d)",
            "ON t USING brin (a)",
        ):
            connection.execute(f"CREATE INDEX {index}")
        connection.execute("CREATE TABLE p (a int, b int) PARTITION BY LIST (a)")
        connection.execute("CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1)")
        connection.execute("CREATE INDEX ON p (b)")
        connection.execute("CREATE INDEX only_here ON p_1 (a)")
        connection.execute("CREATE INDEX half ON ONLY p (a, b)")
    facts = _facts(url)
    assert sorted(facts.indexes[public("t")]) == [("a", "b"), ("b",), ("c",)]
    assert facts.indexes[public("p")] == (("b",),)
    assert sorted(facts.indexes[public("p_1")]) == [("a",), ("b",)]
    assert facts.is_indexed(public("t"), ("b", "a"))
    assert not facts.is_indexed(public("t"), ("b", "c"))


_KINDS = """
CREATE DOMAIN code AS varchar(8);
CREATE DOMAIN inner_code AS code;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE other AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE kinds (
    small smallint, int int, big bigint, num numeric, dbl float8, txt text, var varchar(8), pad char(8), nam name,
    cod inner_code, moo mood, oth other, ints int[], bigs bigint[], uid uuid, js json, xm xml, dat date, stamp timestamp,
    tz timestamptz, ran int4range, par pair, addr inet, net cidr, bit bool, pos point, c_txt text COLLATE "C"
);
"""


@pytest.mark.parametrize(
    ("referenced", "referencing", "operator"),
    [
        ("int", "int", EqualityOperator()),
        ("int", "big", EqualityOperator()),
        ("big", "small", EqualityOperator()),
        ("num", "int", EqualityOperator(referencing_as='::pg_catalog."numeric"')),
        ("int", "num", EqualityOperator(referenced_as='::pg_catalog."numeric"')),
        ("txt", "txt", EqualityOperator()),
        ("var", "var", EqualityOperator(referenced_as=_TEXT, referencing_as=_TEXT)),
        ("var", "txt", EqualityOperator(referenced_as=_TEXT)),
        ("txt", "cod", EqualityOperator(referencing_as=_TEXT)),
        ("pad", "txt", EqualityOperator(referencing_as="::pg_catalog.bpchar")),
        ("pad", "pad", EqualityOperator()),
        ("txt", "c_txt", EqualityOperator(referencing_as=' COLLATE pg_catalog."default"')),
        ("c_txt", "var", EqualityOperator(referencing_as=_TEXT + ' COLLATE pg_catalog."C"')),
        ("moo", "moo", EqualityOperator()),
        ("ints", "ints", EqualityOperator()),
        ("ran", "ran", EqualityOperator()),
        ("par", "par", EqualityOperator()),
        ("uid", "uid", EqualityOperator()),
        ("dat", "stamp", EqualityOperator()),
        ("stamp", "tz", EqualityOperator()),
        ("addr", "net", EqualityOperator(referencing_as="::pg_catalog.inet")),
        ("uid", "txt", EqualityOperator(as_text=True)),
        ("int", "var", EqualityOperator(as_text=True)),
        ("moo", "oth", EqualityOperator(as_text=True)),
        ("moo", "txt", EqualityOperator(as_text=True)),
        ("ints", "bigs", EqualityOperator(as_text=True)),
        ("js", "js", EqualityOperator(as_text=True)),
        ("xm", "txt", EqualityOperator(as_text=True)),
        ("pos", "pos", EqualityOperator(as_text=True)),
    ],
)
def test_columns_that_only_the_rules_relate_are_compared_as_a_key_would(
    kinds: str, referenced: str, referencing: str, operator: EqualityOperator
) -> None:
    table = public("kinds")
    facts = _facts(kinds, refers(table, referencing, table, referenced))
    found = facts.operators[table, virtual_key((referencing,), table, (referenced,))]
    assert found == (operator,)
    with psycopg.connect(kinds) as connection:
        connection.execute(_comparison(referenced, referencing, operator))


def _comparison(referenced: str, referencing: str, operator: EqualityOperator) -> str:
    if operator.as_text:
        operator = EqualityOperator(referenced_as=_TEXT, referencing_as=_TEXT)
    left, right = f"a.{referenced}{operator.referenced_as}", f"b.{referencing}{operator.referencing_as}"
    return f"SELECT FROM kinds a, kinds b WHERE {left} {operator.sql} {right}"


@pytest.fixture
def kinds(make_database: MakeDatabase) -> str:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute(_KINDS)
        connection.execute("INSERT INTO kinds (int) VALUES (1)")
    return url


def test_what_the_rules_name_and_is_not_there_is_passed_over(kinds: str) -> None:
    table = public("kinds")
    nowhere = VirtualRelation(table, ("int",), (RelationTarget(None, (), "Ghost", AT),), "txt", AT)
    facts = _facts(
        kinds,
        refers(table, "gone", table, "int"),
        refers(public("gone"), "id", table, "int"),
        refers(table, "int", table, "gone"),
        nowhere,
        refers(table, "small big", table, "int big"),
    )
    assert facts.operators == {
        (table, virtual_key(("small", "big"), table, ("int", "big"))): (
            EqualityOperator(),
            EqualityOperator(),
        )
    }


def test_any_role_may_read_the_facts(make_database: MakeDatabase) -> None:
    url = make_database()
    role = "dbtool_test_subset_nobody"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, above int REFERENCES t)")
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        facts = _facts(psycopg.conninfo.make_conninfo(url, user=role, password="x"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}")
    assert facts.operators[public("t"), "t_above_fkey"] == (EqualityOperator(),)
