"""Attempt after attempt: when it is tried again, what is written down, and what is said in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from dbtool.errors import (
    AnswerIsNo,
    ConfigurationInvalid,
    DbtoolError,
    LockNotAcquired,
    PartlyDone,
    RevisionEdited,
)
from dbtool.ledger import Event, JournalEntry, LedgerEvent
from dbtool.migrate import apply
from dbtool.migrate.applier import Applier
from dbtool.migrate.apply import Attempts
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest, Silent
from dbtool.migrate.revisions import Revision
from dbtool.migrate.runner import Outcome, Raised
from dbtool.postgres.apply_lock import ApplyLock
from tests.unit.migrate.application_cases import (
    AUTHOR,
    SESSION,
    STAGING,
    approve,
    entry,
    history_of,
    revision,
    start,
    target_now,
)

_R1, _R2, _R3 = revision("r1"), revision("r2", "r1"), revision("r3", "r2")
Run = Callable[["_World", Applier], Outcome]


class _Lock:
    connection = SESSION

    def require(self) -> None:
        """It is held."""


@dataclass
class _World:
    """``runs`` are what env.py does, one after the other; ``heads`` what the database says then."""

    runs: list[Run]
    heads: tuple[str, ...] = ("r1",)
    events: list[LedgerEvent] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def run_upgrade(self, _project: object, _place: object, *, overseer: Applier, **asked: Any) -> Outcome:
        self.asked.append(asked)
        overseer.configured("per revision")
        return self.runs.pop(0)(self, overseer)

    def told(self) -> list[tuple[str, str, str]]:
        return [(one.event, one.revision, one.detail) for one in self.events]


def _install(monkeypatch: pytest.MonkeyPatch, *runs: Run) -> _World:
    world = _World(list(runs))
    monkeypatch.setattr(apply, "run_upgrade", world.run_upgrade)
    monkeypatch.setattr(apply, "current_heads", lambda *_: world.heads)
    monkeypatch.setattr(apply, "append_events", lambda _, events: world.events.extend(events))
    monkeypatch.setattr(
        apply, "read_journal", lambda _, one: tuple(each for each in world.journal if each.revision == one)
    )
    return world


def _attempts(world: _World, pending: Sequence[Revision] = (_R2, _R3), **request: Any) -> Attempts:
    given: dict[str, Any] = {"pause": world.pauses.append, "jitter": lambda: 1.0, "patience_s": 1000.0}
    asked = ApplyRequest(STAGING, MigrationProject(Path()), Path(), **{**given, **request})
    return Attempts(
        asked,
        cast("ApplyLock", _Lock()),
        AUTHOR,
        history_of(_R1, *pending),
        pending,
        approve(),
        target_now(heads=("r1",)),
    )


def _succeed(*revisions: str) -> Run:
    def run(world: _World, applier: Applier) -> Outcome:
        for one in revisions:
            applier.revision_begins(one)
            applier.statement_begins(replace(start(1, "ALTER TABLE t ADD c int"), revision=one))
            applier.revision_ends(one, 2.0)
            applier.transaction_ended(committed=True, at=0.0)
            world.heads = (one,)
        return Outcome(completed=list(revisions))

    return run


def _fail(revision: str, sqlstate: str | None, *, after: Sequence[str] = (), touch: bool = False) -> Run:
    """``touch``: something of it was committed before."""

    def run(world: _World, applier: Applier) -> Outcome:
        outcome = _succeed(*after)(world, applier)
        applier.revision_begins(revision)
        applier.statement_begins(replace(start(1, "ALTER TABLE t ADD c int"), revision=revision))
        if touch:
            applier.committing(-1)
            applier.transaction_ended(committed=True, at=0.0)
        applier.revision_failed(revision, sqlstate, "it said so")
        outcome.failed, outcome.sqlstate, outcome.message = revision, sqlstate, "it said so"
        outcome.raised = Raised("Error", "it said so", sqlstate=sqlstate)
        return outcome

    return run


def _refused(attempts: Attempts, kind: type[DbtoolError]) -> str:
    with pytest.raises(kind) as refused:
        attempts.go()
    assert type(refused.value) is kind
    return str(refused.value)


def _end_early(outcome: Outcome) -> Run:
    return lambda _world, _applier: outcome


def test_what_ends_before_any_revision_is_no_failure_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(
        monkeypatch, _end_early(Outcome(raised=Raised("KeyError", "'REGION'", "migrations/env.py:7")))
    )
    message = _refused(_attempts(world), AnswerIsNo)
    assert message == (
        "env.py ended before revision r2 began: KeyError at migrations/env.py:7: 'REGION'; nothing of it was done."
    )
    assert world.told() == []


def test_a_version_table_that_nobody_declared_is_a_matter_of_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Raised("VersionTableElsewhere", "env.py keeps its revision in ours, where nobody looks for it")
    message = _refused(
        _attempts(_install(monkeypatch, _end_early(Outcome(raised=told)))), ConfigurationInvalid
    )
    assert "[project.alembic] version_table" in message


def test_everything_pending_is_applied_in_one_run_with_a_start_as_each_turn_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = _install(monkeypatch, _succeed("r2", "r3"))
    done = _attempts(world, without_staging="it is being rebuilt").go()
    assert [(one.id, one.file, one.attempts, one.seconds) for one in done] == [
        ("r2", "versions/r2.py", 1, 2.0),
        ("r3", "versions/r3.py", 1, 2.0),
    ]
    reason = "without staging: it is being rebuilt"
    assert world.told() == [(Event.START, "r2", reason), (Event.START, "r3", reason)]
    assert world.events[0].digest == "digest of r2"
    (asked,) = world.asked
    assert asked.pop("version_table").name == "alembic_version"
    assert asked == {"revisions": ["r2", "r3"], "destination": "r3", "trace": False}
    assert world.pauses == []


@pytest.mark.parametrize("sqlstate", ["55P03", "40P01"])
def test_a_lock_that_was_not_to_be_had_is_tried_for_again(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    world = _install(monkeypatch, _fail("r2", sqlstate), _fail("r2", sqlstate), _succeed("r2", "r3"))
    done = _attempts(world).go()
    assert [(one.id, one.attempts) for one in done] == [("r2", 3), ("r3", 1)]
    assert world.told() == [
        (Event.START, "r2", ""),
        (Event.RETRY, "r2", f"{sqlstate} after 1 try"),
        (Event.RETRY, "r2", f"{sqlstate} after 2 tries"),
        (Event.START, "r3", ""),
    ]
    assert world.pauses == [0.5, 1.0]


def test_a_second_revision_is_tried_for_again_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(monkeypatch, _fail("r3", "55P03", after=["r2"]), _succeed("r3"))
    done = _attempts(world).go()
    assert [(one.id, one.attempts) for one in done] == [("r2", 1), ("r3", 2)]
    assert world.asked[1]["revisions"] == ["r3"]
    assert [event for event, one, _ in world.told() if one == "r3"] == [Event.START, Event.RETRY]


def test_a_lock_failure_of_the_commit_is_tried_again_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def commit_fails(_world: _World, applier: Applier) -> Outcome:
        applier.revision_begins("r2")
        applier.revision_ends("r2", 1.0)
        applier.transaction_ended(committed=False, at=0.0)
        return Outcome(
            completed=["r2"], raised=Raised("DeadlockDetected", "deadlock detected", sqlstate="40P01")
        )

    world = _install(monkeypatch, commit_fails, _succeed("r2", "r3"))
    assert len(_attempts(world).go()) == 2


def test_pauses_grow_to_a_limit_and_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(monkeypatch, *[_fail("r2", "55P03")] * 8, _succeed("r2", "r3"))
    _attempts(world, jitter=lambda: 0.0).go()
    assert world.pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 7.5, 7.5, 7.5]


def test_patience_ends_with_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(monkeypatch, _fail("r2", "55P03"))
    message = _refused(_attempts(world, patience_s=0.0), LockNotAcquired)
    assert "it said so after 1 try" in message
    assert "rolled back" in message
    assert "--patience" in message
    assert world.told() == [(Event.START, "r2", ""), (Event.FAILURE, "r2", "55P03")]


@pytest.mark.parametrize("sqlstate", ["23505", "42701", "57014", None])
def test_any_other_failure_is_the_answer_at_once(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str | None
) -> None:
    world = _install(monkeypatch, _fail("r2", sqlstate))
    message = _refused(_attempts(world), AnswerIsNo)
    assert "revision r2 (versions/r2.py) failed on staging" in message
    assert world.told()[-1] == (Event.FAILURE, "r2", sqlstate or "")
    assert world.pauses == []


def test_what_has_committed_something_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(monkeypatch, _fail("r2", "55P03", touch=True))
    message = _refused(_attempts(world), PartlyDone)
    assert "Of r2 something is committed" in message
    assert "dbtool migrate apply --target staging" in message
    assert "Applied and committed" not in message
    assert world.pauses == []


def test_what_an_earlier_run_committed_stands_however_this_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(
        monkeypatch, lambda *_: Outcome(raised=Raised("ImportError", "no module named shop", "env.py:1"))
    )
    world.journal = [entry(1, "ALTER TABLE t ADD c int")]
    message = _refused(_attempts(world), PartlyDone)
    assert "no module named shop" in message
    assert "Of r2 something is committed" in message


def test_revisions_that_were_applied_before_the_failure_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(monkeypatch, _fail("r3", "23505", after=["r2"]))
    attempts = _attempts(world)
    message = _refused(attempts, PartlyDone)
    assert "revision r3 (versions/r3.py) failed on staging" in message
    assert "Applied and committed: r2." in message
    assert [one.id for one in attempts.done] == ["r2"]
    assert world.told()[-1] == (Event.FAILURE, "r3", "23505")


def test_the_database_decides_what_is_applied_and_not_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(world: _World, applier: Applier) -> Outcome:
        outcome = _succeed("r2", "r3")(world, applier)
        world.heads = ("r2",)
        return outcome

    world = _install(monkeypatch, forget)
    attempts = _attempts(world)
    _refused(attempts, PartlyDone)
    assert [one.id for one in attempts.done] == ["r2"]


def test_what_was_not_rehearsed_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_world: _World, applier: Applier) -> Outcome:
        applier.revision_begins("r2")
        applier.error = RevisionEdited("statement 1 is another")
        return Outcome(failed="r2", stopped="statement 1 is another", sqlstate="55P03")

    world = _install(monkeypatch, stop)
    assert _refused(_attempts(world), RevisionEdited) == "statement 1 is another"
    assert world.told()[-1][0] == Event.FAILURE


def test_branches_that_run_in_another_order_are_named_as_they_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = revision("left", "r1"), revision("right", "r1")
    world = _install(monkeypatch, _fail("right", "23505"))
    message = _refused(_attempts(world, (left, right)), AnswerIsNo)
    assert "revision right (versions/right.py)" in message
    assert world.told() == [(Event.START, "right", ""), (Event.FAILURE, "right", "23505")]
    assert world.asked[0]["destination"] == "heads"


def test_one_transaction_for_all_takes_every_revision_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(world: _World, applier: Applier) -> Outcome:
        outcome = _fail("r3", "23505", after=["r2"])(world, applier)
        world.heads = ("r1",)
        return outcome

    world = _install(monkeypatch, run)
    message = _refused(_attempts(world), AnswerIsNo)
    assert "revision r3" in message
    assert world.told()[-2:] == [
        (Event.FAILURE, "r2", "rolled back with r3"),
        (Event.FAILURE, "r3", "23505"),
    ]


def test_an_env_py_that_goes_elsewhere_is_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _install(
        monkeypatch, lambda *_: Outcome(elsewhere=["db:5432/shop"], raised=Raised("Elsewhere", "refused"))
    )
    assert "db:5432/shop" in _refused(_attempts(world), ConfigurationInvalid)


def test_a_revision_failing_is_told_even_where_env_py_asked_for_another_place_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(world: _World, applier: Applier) -> Outcome:
        outcome = _fail("r2", "23505")(world, applier)
        outcome.elsewhere = ["db:5432/shop"]
        return outcome

    _refused(_attempts(_install(monkeypatch, run)), AnswerIsNo)


def test_a_version_stamped_against_our_word_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def stamped(world: _World, applier: Applier) -> Outcome:
        applier.error = RevisionEdited("it did less than in its rehearsal.")
        world.heads = ("r3",)
        return Outcome(raised=Raised("Error", "dbtool stops the revision"))

    world = _install(monkeypatch, stamped)
    assert "stamped all the same: r2, r3" in _refused(_attempts(world), PartlyDone)


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
    assert apply._applied(pending, heads) == applied  # noqa: SLF001  what _settle builds on


def test_waiting_for_a_lock_is_told_to_whoever_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hearing(Silent):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def waiting(self, reason: str) -> None:
            self.heard.append(reason)

    hearing = Hearing()
    world = _install(monkeypatch, _fail("r2", "55P03"), _succeed("r2", "r3"))
    _attempts(world, observer=hearing).go()
    assert hearing.heard == ["r2: it said so; trying again in 0.5 s"]


def test_a_lock_that_env_py_itself_waits_for_is_tried_for_and_is_no_revisions_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocked = Outcome(raised=Raised("LockNotAvailable", "canceling statement", "env.py:3", sqlstate="55P03"))
    world = _install(monkeypatch, lambda *_: blocked, _succeed("r2", "r3"))
    assert [one.attempts for one in _attempts(world).go()] == [1, 1]
    assert [event for event, *_ in world.told()] == [Event.START, Event.START]
    assert world.pauses == [0.5]
    message = _refused(_attempts(_install(monkeypatch, lambda *_: blocked), patience_s=0.0), LockNotAcquired)
    assert "before revision r2 began: canceling statement" in message
