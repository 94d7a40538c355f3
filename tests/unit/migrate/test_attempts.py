"""Attempt after attempt: when it is tried again, and what is written down."""

from __future__ import annotations

import pytest

from dbtool.errors import (
    LockNotAcquired,
)
from dbtool.ledger import Event
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.runner.run import Outcome, Raised
from tests.unit.migrate.attempt_cases import (
    World,
    attempts_of,
    fail,
    install,
    refusal,
    succeed,
)


def test_everything_pending_is_applied_in_one_run_with_a_start_as_each_turn_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = install(monkeypatch, succeed("r2", "r3"))
    done = attempts_of(world, without_staging="it is being rebuilt").go()
    assert [(one.id, one.file, one.attempts, one.seconds) for one in done] == [
        ("r2", "versions/r2.py", 1, 2.0),
        ("r3", "versions/r3.py", 1, 2.0),
    ]
    reason = "without staging: it is being rebuilt"
    assert world.told() == [(Event.START, "r2", reason), (Event.START, "r3", reason)]
    assert world.events[0].digest == "digest of r2"
    (asked,) = world.asked
    assert asked.pop("version_table").name == "alembic_version"
    assert asked.pop("contents") == {}
    assert asked == {"revisions": ["r2", "r3"], "destination": "r3", "trace": False}
    assert world.pauses == []


@pytest.mark.parametrize("sqlstate", ["55P03", "40P01"])
def test_a_lock_that_was_not_to_be_had_is_tried_for_again(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    world = install(monkeypatch, fail("r2", sqlstate), fail("r2", sqlstate), succeed("r2", "r3"))
    done = attempts_of(world).go()
    assert [(one.id, one.attempts) for one in done] == [("r2", 3), ("r3", 1)]
    assert world.told() == [
        (Event.START, "r2", ""),
        (Event.RETRY, "r2", f"{sqlstate} after 1 try"),
        (Event.RETRY, "r2", f"{sqlstate} after 2 tries"),
        (Event.START, "r3", ""),
    ]
    assert world.pauses == [0.5, 1.0]


def test_a_second_revision_is_tried_for_again_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(monkeypatch, fail("r3", "55P03", after=["r2"]), succeed("r3"))
    done = attempts_of(world).go()
    assert [(one.id, one.attempts) for one in done] == [("r2", 1), ("r3", 2)]
    assert world.asked[1]["revisions"] == ["r3"]
    assert [event for event, one, _ in world.told() if one == "r3"] == [Event.START, Event.RETRY]


def test_a_lock_failure_of_the_commit_is_tried_again_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def commit_fails(_world: World, applier: Applier) -> Outcome:
        applier.revision_begins("r2")
        applier.revision_ends("r2", 1.0)
        applier.transaction_ended(committed=False, at=0.0)
        return Outcome(
            completed=["r2"], raised=Raised("DeadlockDetected", "deadlock detected", sqlstate="40P01")
        )

    world = install(monkeypatch, commit_fails, succeed("r2", "r3"))
    assert len(attempts_of(world).go()) == 2


def test_pauses_grow_to_a_limit_and_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(monkeypatch, *[fail("r2", "55P03")] * 8, succeed("r2", "r3"))
    attempts_of(world, jitter=lambda: 0.0).go()
    assert world.pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 7.5, 7.5, 7.5]


def test_patience_ends_with_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(monkeypatch, fail("r2", "55P03"))
    message = refusal(attempts_of(world, patience_s=0.0), LockNotAcquired)
    assert "it said so after 1 try" in message
    assert "rolled back" in message
    assert "--patience" in message
    assert world.told() == [(Event.START, "r2", ""), (Event.FAILURE, "r2", "55P03")]
