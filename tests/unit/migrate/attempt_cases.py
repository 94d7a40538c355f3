"""A target and an env.py that do what a test says, and attempts at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from dbtool.errors import DbtoolError
from dbtool.ledger import JournalEntry, LedgerEvent
from dbtool.migrate.apply import attempts as apply
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.apply.attempts import Attempts
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.revisions.history import Revision
from dbtool.migrate.runner.run import Outcome, Raised
from dbtool.postgres.apply_lock import ApplyLock
from tests.unit.migrate.application_cases import (
    AUTHOR,
    SESSION,
    STAGING,
    approve,
    history_of,
    revision,
    start,
    target_now,
)

R1, R2, R3 = revision("r1"), revision("r2", "r1"), revision("r3", "r2")
Run = Callable[["World", Applier], Outcome]


class _Lock:
    connection = SESSION

    def require(self) -> None:
        """It is held."""


@dataclass
class World:
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


def install(monkeypatch: pytest.MonkeyPatch, *runs: Run) -> World:
    world = World(list(runs))
    monkeypatch.setattr(apply, "run_upgrade", world.run_upgrade)
    monkeypatch.setattr(apply, "current_heads", lambda *_: world.heads)
    monkeypatch.setattr(apply, "append_events", lambda _, events: world.events.extend(events))
    monkeypatch.setattr(
        apply, "read_journal", lambda _, one: tuple(each for each in world.journal if each.revision == one)
    )
    return world


def attempts_of(world: World, pending: Sequence[Revision] = (R2, R3), **request: Any) -> Attempts:
    given: dict[str, Any] = {"pause": world.pauses.append, "jitter": lambda: 1.0, "patience_s": 1000.0}
    asked = ApplyRequest(STAGING, MigrationProject(Path()), Path(), **{**given, **request})
    return Attempts(
        asked,
        cast("ApplyLock", _Lock()),
        AUTHOR,
        history_of(R1, *pending),
        pending,
        approve(),
        target_now(heads=("r1",)),
    )


def succeed(*revisions: str) -> Run:
    def run(world: World, applier: Applier) -> Outcome:
        for one in revisions:
            applier.revision_begins(one)
            applier.statement_begins(replace(start(1, "ALTER TABLE t ADD c int"), revision=one))
            applier.revision_ends(one, 2.0)
            applier.transaction_ended(committed=True, at=0.0)
            world.heads = (one,)
        return Outcome(completed=list(revisions))

    return run


def fail(revision: str, sqlstate: str | None, *, after: Sequence[str] = (), touch: bool = False) -> Run:
    """``touch``: something of it was committed before."""

    def run(world: World, applier: Applier) -> Outcome:
        outcome = succeed(*after)(world, applier)
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


def refusal(attempts: Attempts, kind: type[DbtoolError]) -> str:
    with pytest.raises(kind) as refused:
        attempts.go()
    assert type(refused.value) is kind
    return str(refused.value)
