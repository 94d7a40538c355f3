"""What an application answers to each statement: what was rehearsed is sent, with the session's settings before it."""

from __future__ import annotations

import pytest

from dbtool.errors import EvidenceRefused, RevisionEdited
from dbtool.migrate.runner.overseer import Answer, Go, Stop
from tests.unit.migrate.application_cases import Written, applier, approve, start, watch

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


def test_the_session_is_set_again_before_each_statement() -> None:
    one = applier()
    for ordinal in (1, 2):
        first = _go(one.statement_begins(start(ordinal, _UPDATE))).first
        assert [text.split(" = ")[0] for text in first] == [
            "SET application_name",
            "SET client_min_messages",
            (
                "DO $$ BEGIN PERFORM pg_catalog.set_config('client_connection_check_interval', '2s', false); "
                "EXCEPTION WHEN OTHERS THEN END $$"
            ),
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
