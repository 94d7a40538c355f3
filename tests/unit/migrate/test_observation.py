from __future__ import annotations

import json

from dbtool.locks.modes import LockMode
from dbtool.migrate.rehearse.observation import (
    NOTHING_SEEN,
    commit,
    find_relation,
    lacks_columns,
    parse_difference,
)
from tests.unit.migrate.looks import BIGINT, INTEGER, T, U, known, look, relation

_FACT = [T, 8, "public", "t", "r", 7, None, [1, 2, 3, 4], 8192, [[1, "n", 23, -1, "integer"]], ["f"]]


def test_a_fact_is_read_as_the_child_tells_it() -> None:
    seen, touched = parse_difference(NOTHING_SEEN, {"facts": [json.dumps(_FACT)], "released": []})
    assert touched == {T}
    assert seen[T].mode is LockMode.ACCESS_EXCLUSIVE
    assert (seen[T].counters.inserted, seen[T].counters.scans, seen[T].bytes) == (1, 4, 8192)
    assert seen[T].relation == relation(filenode=7, columns={1: INTEGER})
    assert seen[T].foreign_keys == {"f"}


def test_what_is_locked_and_not_in_the_catalog_was_dropped() -> None:
    gone = json.dumps([T, 8, *[None] * 9])
    seen, _ = parse_difference(NOTHING_SEEN, {"facts": [gone], "released": []})
    assert find_relation(T, seen, known(relation())) is None


def test_what_was_released_is_as_it_was_committed() -> None:
    before = look(relation(columns={1: BIGINT}))
    seen, touched = parse_difference(before, {"facts": [], "released": [T]})
    assert touched == {T}
    assert find_relation(T, seen, known(relation(columns={1: INTEGER}))) == relation(columns={1: INTEGER})


def test_columns_that_nobody_looked_at_are_as_they_were_committed() -> None:
    seen = look(relation(filenode=2))
    assert find_relation(T, seen, known(relation(columns={1: INTEGER}))) == relation(
        filenode=2, columns={1: INTEGER}
    )


def test_a_commit_keeps_what_was_made_and_loses_what_was_dropped() -> None:
    gone, _ = parse_difference(
        look(relation(U, "u")), {"facts": [json.dumps([T, 8, *[None] * 9])], "released": []}
    )
    assert commit(gone, known(relation())) == known(relation(U, "u"))


def test_a_lock_on_a_relation_of_postgresql_makes_it_no_user_relation() -> None:
    assert commit(look(relation(1259, "pg_class", schema="pg_catalog")), {}) == {}


def test_columns_are_lacking_where_there_is_nothing_to_compare_them_with() -> None:
    seen = look(relation(columns={1: INTEGER}))
    assert lacks_columns([T], seen, known(relation()))
    assert not lacks_columns([T], seen, known(relation(columns={1: INTEGER})))
    assert not lacks_columns([T], seen, {})
