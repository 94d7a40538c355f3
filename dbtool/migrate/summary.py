"""Everything a rehearsal or an application came to → the result that reports render. Pure."""

from __future__ import annotations

from dbtool.author import Author
from dbtool.findings import Finding
from dbtool.locks.trace import Population
from dbtool.migrate.apply.attempts import Attempts
from dbtool.migrate.rehearse.rehearsed import Rehearsed
from dbtool.migrate.request import ApplyRequest, RehearseRequest
from dbtool.migrate.result import Application, EvidenceReceipt, Rehearsal
from dbtool.migrate.target import TargetNow


def nothing_rehearsed(request: RehearseRequest, seen: TargetNow) -> Rehearsal:
    """The target has everything: there is nothing to fail, and nothing to prove."""
    return Rehearsal(
        target=request.target.name,
        verdict="pass",
        current=seen.heads,
        heads=seen.heads,
        revisions=(),
        clone=None,
        population=Population(data="none"),
    )


def summarise(rehearsed: Rehearsed, receipt: EvidenceReceipt | None, seconds: float) -> Rehearsal:
    clone, ran, judged = rehearsed.clone, rehearsed.ran, rehearsed.judged
    return Rehearsal(
        target=rehearsed.request.target.name,
        verdict=judged.verdict,
        current=rehearsed.seen.heads,
        heads=ran.after.heads,
        revisions=judged.revisions,
        clone=clone.describe(ran.outcome.guard),
        population=clone.population,
        findings=judged.findings,
        waived=judged.waived,
        not_rehearsed=judged.not_rehearsed,
        evidence=receipt,
        output=ran.outcome.output,
        seconds=seconds,
    )


def nothing_applied(request: ApplyRequest, seen: TargetNow, author: Author) -> Application:
    return Application(
        target=request.target.name,
        status="nothing",
        before=seen.heads,
        after=seen.heads,
        revisions=(),
        run_id=author.run_id,
    )


def summarise_application(
    attempts: Attempts, after: TargetNow, findings: tuple[Finding, ...], seconds: float
) -> Application:
    return Application(
        target=attempts.request.target.name,
        status="ok",
        before=attempts.seen.heads,
        after=after.heads,
        revisions=tuple(attempts.done),
        run_id=attempts.author.run_id,
        evidence_id=attempts.author.evidence_id,
        findings=findings,
        seconds=seconds,
    )
