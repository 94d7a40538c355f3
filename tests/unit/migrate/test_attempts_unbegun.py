"""env.py that ends before any revision begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.errors import AnswerIsNo, ConfigurationInvalid, RevisionEdited
from dbtool.migrate.runner.run import Outcome, Raised
from tests.unit.migrate.attempt_cases import R2, Run, attempts_of, install, refusal


def _end_early(outcome: Outcome) -> Run:
    return lambda _world, _applier: outcome


def test_what_ends_before_any_revision_is_no_failure_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = install(
        monkeypatch, _end_early(Outcome(raised=Raised("KeyError", "'REGION'", "migrations/env.py:7")))
    )
    message = refusal(attempts_of(world), AnswerIsNo)
    assert message == (
        "env.py ended before revision r2 began: KeyError at migrations/env.py:7: 'REGION'; nothing of it was done."
    )
    assert world.told() == []


def test_a_version_table_that_nobody_declared_is_a_matter_of_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Raised("VersionTableElsewhere", "env.py keeps its revision in ours, where nobody looks for it")
    message = refusal(
        attempts_of(install(monkeypatch, _end_early(Outcome(raised=told)))), ConfigurationInvalid
    )
    assert "[project.alembic] version_table" in message


def test_a_file_that_changes_while_it_is_about_to_be_run_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Raised("FilesChanged", "versions/r2.py was changed while it was about to be run")
    world = install(monkeypatch, _end_early(Outcome(raised=told)))
    pending = (replace(R2, content="0" * 64),)
    message = refusal(attempts_of(world, pending), RevisionEdited)
    assert "nothing of it was done" in message
    assert world.asked[0]["contents"] == {"r2": "0" * 64}
