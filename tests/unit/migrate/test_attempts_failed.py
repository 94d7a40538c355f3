"""How attempts end when a revision fails: what is said, and what is said to stand."""

from __future__ import annotations

import pytest

from dbtool.errors import (
    AnswerIsNo,
    ConfigurationInvalid,
    LockNotAcquired,
    PartlyDone,
    RevisionEdited,
)
from dbtool.ledger import Event
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.request import Silent
from dbtool.migrate.runner.run import Outcome, Raised
from tests.unit.migrate.application_cases import (
    entry,
    history_of,
    revision,
)
from tests.unit.migrate.attempt_cases import (
    R1,
    World,
    attempts_of,
    fail,
    install,
    refusal,
    succeed,
)


@pytest.mark.parametrize("sqlstate", ["23505", "42701", "57014", None])
def test_any_other_failure_is_the_answer_at_once(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str | None
) -> None:
    world = install(monkeypatch, fail("r2", sqlstate))
    message = refusal(attempts_of(world), AnswerIsNo)
    assert "revision r2 (versions/r2.py) failed on staging" in message
    assert world.told()[-1] == (Event.FAILURE, "r2", sqlstate or "")
    assert world.pauses == []


def test_what_has_committed_something_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(monkeypatch, fail("r2", "55P03", touch=True))
    message = refusal(attempts_of(world), PartlyDone)
    assert "Of r2 something is committed" in message
    assert "dbtool migrate apply --target staging" in message
    assert "Applied and committed" not in message
    assert world.pauses == []


def test_what_an_earlier_run_committed_stands_however_this_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(
        monkeypatch, lambda *_: Outcome(raised=Raised("ImportError", "no module named shop", "env.py:1"))
    )
    world.journal = [entry(1, "ALTER TABLE t ADD c int")]
    message = refusal(attempts_of(world), PartlyDone)
    assert "no module named shop" in message
    assert "Of r2 something is committed" in message


def test_revisions_that_were_applied_before_the_failure_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(monkeypatch, fail("r3", "23505", after=["r2"]))
    attempts = attempts_of(world)
    message = refusal(attempts, PartlyDone)
    assert "revision r3 (versions/r3.py) failed on staging" in message
    assert "Applied and committed: r2." in message
    assert [one.id for one in attempts.done] == ["r2"]
    assert world.told()[-1] == (Event.FAILURE, "r3", "23505")


def test_the_database_decides_what_is_applied_and_not_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(world: World, applier: Applier) -> Outcome:
        outcome = succeed("r2", "r3")(world, applier)
        world.heads = ("r2",)
        return outcome

    world = install(monkeypatch, forget)
    attempts = attempts_of(world)
    refusal(attempts, PartlyDone)
    assert [one.id for one in attempts.done] == ["r2"]


def test_what_was_not_rehearsed_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_world: World, applier: Applier) -> Outcome:
        applier.revision_begins("r2")
        applier.error = RevisionEdited("statement 1 is another")
        return Outcome(failed="r2", stopped="statement 1 is another", sqlstate="55P03")

    world = install(monkeypatch, stop)
    assert refusal(attempts_of(world), RevisionEdited) == "statement 1 is another"
    assert world.told()[-1][0] == Event.FAILURE


def test_branches_that_run_in_another_order_are_named_as_they_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = revision("left", "r1"), revision("right", "r1")
    world = install(monkeypatch, fail("right", "23505"))
    message = refusal(attempts_of(world, (left, right)), AnswerIsNo)
    assert "revision right (versions/right.py)" in message
    assert world.told() == [(Event.START, "right", ""), (Event.FAILURE, "right", "23505")]
    assert world.asked[0]["destination"] == "heads"


def test_one_transaction_for_all_takes_every_revision_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(world: World, applier: Applier) -> Outcome:
        outcome = fail("r3", "23505", after=["r2"])(world, applier)
        world.heads = ("r1",)
        return outcome

    world = install(monkeypatch, run)
    message = refusal(attempts_of(world), AnswerIsNo)
    assert "revision r3" in message
    assert world.told()[-2:] == [
        (Event.FAILURE, "r2", "rolled back with r3"),
        (Event.FAILURE, "r3", "23505"),
    ]


def test_an_env_py_that_goes_elsewhere_is_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(
        monkeypatch, lambda *_: Outcome(elsewhere=["db:5432/shop"], raised=Raised("Elsewhere", "refused"))
    )
    assert "db:5432/shop" in refusal(attempts_of(world), ConfigurationInvalid)


def test_a_revision_failing_is_told_even_where_env_py_asked_for_another_place_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(world: World, applier: Applier) -> Outcome:
        outcome = fail("r2", "23505")(world, applier)
        outcome.elsewhere = ["db:5432/shop"]
        return outcome

    refusal(attempts_of(install(monkeypatch, run)), AnswerIsNo)


def test_a_version_stamped_against_our_word_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def stamped(world: World, applier: Applier) -> Outcome:
        applier.error = RevisionEdited("it did less than in its rehearsal.")
        world.heads = ("r3",)
        return Outcome(raised=Raised("Error", "dbtool stops the revision"))

    world = install(monkeypatch, stamped)
    assert "stamped all the same: r2, r3" in refusal(attempts_of(world), PartlyDone)


@pytest.mark.parametrize(
    ("heads", "applied"),
    [
        ((), set()),
        (("r1",), set()),
        (("left",), {"left"}),
        (("left", "right"), {"left", "right"}),
        (("merge",), {"left", "right", "merge", "beside"}),
        (("of somebody else",), set()),
    ],
)
def test_a_head_stands_for_all_that_it_stands_on(heads: tuple[str, ...], applied: set[str]) -> None:
    pending = (
        revision("left", "r1"),
        revision("beside", "r1"),
        revision("right", "r1"),
        revision("merge", "left", "right", needs=("beside",)),
    )
    assert history_of(R1, *pending).ancestors(heads) - {"r1"} == applied


def test_waiting_for_a_lock_is_told_to_whoever_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hearing(Silent):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def waiting(self, reason: str) -> None:
            self.heard.append(reason)

    hearing = Hearing()
    world = install(monkeypatch, fail("r2", "55P03"), succeed("r2", "r3"))
    attempts_of(world, observer=hearing).go()
    assert hearing.heard == ["r2: it said so; trying again in 0.5 s"]


def test_a_lock_that_env_py_itself_waits_for_is_tried_for_and_is_no_revisions_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocked = Outcome(raised=Raised("LockNotAvailable", "canceling statement", "env.py:3", sqlstate="55P03"))
    world = install(monkeypatch, lambda *_: blocked, succeed("r2", "r3"))
    assert [one.attempts for one in attempts_of(world).go()] == [1, 1]
    assert [event for event, *_ in world.told()] == [Event.START, Event.START]
    assert world.pauses == [0.5]
    message = refusal(attempts_of(install(monkeypatch, lambda *_: blocked), patience_s=0.0), LockNotAcquired)
    assert "before revision r2 began: canceling statement" in message
