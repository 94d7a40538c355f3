"""What an application asks of its target before it begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.errors import ConfigurationInvalid, EnvironmentFailed
from dbtool.findings import Finding, Severity
from dbtool.migrate import survey
from dbtool.migrate.apply import preflight
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest, Silent
from dbtool.migrate.target import refuse_standby
from tests.unit.migrate.application_cases import SESSION, STAGING, history_of, revision, target_now
from tests.unit.migrate.evidence_cases import FACTS

_FOUND = Finding("long-transaction", Severity.WARNING, "staging", "pid 4711")


class _Hearing(Silent):
    def __init__(self) -> None:
        self.heard: list[Finding] = []

    def found(self, finding: Finding) -> None:
        self.heard.append(finding)


@pytest.mark.parametrize("cancel", [False, True])
def test_obstacles_are_told_at_once_and_kept_for_the_report(
    monkeypatch: pytest.MonkeyPatch, cancel: bool
) -> None:
    asked: list[tuple[object, ...]] = []

    def look(target: object, connection: object, *, cancel_refresh: bool) -> tuple[Finding, ...]:
        asked.append((target, connection, cancel_refresh))
        return (_FOUND,)

    monkeypatch.setattr(preflight, "look_for_obstacles", look)
    hearing = _Hearing()
    request = ApplyRequest(STAGING, MigrationProject(Path()), Path(), cancel_refresh=cancel, observer=hearing)
    assert preflight.preflight(request, SESSION) == (_FOUND,)
    assert hearing.heard == [_FOUND]
    assert asked == [(STAGING, SESSION, cancel)]


def test_a_standby_is_refused_with_the_setting_that_leads_to_its_primary() -> None:
    refuse_standby(STAGING, target_now())
    with pytest.raises(EnvironmentFailed, match=r"staging is a standby.*environments\.staging\.apply_url"):
        refuse_standby(STAGING, target_now(facts=replace(FACTS, is_standby=True)))


def test_an_environment_that_cannot_be_read_says_why() -> None:
    def missing() -> str:
        raise ConfigurationInvalid("STAGING_URL is not set")

    found = survey.survey(MigrationProject(Path()), replace(STAGING, url=missing), history_of(revision("a")))
    assert (found.name, found.tier, found.problem) == ("staging", "staging", "STAGING_URL is not set")
    assert (found.heads, found.pending, found.last) == ((), (), None)
