"""New revision files: plain ones, merges, and those generated from a migrated clone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dbtool.errors import AnswerIsNo, ConfigurationInvalid, DbtoolError, UsageError
from dbtool.migrate import create
from dbtool.migrate.create import generate_revision, write_revision
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import StatusRequest
from dbtool.migrate.revisions.history import History
from dbtool.migrate.runner.outcome import Outcome, Raised
from tests.unit.migrate.application_cases import STAGING, history_of, revision, target_now
from tests.unit.migrate.rehearsal_cases import clone

_ONE = history_of(revision("a"), revision("b", "a"))
_TWO = history_of(revision("a"), revision("b"))
Written = list[dict[str, Any]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    made: Written = []

    def note(_project: object, message: str, **asked: Any) -> Path:
        made.append({"message": message, **asked})
        return Path("new.py")

    monkeypatch.setattr(create, "create_revision", note)
    monkeypatch.setattr(create, "look_at", lambda *_: target_now(heads=("a",)))
    return made


def _request(monkeypatch: pytest.MonkeyPatch, history: History, **project: Any) -> StatusRequest:
    monkeypatch.setattr(create, "describe", lambda _: history)
    return StatusRequest(MigrationProject(Path(), **project), (STAGING,))


def test_a_plain_one_asks_nobody(monkeypatch: pytest.MonkeyPatch, written: Written) -> None:
    assert write_revision(_request(monkeypatch, _TWO), "a note", merge=False) == Path("new.py")
    assert written == [{"message": "a note"}]


def test_a_merge_is_of_all_heads_and_needs_two(monkeypatch: pytest.MonkeyPatch, written: Written) -> None:
    write_revision(_request(monkeypatch, _TWO), "together", merge=True)
    assert written == [{"message": "together", "merge": ("a", "b")}]
    for history, head in ((_ONE, "b"), (history_of(), "none")):
        with pytest.raises(UsageError, match=f"one head, {head}: nothing to merge; nothing was written"):
            write_revision(_request(monkeypatch, history), "together", merge=True)
    assert len(written) == 1


def _generate(monkeypatch: pytest.MonkeyPatch, outcome: Outcome, **project: Any) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    @contextmanager
    def cloned(_request: object) -> Iterator[object]:
        yield clone(url="postgresql://clone")

    def run(_project: object, place: object, **given: Any) -> Outcome:
        asked.append({"place": place, **given})
        return outcome

    monkeypatch.setattr(create, "rehearsal_clone", cloned)
    monkeypatch.setattr(create, "run_upgrade", run)
    generate_revision(_request(monkeypatch, _ONE, **project), "a note", STAGING)
    return asked


@pytest.mark.parametrize(("network", "closed"), [("closed", True), ("open", False)])
def test_models_are_compared_with_a_clone_that_has_every_revision(
    monkeypatch: pytest.MonkeyPatch, written: Written, network: str, closed: bool
) -> None:
    (asked,) = _generate(monkeypatch, Outcome(completed=["b"]), network=network)
    assert (asked["revisions"], asked["destination"], asked["trace"]) == (["b"], "b", False)
    place = asked["place"]
    assert (place.url, place.nonce, place.closed) == ("postgresql://clone", "n", closed)
    assert written == [{"message": "a note", "place": place, "autogenerate": True}]


@pytest.mark.parametrize(
    ("outcome", "error", "said"),
    [
        (
            Outcome(failed="b", sqlstate="42701", message="exists", raised=Raised("E", "exists")),
            AnswerIsNo,
            "fail on a clone of staging: exists",
        ),
        (Outcome(raised=Raised("Incomplete", "returned early")), AnswerIsNo, "returned early"),
        (
            Outcome(elsewhere=["db:5432/shop"], raised=Raised("E", "")),
            ConfigurationInvalid,
            "connects to db:5432/shop",
        ),
    ],
)
def test_nothing_is_written_where_the_clone_could_not_be_migrated(
    monkeypatch: pytest.MonkeyPatch, written: Written, outcome: Outcome, error: type[DbtoolError], said: str
) -> None:
    with pytest.raises(error, match=said):
        _generate(monkeypatch, outcome)
    assert written == []
