"""What was seen on the clone → findings, waivers and a verdict. Pure, but for squawk's program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dbtool.catalog.definitions import describe_drift
from dbtool.errors import ProgramFailed
from dbtool.findings import Finding, Severity
from dbtool.lint import squawk
from dbtool.lint.revision_checks import judge_files
from dbtool.lint.waivers import Waiver, apply_waivers, parse_waivers
from dbtool.locks.hints import judge_revisions
from dbtool.locks.trace import Population, RevisionTrace
from dbtool.masking.mask import Registry
from dbtool.masking.masks import MASKS
from dbtool.migrate.clone.make import Clone
from dbtool.migrate.ledger import find_edited
from dbtool.migrate.rehearse import aftermath
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.request import RehearseRequest
from dbtool.migrate.revisions.history import History, Revision
from dbtool.migrate.runner.ending import describe_end
from dbtool.migrate.runner.outcome import Outcome
from dbtool.migrate.target import TargetNow
from dbtool.rules.model import RuleSet
from dbtool.targets import Target

_NAMED_DRIFTS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """``waivers`` are those that were used, by revision."""

    revisions: tuple[RevisionTrace, ...]
    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, str], ...]
    waivers: tuple[tuple[str, Waiver], ...]
    not_rehearsed: tuple[str, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self._of(Severity.WARNING)

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        of_revisions = (finding for one in self.revisions for finding in one.all_findings)
        return tuple(one for one in (*self.findings, *of_revisions) if one.severity is severity)

    @property
    def verdict(self) -> str:
        failed = any(one.status != "ok" for one in self.revisions)
        return "fail" if failed or self.errors else "pass"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a rehearsal is judged by. ``rules`` None: the project has none. ``given`` was found before anything ran,
    ``ddl`` is the target's.
    """

    population: Population
    major: int
    rules: RuleSet | None
    registry: Registry
    expected_heads: tuple[str, ...]
    today: date
    ddl: tuple[str, ...]
    given: tuple[Finding, ...] = ()


def yardstick(request: RehearseRequest, seen: TargetNow, clone: Clone, history: History) -> Yardstick:
    return Yardstick(
        population=clone.population,
        major=int(clone.target_version.split(".")[0]),
        rules=request.rules,
        registry=MASKS,
        expected_heads=history.heads,
        today=request.now().date(),
        ddl=seen.ddl,
        given=(*clone.findings, *_judge_edited(request.target, history, seen)),
    )


def _judge_clone(ran: Ran, yardstick: Yardstick) -> Iterator[Finding]:
    """What the clone was made without has findings of its own, so that this is what nobody expects."""
    target = [line for line in yardstick.ddl if not line.startswith("extension ")]
    clone = [line for line in ran.ddl_before if not line.startswith("extension ")]
    if target != clone:
        yield Finding(
            "clone-differs",
            Severity.WARNING,
            "the clone",
            f"its schema is not quite the target's: {describe_drift(target, clone, _NAMED_DRIFTS, with_texts=False)}",
            "rehearse on a server of the target's major and with its extensions: --clone container --image …",
        )


def _judge_edited(target: Target, history: History, seen: TargetNow) -> Iterator[Finding]:
    """An application would be refused for it."""
    for one in find_edited(history, seen.entries, seen.heads):
        yield Finding(
            "revision-edited",
            Severity.ERROR,
            one.revision.file,
            f"revision {one.revision.id} was applied with other code than its file has now: the database does not change "
            "with it, and no two databases need be alike any more",
            "restore the file and write a new revision; or, where the difference is none to the database: "
            f"dbtool migrate accept {one.revision.id} --target {target} --reason …",
        )


def judge(ran: Ran, pending: Sequence[Revision], yardstick: Yardstick) -> Judged:
    revisions, silent = _with_squawk(
        judge_revisions(tuple(_all_revisions(ran, pending)), yardstick.population, major=yardstick.major),
        yardstick.major,
    )
    heeded = _waive(revisions, pending, yardstick.today)
    findings = (
        *yardstick.given,
        *_judge_clone(ran, yardstick),
        *heeded.beside,
        *_aftermath(ran, yardstick),
        *_unexplained(ran),
    )
    return Judged(
        revisions=tuple(heeded.revisions),
        findings=findings,
        waived=tuple(heeded.waived),
        waivers=tuple(heeded.used),
        not_rehearsed=(*silent, *_not_rehearsed(ran, yardstick)),
    )


def _all_revisions(ran: Ran, pending: Sequence[Revision]) -> Iterator[RevisionTrace]:
    """Those behind a failed one did not run, and nobody should think that they did."""
    seen = {one.id: one for one in ran.revisions}
    for revision in pending:
        yield seen.get(revision.id) or RevisionTrace(revision.id, revision.file, "not run", 0.0)


def _with_squawk(
    revisions: tuple[RevisionTrace, ...], major: int
) -> tuple[tuple[RevisionTrace, ...], tuple[str, ...]]:
    try:
        found = squawk.judge_all(revisions, major=major)
    except ProgramFailed as error:
        return revisions, (f"squawk's checks of the executed SQL: {error}",)
    return tuple(_merged(one, found.get(one.id, {})) for one in revisions), ()


def _merged(revision: RevisionTrace, found: Mapping[int, tuple[Finding, ...]]) -> RevisionTrace:
    statements = tuple(
        replace(one, findings=squawk.merge(one, found.get(one.ordinal, ()))) for one in revision.statements
    )
    return replace(revision, statements=statements)


@dataclass
class _Waived:
    """What is left once the revisions' comments have been heeded, and what they took away."""

    revisions: list[RevisionTrace] = field(default_factory=list)
    beside: list[Finding] = field(default_factory=list)
    waived: list[tuple[Finding, str]] = field(default_factory=list)
    used: list[tuple[str, Waiver]] = field(default_factory=list)


def _waive(revisions: Sequence[RevisionTrace], pending: Sequence[Revision], today: date) -> _Waived:
    done = _Waived()
    by_id = {one.id: one for one in pending}
    for one in revisions:
        file = by_id[one.id]
        outcome = apply_waivers(one, parse_waivers(file), today, beside=judge_files([file]))
        done.revisions.append(outcome.revision)
        done.beside += outcome.beside
        done.waived += [(finding, waiver.reason) for finding, waiver in outcome.waived]
        done.used += dict.fromkeys((one.id, waiver) for _, waiver in outcome.waived)
    return done


def _aftermath(ran: Ran, yardstick: Yardstick) -> Iterator[Finding]:
    """Of a failed run, what its first revisions have left is looked at all the same."""
    if ran.completed:
        yield from aftermath.judge_heads(ran.after, yardstick.expected_heads, ran.outcome.version_table)
    yield from aftermath.judge_unfinished(ran.before, ran.after)
    if yardstick.rules is not None:
        yield from aftermath.judge_new_columns(ran.before, ran.after, yardstick.rules, yardstick.registry)
        yield from aftermath.judge_kept_columns(ran.before, ran.after, yardstick.rules, yardstick.registry)
    yield from aftermath.judge_model(ran.drift)


def _unexplained(ran: Ran) -> Iterator[Finding]:
    """env.py ended outside of any statement: an import, a Python error, a check of its own."""
    told = any(statement.failure for one in ran.revisions for statement in one.statements)
    if ran.completed or told:
        return
    where = ran.outcome.failed or (ran.outcome.raised.place if ran.outcome.raised else "") or "env.py"
    yield Finding(
        "migration-fails",
        Severity.ERROR,
        where,
        f"the run ended before its time: {describe_end(ran.outcome)}",
        "mend the revision or env.py, then rehearse again",
    )


def _guarded(outcome: Outcome) -> Iterator[str]:
    if outcome.guard == "drivers":
        yield (
            "isolation: the network was left open, or the system allows no closing of it: only database drivers and "
            "Python's sockets were kept from reaching elsewhere"
        )
    if outcome.redirected:
        yield f"addresses: env.py meant {', '.join(outcome.redirected)} and was led to the clone instead"
    if outcome.unreachable:
        yield f"network: env.py was kept from {', '.join(outcome.unreachable)}, and may behave otherwise where it is not"


def _not_rehearsed(ran: Ran, yardstick: Yardstick) -> Iterator[str]:
    if yardstick.population.data == "schema":
        yield "data: the clone's tables were empty, so that whatever fails only with data was not seen (--data staging)"
    if yardstick.population.data == "subset":
        yield "data: the clone held a subset of the target's rows, so that what fails only with the others was not seen"
    if yardstick.rules is None:
        yield "masking rules: the project has none, so that new columns were not asked about"
    if ran.not_compared:
        yield f"models: {ran.not_compared}"
    yield from _guarded(ran.outcome)
    yield "contention: nobody else used the clone; what waits behind a lock depends on the target's traffic"
