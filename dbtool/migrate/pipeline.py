"""revisions → clone → rehearse → gate → apply → ledger

The only module that knows the order. A rehearsal writes nothing to the target; an application changes it only with an
approval, and only forward.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from dbtool.author import Author, new_run_id
from dbtool.ledger import LedgerEntry
from dbtool.migrate import ledger
from dbtool.migrate.apply.applier import APPLICATION_NAME
from dbtool.migrate.apply.attempts import Attempts, name_author, tell_holder
from dbtool.migrate.apply.cut_short import telling_what_stands
from dbtool.migrate.apply.preflight import preflight
from dbtool.migrate.clone.make import rehearsal_clone
from dbtool.migrate.create import generate_revision, write_revision
from dbtool.migrate.gate.approve import approve, compare_with_rehearsed
from dbtool.migrate.gate.prove import prove
from dbtool.migrate.rehearse.accepted import accept_kept
from dbtool.migrate.rehearse.rehearsal import plan_clone, run_on_clone
from dbtool.migrate.rehearse.rehearsed import Rehearsed
from dbtool.migrate.rehearse.verdict import judge, yardstick
from dbtool.migrate.request import ApplyRequest, RehearseRequest, StatusRequest
from dbtool.migrate.result import Application, Rehearsal, Status
from dbtool.migrate.revisions.history import find_destination, plan_pending, refuse_empty
from dbtool.migrate.runner.run import describe
from dbtool.migrate.summary import nothing_applied, nothing_rehearsed, summarise, summarise_application
from dbtool.migrate.survey import read_place, survey
from dbtool.migrate.target import look_at, refuse_standby
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.sessions import end_abandoned
from dbtool.targets import Target


def rehearse(request: RehearseRequest) -> Rehearsal:
    """Run the target's pending revisions on a disposable clone of it, and say what they would do.

    :raises DbtoolError: as errors.py says; the target was only read.
    """
    began = time.monotonic()
    request.observer.stage("revisions")
    history = describe(request.project)
    refuse_empty(history)
    seen = look_at(request.project, request.target)
    pending = plan_pending(history, seen.heads, several_heads=request.several_heads)
    if not pending:
        return nothing_rehearsed(request, seen)
    with rehearsal_clone(plan_clone(request, seen), request.observer.stage) as clone:
        request.observer.stage("rehearse")
        ran = run_on_clone(request, clone, pending, find_destination(history))
    request.observer.stage("judge")
    measure = yardstick(request, seen, clone, history)
    judged = judge(ran, pending, accept_kept(ran, measure) if request.accept else measure)
    rehearsed = Rehearsed(request, seen, history, pending, clone, ran, judged)
    return summarise(rehearsed, prove(rehearsed), time.monotonic() - began)


def apply(request: ApplyRequest) -> Application:
    """Bring the target forward.

    :raises DbtoolError: as errors.py says; what a message does not say stands, does not.
    """
    began = time.monotonic()
    request.observer.stage("revisions")
    history = describe(request.project)
    refuse_empty(history)
    request.observer.stage("lock")
    with apply_lock(request.target.url(), request.wait_s, tell_holder(request)) as lock:
        end_abandoned(lock.connection, APPLICATION_NAME)
        seen = look_at(request.project, request.target)
        refuse_standby(request.target, seen)
        pending = plan_pending(history, seen.heads, several_heads=request.several_heads)
        author = name_author(request)
        if not pending:
            ledger.settle(lock.connection, author, history, seen.heads)
            return nothing_applied(request, seen, author)
        request.observer.stage("gate")
        ledger.refuse_edited(request.target, history, seen.entries, seen.heads)
        approval = approve(request, seen, history, pending, lock.connection)
        findings = (*approval.findings, *preflight(request, lock.connection))
        ledger.begin(lock.connection, author, history, seen.heads)
        author = replace(author, evidence_id=approval.evidence_id)
        request.observer.stage("apply")
        attempts = Attempts(request, lock, author, history, pending, approval, seen)
        with telling_what_stands(request, lock, history, pending):
            attempts.go()
            after = look_at(request.project, request.target)
    findings = (*findings, *compare_with_rehearsed(approval, after))
    return summarise_application(attempts, after, findings, time.monotonic() - began)


def status(request: StatusRequest) -> Status:
    """Every environment's place in the history; one that cannot be read says why."""
    history = describe(request.project)
    return Status(
        revisions=tuple((one.id, one.message) for one in history.revisions),
        heads=history.heads,
        environments=tuple(survey(request.project, target, history) for target in request.targets),
    )


def history(target: Target) -> tuple[LedgerEntry, ...]:
    """The target's ledger, oldest first."""
    return ledger.read_history(target) or ()


def accept(request: StatusRequest, target: Target, revision: str, reason: str) -> LedgerEntry:
    """Put on record that an applied revision's file may differ from what was applied."""
    described = describe(request.project)
    heads, _ = read_place(request.project, target)
    author = Author(new_run_id(request.now()), target.name, request.actor, request.git_commit)
    return ledger.accept(target, author, history=described, heads=heads, revision=revision, reason=reason)


def new(
    request: StatusRequest, message: str, *, autogenerate: Target | None = None, merge: bool = False
) -> Path:
    """Write a revision file without a downgrade.

    :raises UsageError: there is nothing to merge, or the message is empty; nothing was written.
    """
    if autogenerate is None:
        return write_revision(request, message, merge=merge)
    return generate_revision(request, message, autogenerate)
