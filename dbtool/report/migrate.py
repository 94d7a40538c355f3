"""A rehearsal → text: the verdict first, then what each statement did, then what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.text import Text

from dbtool.findings import Finding, Severity
from dbtool.locks.trace import HeldLock, RevisionTrace, StatementTrace
from dbtool.locks.wording import spell_seconds
from dbtool.migrate.result import Rehearsal
from dbtool.report.page import Page, one_line
from dbtool.report.remedies import language_of
from dbtool.report.statement_text import shown
from dbtool.report.traces import (
    count_of,
    describe_failure,
    describe_lock,
    describe_status,
    describe_work,
    elsewhere,
    is_telling,
    telling_locks,
)
from dbtool.report.verdict import (
    describe_clone,
    describe_evidence,
    describe_sizes,
    describe_verdict,
    next_command,
    ordered,
    passed,
    took,
)

_SEVERITIES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_STATUSES = {"failed": "bold red", "not run": "yellow"}  # to have run is no praise
_SQL_SHOWN = 200
_SIZES_SHOWN = 8


def render_rehearsal(
    rehearsal: Rehearsal, *, verbose: bool = False, config: str | None = None
) -> Callable[[int | None], Text]:
    """The report for a terminal's width, or for None. ``config`` is the --config that the next command needs."""
    return partial(_render, rehearsal, verbose=verbose, config=config)


def _render(rehearsal: Rehearsal, width: int | None, *, verbose: bool, config: str | None) -> Text:
    page = Page(width)
    _say_verdict(page, rehearsal)
    for revision in rehearsal.revisions:
        _say_revision(page, revision, verbose=verbose)
    _say_findings(page, rehearsal)
    _say_not_rehearsed(page, rehearsal)
    _say_clone(page, rehearsal, verbose=verbose)
    _say_waived(page, rehearsal)
    if verbose and rehearsal.output.strip():
        page.heading("env.py said")
        page.code(rehearsal.output, indent=2)
    _say_evidence(page, rehearsal, config)
    return page.text


def _say_verdict(page: Page, rehearsal: Rehearsal) -> None:
    colour = "green" if passed(rehearsal) else "red"
    page.say(
        f"{rehearsal.target}: {describe_verdict(rehearsal)}",
        style="bold",
        lead=rehearsal.verdict.upper(),
        lead_style=f"bold reverse {colour}",
    )
    if rehearsal.not_rehearsed:
        count = count_of(len(rehearsal.not_rehearsed), "thing")
        page.say(f"{count} could not be rehearsed, see below", indent=2, style="yellow")


def _say_revision(page: Page, revision: RevisionTrace, *, verbose: bool) -> None:
    page.gap()
    page.say(
        f"{revision.id} {revision.file}",
        lead=f"{describe_status(revision)}:",
        lead_style=_STATUSES.get(revision.status, ""),
    )
    told = [one for one in revision.statements if verbose or is_telling(one)]
    for statement in told:
        _say_statement(page, revision, statement, verbose=verbose)
    for finding in ordered(revision.findings):
        _say_finding(page, finding, finding.where, indent=2)
    folded = len(revision.statements) - len(told)
    if folded:
        page.say(
            f"{count_of(folded, 'statement')} kept nobody waiting (-v shows them)", indent=2, style="dim"
        )


def _say_statement(page: Page, revision: RevisionTrace, statement: StatementTrace, *, verbose: bool) -> None:
    line = f"line {statement.line}, " if statement.line else ""
    own = "" if statement.in_transaction else ", commits by itself"
    sql = one_line(shown(statement.sql), None if verbose else _SQL_SHOWN)
    page.say(
        sql,
        indent=2,
        style="bold",
        lead=f"{line}{spell_seconds(statement.seconds)}{own}:",
        lead_style="not bold",
    )
    for lock in statement_locks(statement, verbose=verbose):
        page.say(describe_lock(lock), indent=4, lead=str(lock.mode), lead_style=_lock_style(lock))
    for work in describe_work(statement):
        page.say(work, indent=4, style="yellow" if statement.rewrites else "")
    if statement.failure:
        page.say(describe_failure(statement), indent=4, lead="fails:", lead_style="bold red")
    for finding in ordered(statement.findings):
        if verbose or finding.severity is not Severity.INFO:
            _say_finding(page, finding, elsewhere(finding, revision, statement), indent=4)


def statement_locks(statement: StatementTrace, *, verbose: bool) -> tuple[HeldLock, ...]:
    if not verbose:
        return telling_locks(statement)
    return tuple(sorted(statement.locks, key=lambda lock: (-lock.mode, lock.relation)))


def _lock_style(lock: HeldLock) -> str:
    if lock.mode.blocks_reads:
        return "bold red"
    return "bold yellow" if lock.mode.blocks_writes else "dim"


def _say_finding(page: Page, finding: Finding, where: str, *, indent: int) -> None:
    place = f"{where}: " if where else ""
    page.say(
        f"{place}{finding.message} [{finding.check}]",
        indent=indent,
        lead=f"{finding.severity}:",
        lead_style=_SEVERITIES[finding.severity],
    )
    if language_of(finding.remedy):
        page.code(finding.remedy, indent=indent + 4)
    else:
        page.say(finding.remedy, indent=indent + 4, hang=0)


def _say_findings(page: Page, rehearsal: Rehearsal) -> None:
    if rehearsal.findings:
        page.heading("about the whole")
    for finding in ordered(rehearsal.findings):
        _say_finding(page, finding, finding.where, indent=2)


def _say_not_rehearsed(page: Page, rehearsal: Rehearsal) -> None:
    if rehearsal.not_rehearsed:
        page.heading("NOT rehearsed", style="bold yellow")
    for sentence in rehearsal.not_rehearsed:
        page.say(sentence, indent=2)


def _say_clone(page: Page, rehearsal: Rehearsal, *, verbose: bool) -> None:
    if rehearsal.clone is None and not rehearsal.revisions:
        return
    page.heading("on the clone")
    for sentence in describe_clone(rehearsal):
        page.say(sentence, indent=2)
    sizes = list(describe_sizes(rehearsal))
    shown = sizes if verbose else sizes[:_SIZES_SHOWN]
    for line in shown:
        page.say(line, indent=2)
    if len(sizes) > len(shown):
        page.say(f"{len(sizes) - len(shown)} more tables (-v shows them)", indent=2, style="dim")


def _say_waived(page: Page, rehearsal: Rehearsal) -> None:
    if rehearsal.waived:
        page.heading("waived")
    for finding, reason in rehearsal.waived:
        page.say(f"{finding.where}: {finding.message} [{finding.check}]", indent=2)
        page.say(reason, indent=4, lead="because")


def _say_evidence(page: Page, rehearsal: Rehearsal, config: str | None) -> None:
    if not rehearsal.revisions and passed(rehearsal):
        return
    page.gap()
    page.say("; ".join(filter(None, [describe_evidence(rehearsal), took(rehearsal)])))
    page.say("then" if passed(rehearsal) else "when that is settled, again")
    page.code(next_command(rehearsal, config), indent=2)
