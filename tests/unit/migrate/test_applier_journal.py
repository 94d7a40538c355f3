"""What an application writes down before, with and after each statement, and what it says stands when one fails."""

from __future__ import annotations

import pytest

from dbtool.migrate.runner.overseer import Answer, Go
from tests.unit.migrate.application_cases import Written, applier, end, entry, start, watch

_ADD = "ALTER TABLE parcel ADD COLUMN colour text"
_BUILD = "CREATE INDEX CONCURRENTLY parcel_weight ON parcel (weight)"
_UPDATE = "UPDATE parcel SET weight = 1"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return watch(monkeypatch)


def _go(answer: Answer) -> Go:
    assert isinstance(answer, Go), answer
    return answer


def test_what_no_transaction_can_hold_is_noted_before_and_ended_after(written: Written) -> None:
    one = applier()
    started = start(1, _BUILD, alone=True)
    assert not _go(one.statement_begins(started)).in_block
    assert written.done() == [("begin", ("r2", 1, "index built parcel_weight on parcel"))]
    assert one.touched == {"r2"}
    one.statement_ended(end(started))
    assert written.done()[1:] == [("end", 1)]


def test_what_a_block_can_hold_commits_together_with_its_row(written: Written) -> None:
    one = applier()
    started = start(1, _UPDATE, alone=True, parameters="p")
    assert _go(one.statement_begins(started)).in_block
    assert one.touched == set()
    (noted,) = one.committing(42)
    assert "dbtool.journal" in noted
    assert "42 rows" in noted
    assert one.touched == {"r2"}
    one.statement_ended(end(started, rowcount=42))
    assert one.committing(-1) == ()
    assert written.acts == []


def test_a_transactions_statements_are_noted_when_it_commits_before_the_revisions_end() -> None:
    one = applier()
    for ordinal, rowcount in ((1, -1), (2, 7)):
        started = start(ordinal, _UPDATE)
        one.statement_begins(started)
        one.statement_ended(end(started, rowcount=rowcount))
    (noted,) = one.committing(-1)
    assert noted.count("clock_timestamp") == 2
    assert "7 rows" in noted
    one.transaction_ended(committed=True, at=0.0)
    assert one.touched == {"r2"}
    assert one.committing(-1) == ()


def test_the_end_of_a_revision_is_a_finish_and_nothing_of_the_journal() -> None:
    one = applier()
    one.statement_begins(start(1, _ADD))
    (finish,) = one.revision_ends("r2", 1.25)
    assert "INSERT INTO dbtool.ledger" in finish
    assert "finish" in finish
    assert "digest of r2" in finish
    assert "journal" not in finish
    assert one.seconds == {"r2": 1.25}


def test_what_was_rolled_back_is_not_noted() -> None:
    one = applier()
    one.statement_begins(start(1, _ADD))
    one.transaction_ended(committed=False, at=0.0)
    assert one.committing(-1) == ()
    assert one.touched == set()


def test_what_failed_before_a_savepoint_is_not_noted() -> None:
    one = applier()
    for ordinal, sqlstate in ((1, None), (2, "42P07")):
        started = start(ordinal, _ADD)
        one.statement_begins(started)
        one.statement_ended(end(started, sqlstate=sqlstate))
    assert one.committing(-1)[0].count("clock_timestamp") == 1


@pytest.mark.parametrize(("word", "noted"), [("COMMIT", 1), ("end", 1), ("ROLLBACK", 0), ("abort", 0)])
def test_a_commit_that_the_revision_spells_out_takes_the_rows_with_it(word: str, noted: int) -> None:
    one = applier()
    one.statement_begins(start(1, _ADD))
    first = _go(one.statement_begins(start(2, word))).first
    assert sum("dbtool.journal" in text for text in first) == noted
    assert one.committing(-1) == ()


def test_rolling_back_to_a_savepoint_keeps_what_was_before_it() -> None:
    one = applier()
    one.statement_begins(start(1, _ADD))
    one.statement_begins(start(2, "ROLLBACK TO SAVEPOINT a"))
    assert one.committing(-1) != ()


@pytest.mark.parametrize("sqlstate", ["23503", "40P01"])
def test_a_commit_that_the_server_refused_has_touched_nothing(sqlstate: str) -> None:
    one = applier()
    one.statement_begins(start(1, _UPDATE))
    one.committing(-1)
    one.transaction_ended(committed=False, at=0.0)
    one.revision_failed("r2", sqlstate, "")
    assert one.touched == set()


def test_a_block_that_the_server_refused_to_commit_has_touched_nothing() -> None:
    one = applier()
    started = start(1, _UPDATE, alone=True)
    one.statement_begins(started)
    one.committing(3)
    one.statement_ended(end(started, sqlstate="23503"))
    assert one.touched == set()


@pytest.mark.parametrize("sqlstate", [None, "08006", "57P01"])
def test_a_commit_of_which_nobody_heard_may_have_touched_something(sqlstate: str | None) -> None:
    one = applier()
    one.statement_begins(start(1, _UPDATE))
    one.committing(-1)
    one.transaction_ended(committed=False, at=0.0)
    one.revision_failed("r2", sqlstate, "")
    assert one.touched == {"r2"}


def test_a_later_failure_takes_nothing_back() -> None:
    one = applier()
    one.statement_begins(start(1, _UPDATE))
    one.committing(-1)
    one.transaction_ended(committed=True, at=0.0)
    one.statement_begins(start(2, _UPDATE))
    one.committing(-1)
    one.transaction_ended(committed=False, at=0.0)
    one.revision_failed("r2", "40P01", "")
    assert one.touched == {"r2"}


@pytest.mark.parametrize("in_a_block", [False, True])
def test_a_commit_that_came_to_its_end_stands_whatever_fails_later(in_a_block: bool) -> None:
    one = applier()
    started = start(1, _UPDATE, alone=in_a_block)
    one.statement_begins(started)
    one.committing(-1)
    if in_a_block:
        one.statement_ended(end(started))
    else:
        one.transaction_ended(committed=True, at=0.0)
    one.revision_failed("r2", "23505", "")
    assert one.touched == {"r2"}


def test_what_was_touched_before_stays_so_when_a_repeatable_statement_fails(written: Written) -> None:
    one = applier(entry(1, _ADD))
    started = start(2, "VACUUM FULL parcel", alone=True)
    one.statement_begins(started)
    one.statement_ended(end(started, sqlstate="55P03"))
    assert [act for act, _ in written.done()] == ["begin", "fail"]
    assert one.touched == {"r2"}


def test_a_transaction_whose_end_nobody_heard_is_not_noted_with_the_next_block() -> None:
    """Work past SQLAlchemy may have rolled it back."""
    one = applier()
    one.statement_begins(start(1, _ADD))
    one.statement_begins(start(2, _UPDATE, alone=True))
    assert one.committing(3)[0].count("clock_timestamp") == 1


def test_a_transaction_that_is_begun_by_hand_in_a_block_is_not_put_into_another(written: Written) -> None:
    assert not _go(applier().statement_begins(start(1, "BEGIN", alone=True))).in_block
    assert written.done() == [("begin", ("r2", 1, "unknown"))]


def test_the_commit_of_a_last_transaction_that_fails_does_not_hide_the_blocks_before_it() -> None:
    one = applier()
    started = start(1, _UPDATE, alone=True)
    one.statement_begins(started)
    one.committing(3)
    one.statement_ended(end(started))
    one.statement_begins(start(2, _ADD))
    one.revision_ends("r2", 1.0)
    one.transaction_ended(committed=False, at=0.0)
    assert one.touched == {"r2"}


@pytest.mark.parametrize(
    ("sql", "indexes", "acts", "touched"),
    [
        (_BUILD, (None, None), ["begin", "fail"], False),
        (_BUILD, (None, False), ["begin"], True),
        (_BUILD, (False, False), ["begin", "fail"], False),
        (_BUILD, (True, True), ["begin", "fail"], False),
        ("DROP INDEX CONCURRENTLY a", (True, True), ["begin", "fail"], False),
        ("DROP INDEX CONCURRENTLY a", (True, False), ["begin"], True),
        ("VACUUM FULL parcel", (None, None), ["begin", "fail"], False),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", (None, None), ["begin", "fail"], True),
    ],
)
def test_what_the_server_refused_is_in_doubt_only_where_it_left_something(
    written: Written, sql: str, indexes: tuple[bool | None, bool | None], acts: list[str], touched: bool
) -> None:
    before, after = indexes
    written.indexes = frozenset({before})
    one = applier()
    started = start(1, sql, alone=True)
    one.statement_begins(started)
    written.indexes = frozenset({after})
    one.statement_ended(end(started, sqlstate="55P03"))
    assert [act for act, _ in written.done()] == acts
    assert one.touched == ({"r2"} if touched else set())


@pytest.mark.parametrize("sqlstate", ["57P01", "08006", ""])
def test_where_the_connection_was_lost_a_statement_stays_in_doubt(written: Written, sqlstate: str) -> None:
    one = applier()
    started = start(1, _BUILD, alone=True)
    one.statement_begins(started)
    one.statement_ended(end(started, sqlstate=sqlstate))
    assert [act for act, _ in written.done()] == ["begin"]
    assert one.touched == {"r2"}
