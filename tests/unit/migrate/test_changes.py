from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.locks.trace import ColumnChange, RowChange
from dbtool.migrate.rehearse import changes
from dbtool.migrate.rehearse.changes import Span
from dbtool.migrate.rehearse.observation import Counters, Observation, SeenRelation
from tests.unit.migrate.looks import BIGINT, INDEX, INTEGER, T, U, known, look, relation

_INDEX = relation(INDEX, "t_n", kind="i", table=T)


def _span(before: Observation, after: Observation, *committed: SeenRelation) -> Span:
    return Span(known(*committed), known(*committed), before, after, frozenset({*before, *after}))


def test_a_lock_counts_on_what_existed_before_the_transaction() -> None:
    span = _span({}, look(relation(), relation(U, "u")), relation())
    assert [(str(one.name), mode) for one, mode in changes.new_locks(span)] == [
        ("public.t", LockMode.ACCESS_EXCLUSIVE)
    ]


def test_a_lock_that_was_held_is_new_where_it_became_stronger() -> None:
    weak, strong = look(relation(), mode=LockMode.SHARE), look(relation())
    assert list(changes.new_locks(_span(strong, strong, relation()))) == []
    assert len(list(changes.new_locks(_span(weak, strong, relation())))) == 1


def test_a_renamed_relation_is_locked_by_the_name_it_had() -> None:
    span = _span({}, look(relation(name="t2")), relation())
    assert [str(one.name) for one, _ in changes.new_locks(span)] == ["public.t"]
    assert changes.renamed(span) == (("public.t", "public.t2"),)


@pytest.mark.parametrize(
    ("one", "mode", "matters"),
    [
        (relation(), LockMode.ACCESS_SHARE, True),
        (_INDEX, LockMode.ROW_EXCLUSIVE, False),
        (_INDEX, LockMode.SHARE_UPDATE_EXCLUSIVE, True),
        (relation(kind="S"), LockMode.ROW_EXCLUSIVE, False),
        (relation(1259, "pg_class", schema="pg_catalog"), LockMode.ROW_EXCLUSIVE, False),
        (relation(1259, "pg_class", schema="pg_catalog"), LockMode.ACCESS_EXCLUSIVE, True),
    ],
)
def test_a_lock_matters_where_somebody_may_wait_for_it(
    one: SeenRelation, mode: LockMode, matters: bool
) -> None:
    assert changes.matters(one, mode) is matters


def test_relations_come_and_go_tables_first() -> None:
    span = _span({}, look(_INDEX, relation()))
    assert changes.created(span) == ("public.t", "public.t_n")
    span = Span(known(relation(), _INDEX), {})
    assert changes.dropped(span) == ("public.t", "public.t_n")


def test_an_index_made_anew_under_its_name_neither_came_nor_went() -> None:
    anew = relation(U, "t_n", kind="i", table=T)
    span = Span(known(relation(), _INDEX), known(relation(), anew))
    assert (changes.created(span), changes.dropped(span)) == ((), ())


def test_a_table_made_anew_came_and_went() -> None:
    span = Span(known(relation()), known(relation(U, "t")))
    assert (changes.created(span), changes.dropped(span)) == (("public.t",), ("public.t",))


def test_toast_is_not_told_of() -> None:
    assert changes.created(_span({}, look(relation(U, "pg_toast_1", schema="pg_toast", kind="t")))) == ()


def test_rows_are_those_since_the_last_look() -> None:
    before, after = (
        look(relation(), counters=Counters(10, 5, 1)),
        look(relation(), counters=Counters(12, 5, 4)),
    )
    assert changes.row_changes(_span(before, after, relation()), ()) == (
        RowChange("public.t", inserted=2, deleted=3),
    )


def test_a_truncate_takes_back_what_was_counted() -> None:
    before, after = look(relation(), counters=Counters(10)), look(relation(filenode=2))
    span = _span(before, after, relation())
    assert changes.row_changes(span, changes.refiled(span)) == (RowChange("public.t", truncated=True),)


def test_columns_are_compared_by_their_number_and_their_type_by_its_identity() -> None:
    before = relation(columns={1: INTEGER, 2: INTEGER, 3: INTEGER})
    after = relation(columns={1: BIGINT, 3: INTEGER, 4: INTEGER})
    span = _span({}, look(after), before)
    assert changes.column_changes(span) == (
        ColumnChange("public.t", "n", "retyped", "integer"),
        ColumnChange("public.t", "n", "dropped"),
        ColumnChange("public.t", "n", "added"),
    )


def test_columns_that_were_not_seen_are_not_compared() -> None:
    assert changes.column_changes(_span({}, look(relation(columns={1: INTEGER})), relation())) == ()


def test_a_name_means_what_is_locked_before_what_comes_first_in_the_path() -> None:
    a, b, c = (relation(oid, "t", schema=schema) for oid, schema in ((1, "a"), (2, "b"), (3, "c")))
    assert Span({}, {}, path=("b", "a")).choose([a, b, c]) is b
    assert Span({}, {}, after=look(c), path=("b", "a")).choose([a, b, c]) is c
    assert Span({}, {}).choose([]) is None
