"""A copy of a database that was behind, brought to where the replaced one stood."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dbtool.errors import AnswerIsNo
from dbtool.migrate.apply import forward
from dbtool.migrate.apply.forward import bring_forward
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.history import History
from dbtool.migrate.runner.outcome import Outcome, Raised
from dbtool.migrate.runner.overseer import Go, Onlooker
from tests.unit.migrate.application_cases import history_of, revision, start

_HISTORY = history_of(
    revision("a"),
    revision("b", "a"),
    revision("left", "b"),
    revision("right", "b"),
    revision("later", "left"),
)


@dataclass
class _Database:
    heads: tuple[str, ...]
    outcome: Outcome = field(default_factory=Outcome)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    fails: bool = False

    def run_upgrade(self, _project: object, _place: object, **asked: Any) -> Outcome:
        self.asked.append((asked["destination"], asked["revisions"]))
        if not self.fails:
            stood_on = _HISTORY.ancestors(_HISTORY.get(asked["destination"]).down)
            self.heads = (*(one for one in self.heads if one not in stood_on), asked["destination"])
        return self.outcome


def _install(
    monkeypatch: pytest.MonkeyPatch, *heads: str, history: History = _HISTORY, **fields: Any
) -> _Database:
    database = _Database(heads, **fields)
    monkeypatch.setattr(forward, "describe", lambda _: history)
    monkeypatch.setattr(forward, "connect", lambda *_, **__: nullcontext())
    monkeypatch.setattr(forward, "current_heads", lambda *_: database.heads)
    monkeypatch.setattr(forward, "run_upgrade", database.run_upgrade)
    return database


def _bring(*wanted: str) -> tuple[str, ...]:
    return bring_forward(MigrationProject(Path()), "", wanted)


def test_what_is_lacking_is_applied_up_to_the_head_that_was_there_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = _install(monkeypatch, "a")
    assert _bring("left") == ("b", "left")
    assert database.asked == [("left", ["b", "left"])]


def test_several_heads_are_reached_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    database = _install(monkeypatch, "a")
    assert _bring("left", "right") == ("b", "left", "right")
    assert [head for head, _ in database.asked] == ["left", "right"]


@pytest.mark.parametrize(("heads", "wanted"), [("left", "left"), ("later", "left"), ("a", "gone")])
def test_nothing_is_run_where_nothing_is_lacking_or_known(
    monkeypatch: pytest.MonkeyPatch, heads: str, wanted: str
) -> None:
    database = _install(monkeypatch, heads)
    assert _bring(wanted) == ()
    assert database.asked == []


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(failed="b", sqlstate="23505", message="duplicate"), r"revision b: duplicate \(23505\)"),
        (Outcome(elsewhere=["db:5432/shop"], raised=Raised("E", "")), "env.py connects to db:5432/shop"),
        (Outcome(raised=Raised("Incomplete", "returned early")), "returned early"),
    ],
)
def test_a_head_that_is_not_reached_is_refused_whatever_the_child_said(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, said: str
) -> None:
    _install(monkeypatch, "a", outcome=outcome, fails=True)
    with pytest.raises(AnswerIsNo, match=f"could not be brought to left.*{said}"):
        _bring("left")


def test_an_onlooker_lets_everything_happen() -> None:
    assert Onlooker().statement_begins(start(1, "DROP TABLE parcel")) == Go()
    assert Onlooker().revision_ends("r2", 1.0) == Onlooker().committing(1) == ()
