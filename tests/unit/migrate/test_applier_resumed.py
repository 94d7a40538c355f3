"""What an application answers where an earlier run has committed a beginning."""

from __future__ import annotations

import pytest

from dbtool.errors import PartlyDone
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.runner.overseer import Answer, Go, Skip, Stop
from tests.unit.migrate.application_cases import Written, applier, entry, start, watch

_ADD = "ALTER TABLE parcel ADD COLUMN colour text"
_NOT_NULL = "ALTER TABLE parcel ALTER COLUMN colour SET NOT NULL"
_BUILD = "CREATE INDEX CONCURRENTLY parcel_weight ON parcel (weight)"
_UPDATE = "UPDATE parcel SET weight = 1"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return watch(monkeypatch)


def _go(answer: Answer) -> Go:
    assert isinstance(answer, Go), answer
    return answer


def test_what_an_earlier_run_committed_is_skipped_with_its_number_of_rows(written: Written) -> None:
    one = applier(entry(1, _UPDATE, effect="42 rows"), entry(2, _BUILD, effect="index built"))
    assert one.touched == {"r2"}
    assert one.statement_begins(start(1, _UPDATE)) == Skip(42)
    assert one.statement_begins(start(2, _BUILD, alone=True)) == Skip(-1)
    assert one.skipped == {"r2": 2}
    assert one.committing(-1) == ()
    assert written.acts == []


def test_what_reads_or_sets_the_session_is_sent_again() -> None:
    one = applier(entry(1, "SET ROLE owner"), entry(2, "SELECT 1"), entry(3, _ADD))
    for ordinal, sql in enumerate(("SET ROLE owner", "SELECT 1"), 1):
        _go(one.statement_begins(start(ordinal, sql)))
    assert isinstance(one.statement_begins(start(3, _ADD)), Skip)


def test_settings_in_a_text_that_is_skipped_are_made_all_the_same() -> None:
    sql = f"SET ROLE owner; {_ADD}"
    assert applier(entry(1, sql)).statement_begins(start(1, sql)) == Skip(-1, first=("SET ROLE owner",))


def test_an_invalid_index_of_ours_is_dropped_and_built_again(written: Written) -> None:
    written.indexes = frozenset({False})
    one = applier(entry(1, _BUILD, done=False, effect="index built parcel_weight on parcel"))
    first = _go(one.statement_begins(start(1, _BUILD, alone=True))).first
    assert first[-2:] == ("SET lock_timeout = '0ms'", "DROP INDEX CONCURRENTLY IF EXISTS parcel_weight")
    assert written.done() == [("begin", ("r2", 1, "index built parcel_weight on parcel"))]


def test_a_valid_index_in_doubt_is_taken_for_built(written: Written) -> None:
    written.indexes = frozenset({True})
    one = applier(entry(1, _BUILD, done=False))
    assert isinstance(one.statement_begins(start(1, _BUILD, alone=True)), Skip)
    assert written.acts == [("look", ("parcel_weight", "parcel"))]


def test_a_second_block_is_taken_up_behind_the_first(written: Written) -> None:
    """The first run was ended in the second block's statement, before which another transaction had been committed."""
    written.indexes = frozenset({None})
    other = _BUILD.replace("parcel_weight", "parcel_other")
    one = applier(entry(1, _ADD), entry(2, _BUILD), entry(3, _NOT_NULL), entry(4, other, done=False))
    answers = [
        one.statement_begins(start(1, _ADD)),
        one.statement_begins(start(2, _BUILD, alone=True)),
        one.statement_begins(start(3, _NOT_NULL)),
        one.statement_begins(start(4, other, alone=True)),
    ]
    assert [type(each) for each in answers] == [Skip, Skip, Skip, Go]
    assert [act for act, _ in written.done()] == ["begin"]


@pytest.mark.parametrize(
    ("sql", "parameters"), [(_NOT_NULL, ""), (_ADD, "p2"), ("SELECT 1", ""), (f"SET ROLE x; {_ADD}", "")]
)
def test_a_revision_edited_in_what_stands_is_stopped(sql: str, parameters: str) -> None:
    one = applier(entry(1, _ADD))
    assert isinstance(one.statement_begins(start(1, sql, parameters=parameters)), Stop)
    assert isinstance(one.error, PartlyDone)


def test_a_revision_edited_behind_what_stands_is_run() -> None:
    one = applier(entry(1, _ADD))
    assert isinstance(one.statement_begins(start(1, _ADD)), Skip)
    _go(one.statement_begins(start(2, "ALTER TABLE parcel ADD COLUMN of_now text")))


def test_a_revision_that_ends_before_what_stands_is_not_finished() -> None:
    one = applier(entry(1, _ADD), entry(2, _NOT_NULL))
    one.statement_begins(start(1, _ADD))
    assert "RAISE EXCEPTION" in one.revision_ends("r2", 0.1)[0]
    assert isinstance(one.error, PartlyDone)


def test_statements_that_are_skipped_count_for_the_order_of_the_rehearsal() -> None:
    one: Applier = applier(entry(1, _ADD), rehearsed={"r2": (_ADD, _NOT_NULL)})
    one.statement_begins(start(1, _ADD))
    _go(one.statement_begins(start(2, _NOT_NULL)))
    assert "RAISE" not in one.revision_ends("r2", 0.1)[0]
