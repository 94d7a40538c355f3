"""What a subset's rows look like at its edges: met twice, too many, optional, alike, or marked as deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

MakeDatabase = Callable[[], str]

# One tenant has four fifths of everything.
_SCHEMA = """
CREATE TABLE region (id int PRIMARY KEY);
CREATE TABLE tenant (id int PRIMARY KEY, region int REFERENCES region, deleted_at date);
CREATE TABLE person (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, friend int REFERENCES person, deleted_at date);
CREATE TABLE message (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, author int REFERENCES person, sent_on date);
CREATE TABLE tally (person int REFERENCES person, thing text);
INSERT INTO region VALUES (1), (2), (3);
INSERT INTO tenant SELECT n, 1 + n % 2, CASE WHEN n = 4 THEN date '2024-01-01' END FROM generate_series(1, 5) n;
INSERT INTO person SELECT n, 1 + n % 5, CASE WHEN n > 50 THEN n - 50 END, CASE WHEN n % 4 = 0 THEN date '2024-01-01' END
FROM generate_series(1, 100) n;
INSERT INTO message SELECT n, CASE WHEN n <= 4000 THEN 1 ELSE 2 + n % 4 END, 1 + n % 100, date '2024-01-01' + n % 300
FROM generate_series(1, 5000) n;
INSERT INTO tally SELECT 1 + n % 10, 'alike' FROM generate_series(1, 60) n;
ANALYZE;
"""
_RULES = """
  public.region: {id: {keep: k}}
  public.tenant: {id: {mask: permute_integer}, deleted_at: {keep: k}}
  public.person: {id: {keep: k}, deleted_at: {keep: k}}
  public.message: {id: {keep: k}, sent_on: {keep: k}}
  public.tally: {thing: {keep: k}}
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(source_url, _SCHEMA)
    return source_url


@pytest.fixture
def copy_of(source: str, make_database: MakeDatabase, tmp_path: Path) -> Callable[[str], str]:
    """Refreshes the rows of a subset into a new database."""

    def copy(subset: str) -> str:
        target = make_database()
        rules = rules_of(f"{_RULES}\nsubset: {subset}\n", tmp_path)
        result = refresh(request_for(source, target, tmp_path / "state", rules))
        assert (result.verification.orphans, result.verification.findings) == (0, ())
        return target

    return copy


def test_a_row_that_two_roots_lead_to_is_copied_once(copy_of: Callable[[str], str]) -> None:
    target = copy_of(
        "{roots: [{table: public.person, ids: [7, 57]}, {table: public.person, where: 'id = 57'}, {table: public.tally, where: "
        "'person = 7'}], referencing: {default: none}}"
    )
    assert column_of(target, "SELECT id FROM person ORDER BY 1") == [7, 57]
    assert query(target, "SELECT count(*), count(DISTINCT id) FROM tenant") == [(1, 1)]
    assert query(target, "SELECT person, thing FROM tally") == [(7, "alike")] * 6


def test_a_cap_takes_so_many_of_each_and_never_one_that_is_referred_to(
    source: str, copy_of: Callable[[str], str]
) -> None:
    target = copy_of(
        "{roots: [{table: public.tenant, limit: 5}], referencing: {edges: {public.message.tenant: {max_per_row: 20, order: id}, "
        "public.message.author: none}}}"
    )
    assert query(target, "SELECT count(*) FROM message GROUP BY tenant") == [(20,)] * 5
    first = "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY id) n FROM message) m WHERE n <= 20 ORDER BY 1"
    assert column_of(target, "SELECT id FROM message ORDER BY 1") == column_of(source, first)
    for table, rows in (("tenant", 5), ("person", 100), ("region", 2)):
        assert query(target, f"SELECT count(*) FROM {table}") == [(rows,)]


@pytest.mark.parametrize(
    ("referenced", "people", "friend"),
    [("", [1, 51], 1), (", referenced: {public.person.friend: nullify}", [51], None)],
    ids=["pulled in", "nulled"],
)
def test_an_optional_reference_leads_to_its_row_or_where_the_rules_say_so_to_nothing(
    copy_of: Callable[[str], str], referenced: str, people: list[int], friend: int | None
) -> None:
    target = copy_of(
        f"{{roots: [{{table: public.person, ids: [51]}}], referencing: {{default: none}}{referenced}}}"
    )
    assert column_of(target, "SELECT id FROM person ORDER BY 1") == people
    assert column_of(target, "SELECT friend FROM person WHERE id = 51") == [friend]


def test_rows_marked_as_deleted_are_rows_unless_a_condition_says_otherwise(
    source: str, copy_of: Callable[[str], str]
) -> None:
    """They come where others refer to them: a copy without them would not be closed."""
    target = copy_of(
        "{roots: [{table: public.person, where: 'deleted_at IS NULL'}], referencing: {default: none}}"
    )
    alive = set(column_of(source, "SELECT id FROM person WHERE deleted_at IS NULL"))
    friends = set(
        column_of(source, "SELECT friend FROM person WHERE deleted_at IS NULL AND friend IS NOT NULL")
    )
    assert friends - alive
    assert set(column_of(target, "SELECT id FROM person")) == alive | friends
    assert query(target, "SELECT count(*) FROM tenant WHERE deleted_at IS NOT NULL") == [(1,)]
    whole = copy_of("everything")
    deleted = "SELECT id, deleted_at FROM person ORDER BY 1"
    assert query(whole, deleted) == query(source, deleted)
