"""The same person has the same stand-in: in every table, every night, in every database under the same key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool.digest import ProjectKey
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

MakeDatabase = Callable[[], str]

_RULES = """\
  public.person:
    id: {mask: permute_integer}
    email: {mask: email}
    full_name: {mask: full_name}
    born: {mask: birth_date}
  public.letter:
    id: {keep: a number}
    to_email: {mask: email}
    to_name: {mask: full_name}
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(
        source_url,
        "CREATE TABLE person (id int PRIMARY KEY, email varchar(60) UNIQUE, full_name text, born date);"
        "CREATE TABLE letter (id int PRIMARY KEY, person_id int REFERENCES person, to_email text, to_name text);"
        "INSERT INTO person SELECT n, 'P' || n || '@lovelace.dk', 'Name ' || n, date '1980-01-01' + n FROM generate_series(1, 200) n;"
        "INSERT INTO letter SELECT n, 1 + n % 200, ' p' || 1 + n % 200 || '@LOVELACE.dk', 'name ' || 1 + n % 200"
        " FROM generate_series(1, 400) n",
    )
    return source_url


def read(url: str) -> list[tuple[object, ...]]:
    return query(url, "SELECT 'p', * FROM person ORDER BY id") + query(
        url, "SELECT * FROM letter ORDER BY id"
    )


def test_one_key_gives_the_same_stand_ins_every_night_and_another_key_others(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    rules = rules_of(_RULES, tmp_path)
    tonight, tomorrow, elsewhere = make_database(), make_database(), make_database()
    refresh(request_for(source, tonight, tmp_path, rules))
    execute(source, "INSERT INTO person VALUES (999, 'new@lovelace.dk', 'New', '2000-01-01')")
    refresh(request_for(source, tomorrow, tmp_path, rules))
    refresh(
        request_for(
            source, elsewhere, tmp_path, rules, key=ProjectKey(b"another key, and as long: 0123456789")
        )
    )
    emails = "SELECT email FROM person WHERE full_name IS NOT NULL"
    first, second, other = (set(column_of(url, emails)) for url in (tonight, tomorrow, elsewhere))
    assert len(first) == 200
    assert first < second
    assert len(second - first) == 1
    assert not first & other
    assert set(read(tonight)) <= set(read(tomorrow))


def test_one_person_in_two_tables_is_one_person_however_they_were_typed(
    source: str, target_url: str, tmp_path: Path
) -> None:
    refresh(request_for(source, target_url, tmp_path, rules_of(_RULES, tmp_path)))
    pairs = "SELECT p.email = l.to_email, p.full_name = l.to_name FROM letter l JOIN person p ON p.id = l.person_id"
    assert query(target_url, pairs) == [(True, True)] * 400
    assert not set(column_of(target_url, "SELECT to_email FROM letter")) & set(
        column_of(source, "SELECT to_email FROM letter")
    )


def test_two_domains_do_not_share_their_stand_ins(source: str, target_url: str, tmp_path: Path) -> None:
    rules = _RULES.replace("to_email: {mask: email}", "to_email: {mask: email, domain: letters}")
    refresh(request_for(source, target_url, tmp_path, rules_of(rules, tmp_path)))
    both = "SELECT count(*) FROM person p JOIN letter l ON p.email = l.to_email"
    assert query(target_url, both) == [(0,)]
