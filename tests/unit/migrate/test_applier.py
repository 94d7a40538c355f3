"""What an application answers to each statement, and what it writes down before, with and after it."""

from __future__ import annotations

import pytest

from dbtool.errors import EvidenceRefused, PartlyDone, RevisionEdited
from dbtool.migrate.applier import Applier
from dbtool.migrate.overseer import Answer, Go, Skip, Stop
from tests.unit.migrate.application_cases import Written, applier, approve, end, entry, start, watch

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


def _lock_timeout(answer: Answer) -> str:
    return _go(answer).first[3]


# What was rehearsed


def test_ddl_in_the_order_of_the_rehearsal_is_sent() -> None:
    one = applier(rehearsed={"r2": (_ADD, _NOT_NULL)})
    _go(one.statement_begins(start(1, _ADD)))
    _go(one.statement_begins(start(2, f"{_NOT_NULL}  -- in another form")))
    assert one.revision_ends("r2", 1.0)[0].startswith("DO ")
    assert one.error is None


@pytest.mark.parametrize("sent", [(_NOT_NULL,), (_ADD, _ADD), (_ADD, _NOT_NULL, _ADD), (_ADD, _BUILD)])
def test_any_other_ddl_is_stopped_and_so_is_all_that_follows(sent: tuple[str, ...]) -> None:
    one = applier(rehearsed={"r2": (_ADD, _NOT_NULL)})
    *_, last = (one.statement_begins(start(place, sql)) for place, sql in enumerate(sent, 1))
    assert isinstance(last, Stop)
    assert "was not sent" in last.reason
    assert "(line 7)" in last.reason
    assert "dbtool migrate rehearse --target staging" in last.reason
    assert isinstance(one.error, RevisionEdited)
    assert isinstance(one.statement_begins(start(len(sent) + 1, "SELECT 1")), Stop)


def test_data_may_be_changed_more_often_or_not_at_all() -> None:
    one = applier(rehearsed={"r2": (_ADD,)})
    for ordinal in (1, 2, 3):
        _go(one.statement_begins(start(ordinal, _UPDATE)))
    _go(one.statement_begins(start(4, _ADD)))
    assert one.error is None


def test_a_revision_that_does_less_than_in_its_rehearsal_is_not_finished() -> None:
    one = applier(rehearsed={"r2": (_ADD, _NOT_NULL)})
    _go(one.statement_begins(start(1, _ADD)))
    (refusal,) = one.revision_ends("r2", 1.0)
    assert "RAISE EXCEPTION" in refusal
    assert "ledger" not in refusal
    assert isinstance(one.error, RevisionEdited)
    assert "sent 1 statements that change definitions, and 2 in its rehearsal" in str(one.error)
    assert one.seconds == {}


def test_without_evidence_anything_is_sent() -> None:
    one = applier()
    _go(one.statement_begins(start(1, _ADD)))
    assert "RAISE" not in one.revision_ends("r2", 1.0)[0]


def test_each_revision_is_held_to_its_own_rehearsal() -> None:
    one = applier(approval=approve({"r2": (_ADD,)}))
    one.statement_begins(start(1, _ADD))
    one.revision_ends("r2", 1.0)
    one.revision_begins("r2")
    _go(one.statement_begins(start(1, _ADD)))


def test_another_transaction_mode_stops_the_first_statement_and_a_revision_without_any() -> None:
    one = applier(rehearsed={"r2": (_ADD,)})
    one.configured("none")
    assert isinstance(one.statement_begins(start(1, _ADD)), Stop)
    assert isinstance(one.error, EvidenceRefused)
    empty = applier(rehearsed={"r2": ()})
    empty.configured("none")
    assert "RAISE EXCEPTION" in empty.revision_ends("r2", 0.1)[0]


# Settings


def test_the_session_is_set_again_before_each_statement() -> None:
    one = applier()
    for ordinal in (1, 2):
        first = _go(one.statement_begins(start(ordinal, _UPDATE))).first
        assert [text.split(" = ")[0] for text in first] == [
            "SET application_name",
            "SET client_min_messages",
            "SET client_connection_check_interval",
            "SET lock_timeout",
        ]


@pytest.mark.parametrize(
    ("sql", "alone", "timeout"),
    [
        (_ADD, False, "1500ms"),
        (_ADD, True, "1500ms"),
        (_BUILD, True, "0ms"),
        ("DROP INDEX CONCURRENTLY parcel_weight", True, "0ms"),
        ("VACUUM parcel", True, "0ms"),
        ("VACUUM FULL parcel", True, "1500ms"),
        ("REINDEX SCHEMA public", True, "1500ms"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", False, "1500ms"),
    ],
)
def test_only_who_shuts_nobody_out_waits_without_a_timeout(
    written: Written, sql: str, alone: bool, timeout: str
) -> None:
    assert _lock_timeout(applier().statement_begins(start(1, sql, alone=alone))) == (
        f"SET lock_timeout = '{timeout}'"
    )
    assert not written.done() or alone


# What is written down


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


# Failures


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


# An earlier run


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
