"""What a rehearsal and an application come to, for those who render it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from dbtool.findings import Finding, Severity
from dbtool.migrate.apply.attempts import Attempts
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.rehearse.rehearsed import Rehearsed
from dbtool.migrate.rehearse.verdict import Judged
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.result import AppliedRevision
from dbtool.migrate.summary import nothing_applied, nothing_rehearsed, summarise, summarise_application
from dbtool.postgres.apply_lock import ApplyLock
from tests.unit.migrate.application_cases import AUTHOR, STAGING, approve, history_of, revision, target_now
from tests.unit.migrate.rehearsal_cases import clone, ran, request, state, traced

_FINDING = Finding("x", Severity.ERROR, "the clone", "no")


def test_where_nothing_is_pending_there_is_nothing_to_fail(tmp_path: Path) -> None:
    found = nothing_rehearsed(request(tmp_path), target_now(heads=("r2",)))
    assert (found.verdict, found.current, found.heads, found.revisions) == ("pass", ("r2",), ("r2",), ())
    assert (found.clone, found.evidence) == (None, None)
    asked = ApplyRequest(STAGING, MigrationProject(tmp_path), tmp_path)
    applied = nothing_applied(asked, target_now(heads=("r2",)), AUTHOR)
    assert (applied.status, applied.before, applied.after, applied.run_id) == (
        "nothing",
        ("r2",),
        ("r2",),
        "run-2",
    )


def test_a_rehearsals_result_has_what_was_judged_and_not_what_was_seen(tmp_path: Path) -> None:
    seen, judged = traced("r2"), traced("r2", findings=(_FINDING,))
    rehearsed = Rehearsed(
        request(tmp_path),
        target_now(heads=("r1",)),
        history_of(revision("r2")),
        (revision("r2"),),
        clone(),
        ran(seen, after=state(heads=("r2",))),
        Judged((judged,), (), ((_FINDING, "habit"),), (), ("contention",)),
    )
    found = summarise(rehearsed, None, 3.5)
    assert (found.target, found.verdict, found.current, found.heads) == ("staging", "fail", ("r1",), ("r2",))
    assert found.revisions == (judged,)
    assert (found.waived, found.not_rehearsed) == (((_FINDING, "habit"),), ("contention",))
    assert found.clone is not None
    assert (found.clone.guard, found.clone.version) == ("network namespace", "17.2")
    assert (found.evidence, found.seconds) == (None, 3.5)


def test_an_applications_result_has_what_was_done(tmp_path: Path) -> None:
    attempts = Attempts(
        ApplyRequest(STAGING, MigrationProject(tmp_path), tmp_path),
        cast("ApplyLock", object()),
        AUTHOR,
        history_of(revision("r2")),
        (revision("r2"),),
        approve(),
        target_now(heads=("r1",)),
        done=[AppliedRevision("r2", "versions/r2.py", 1.0, attempts=2)],
    )
    found = summarise_application(attempts, target_now(heads=("r2",)), (_FINDING,), 9.0)
    assert (found.status, found.before, found.after) == ("ok", ("r1",), ("r2",))
    assert [(one.id, one.attempts) for one in found.revisions] == [("r2", 2)]
    assert (found.run_id, found.evidence_id, found.findings, found.seconds) == (
        "run-2",
        None,
        (_FINDING,),
        9.0,
    )
