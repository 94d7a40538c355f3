from datetime import UTC, datetime

import pytest

from dbtool.author import Author
from dbtool.errors import RevisionEdited
from dbtool.ledger import Event, LedgerEntry, LedgerEvent
from dbtool.migrate.ledger import find_edited, plan_adoption, plan_reconciliation, refuse_edited
from dbtool.migrate.revisions.history import History, Revision
from dbtool.targets import Target, Tier

_AUTHOR = Author("run-9", "staging", "ada")
_TARGET = Target("staging", Tier.STAGING, lambda: "")


def history(**digests: str) -> History:
    """r1 ← r2 ← r3, each with digest "a" where none is given."""
    ids = ("r1", "r2", "r3")
    revisions = tuple(
        Revision(
            id=one,
            down=(ids[place - 1],) if place else (),
            needs=(),
            labels=(),
            file=f"versions/{one}.py",
            message="",
            digest=digests.get(one, "a"),
            has_downgrade=False,
        )
        for place, one in enumerate(ids)
    )
    return History(revisions, env_digest="", heads=("r3",))


def entry(event: str, revision: str = "", digest: str = "a", run: str = "run-1") -> LedgerEntry:
    return LedgerEntry(
        event,
        run,
        revision,
        digest,
        "bob",
        target="staging",
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def kinds(events: tuple[LedgerEvent, ...]) -> list[tuple[str, str, str]]:
    return [(one.event, one.run_id, one.revision) for one in events]


def test_a_run_that_was_killed_before_the_stamp_was_interrupted() -> None:
    entries = [entry(Event.START, "r1"), entry(Event.FINISH, "r1"), entry(Event.START, "r2")]
    (event,) = plan_reconciliation(entries, _AUTHOR, history(), ["r1"])
    assert kinds((event,)) == [(Event.INTERRUPTED, "run-1", "r2")]
    assert event.actor == "ada"
    assert event.detail == "found by run run-9: it had neither ended nor stamped the version"


def test_a_version_that_is_there_without_a_finish_is_adopted() -> None:
    entries = [entry(Event.START, "r2", "b")]
    (event,) = plan_reconciliation(entries, _AUTHOR, history(), ["r3"])
    assert kinds((event,)) == [(Event.ADOPTED, "run-1", "r2")]
    assert event.digest == "b"


def test_what_began_before_a_refresh_was_interrupted_even_where_the_version_is_there() -> None:
    entries = [entry(Event.START, "r2"), entry(Event.REFRESHED)]
    events = plan_reconciliation(entries, _AUTHOR, history(), ["r2"])
    assert kinds(events) == [(Event.INTERRUPTED, "run-1", "r2")]


def test_a_ledger_that_tells_all_needs_no_reconciliation() -> None:
    entries = [entry(Event.START, "r1"), entry(Event.FAILURE, "r1"), entry(Event.ACCEPT, "r1")]
    assert plan_reconciliation(entries, _AUTHOR, history(), []) == ()


def test_what_was_applied_before_the_first_run_is_adopted_as_it_is() -> None:
    events = plan_adoption([entry(Event.FINISH, "r2")], _AUTHOR, history(r1="x"), ["r2"])
    assert kinds(events) == [(Event.ADOPTED, "run-9", "r1")]
    assert events[0].digest == "x"


def test_what_reconciliation_adopts_is_not_adopted_twice() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.START, "r2")]
    assert plan_adoption(entries, _AUTHOR, history(), ["r2"]) == ()


def test_after_a_refresh_only_other_digests_are_adopted() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.FINISH, "r2"), entry(Event.REFRESHED)]
    events = plan_adoption(entries, _AUTHOR, history(r2="b"), ["r2"])
    assert kinds(events) == [(Event.ADOPTED, "run-9", "r2")]


def test_a_revision_edited_after_it_was_applied_is_found() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.FINISH, "r2")]
    (edited,) = find_edited(history(r1="b", r3="c"), entries, ["r2"])
    assert (edited.revision.id, edited.applied) == ("r1", "a")


def test_a_revision_that_is_pending_may_be_edited() -> None:
    assert find_edited(history(r2="b"), [entry(Event.FAILURE, "r2")], ["r1"]) == ()


def test_a_digest_that_was_accepted_is_no_edit_and_the_next_one_is() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.ACCEPT, "r1", "b")]
    assert find_edited(history(), entries, ["r1"]) == ()
    assert find_edited(history(r1="b"), entries, ["r1"]) == ()
    assert [one.revision.id for one in find_edited(history(r1="c"), entries, ["r1"])] == ["r1"]


def test_what_was_applied_before_a_refresh_says_nothing_of_this_database() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.REFRESHED)]
    assert find_edited(history(r1="b"), entries, ["r1"]) == ()
    again = [*entries, entry(Event.FINISH, "r1")]
    assert len(find_edited(history(r1="b"), again, ["r1"])) == 1


def test_an_edit_is_refused_with_the_file_and_the_way_out() -> None:
    entries = [entry(Event.FINISH, "r1"), entry(Event.FINISH, "r2")]
    refuse_edited(_TARGET, history(), entries, ["r2"])
    with pytest.raises(RevisionEdited) as refusal:
        refuse_edited(_TARGET, history(r1="b", r2="b"), entries, ["r2"])
    assert str(refusal.value).startswith(
        "2 revisions of staging changed after being applied; nothing was done"
    )
    assert "versions/r1.py" in str(refusal.value)
    assert "dbtool migrate accept r1 --target staging" in str(refusal.value)
    assert refusal.value.exit_code == 4
