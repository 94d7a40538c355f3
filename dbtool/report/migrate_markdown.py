"""A rehearsal → a comment on the change request: the verdict first, and never too long to be posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from dbtool.errors import DbtoolError
from dbtool.findings import Finding, Severity
from dbtool.locks.trace import HeldLock, StatementTrace
from dbtool.locks.wording import spell_seconds
from dbtool.migrate.result import Rehearsal
from dbtool.report.markdown import code, details, fence, prose
from dbtool.report.page import one_line
from dbtool.report.refresh_json import findings_of
from dbtool.report.remedies import language_of
from dbtool.report.statement_text import shown
from dbtool.report.traces import (
    count_of,
    describe_failure,
    describe_status,
    describe_waiting,
    describe_work,
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

LONGEST = 60_000  # GitHub takes 65,536 characters; whoever posts it may add a heading
_FOR_A_NOTICE = 500
_SQL_SHOWN = 160
_MESSAGE_SHOWN = 1_500
_REMEDY_SHOWN = 4_000
_LISTED = 20
_HEAD = "| statement | took | what it does, and who waits |\n|---|---|---|"
_SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.INFO: "🔵"}


def render_markdown(rehearsal: Rehearsal, *, config: str | None = None) -> str:
    """At most LONGEST characters. The text of others is shown, never obeyed."""
    ending = _ending(rehearsal, config)
    room = LONGEST - _FOR_A_NOTICE - len(ending)
    sections = (
        (0.2, _verdict(rehearsal)),
        (0.4, _tables(rehearsal)),
        (0.3, _findings(rehearsal)),
        (0.1, _rest(rehearsal)),
    )
    comment, left_out, free = "", 0, 0.0
    for share, blocks in sections:
        free += share * room
        told, missing = _fill(blocks, int(free))
        comment, left_out, free = comment + told, left_out + missing, free - len(told)
    return f"{comment.strip()}{_missing(left_out)}\n\n{ending}\n"


def render_failure(target: str, error: DbtoolError) -> str:
    """For a rehearsal that came to no verdict."""
    findings = (_finding(one, [one.where]) for one in ordered(findings_of(error)) if one.is_error)
    blocks = (f"\n\n{block}" for block in (prose(str(error)), *findings))
    told, missing = _fill(blocks, LONGEST - 2 * _FOR_A_NOTICE)
    return f"## ❌ Migrations for {prose(target)}: not rehearsed{told}{_missing(missing)}\n"


def _fill(blocks: Iterable[str], room: int) -> tuple[str, int]:
    """Blocks from the first on, as long as there is room, and how many are missing."""
    fitting, missing = "", 0
    for block in blocks:
        if missing or len(fitting) + len(block) > room:
            missing += 1
        else:
            fitting += block
    return fitting, missing


def _verdict(rehearsal: Rehearsal) -> Iterator[str]:
    sign = "✅" if passed(rehearsal) else "❌"
    yield f"## {sign} Migrations for {prose(rehearsal.target)}: {rehearsal.verdict}"
    yield f"\n\n**{_shortened(describe_verdict(rehearsal))}**"
    if rehearsal.not_rehearsed:
        yield "\n\n**Not rehearsed:**\n"
    for sentence in rehearsal.not_rehearsed:
        yield f"\n- {_shortened(sentence)}"


def _tables(rehearsal: Rehearsal) -> Iterator[str]:
    for revision in rehearsal.revisions:
        name = PurePosixPath(revision.file).name
        yield f"\n\n### {code(revision.id)} {prose(name)}: {describe_status(revision)}"
        told = [one for one in revision.statements if is_telling(one)]
        if told:
            yield f"\n\n{_HEAD}"
        for statement in told:
            yield f"\n{_row(statement)}"


def _findings(rehearsal: Rehearsal) -> Iterator[str]:
    """What is said of several places in the same words is said once."""
    places: dict[Finding, list[str]] = {}
    for finding in ordered(rehearsal.all_findings):
        if finding.severity is not Severity.INFO:
            places.setdefault(replace(finding, where=""), []).append(finding.where)
    if places:
        yield "\n\n### What was found"
    for finding, where in places.items():
        yield f"\n\n{_finding(finding, where)}"


def _row(statement: StatementTrace) -> str:
    place = f"line {statement.line}: " if statement.line else ""
    effects = [_lock(lock) for lock in telling_locks(statement)]
    effects += [prose(work) for work in describe_work(statement)]
    if statement.failure:
        effects.insert(0, f"❌ **fails:** {_shortened(describe_failure(statement))}")
    effects += _checks(statement.findings)
    cells = (
        f"{place}{code(shown(statement.sql), _SQL_SHOWN)}",
        spell_seconds(statement.seconds).replace(" ", "&nbsp;"),
        "<br>".join(effects),
    )
    return f"| {' | '.join(cells)} |"


def _lock(lock: HeldLock) -> str:
    mode = f"**{lock.mode}**" if lock.mode.blocks_writes else str(lock.mode)
    held = f"for {spell_seconds(lock.held_s)}" if lock.measured else "(documented, not measured)"
    return f"{mode} on {code(lock.relation)} {held}: {describe_waiting(lock)}"


def _checks(findings: Sequence[Finding]) -> list[str]:
    return [
        f"{_SIGNS[finding.severity]} {code(finding.check)}"
        for finding in ordered(findings)
        if finding.severity is not Severity.INFO
    ]


def _finding(finding: Finding, places: Sequence[str]) -> str:
    at = ", ".join(code(place, _SQL_SHOWN) for place in places[:_LISTED])
    more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
    sign = f"{_SIGNS[finding.severity]} **{finding.severity}** {code(finding.check)}"
    return "\n\n".join([f"{sign} at {at}{more}: {_shortened(finding.message)}", *_remedy(finding)])


def _remedy(finding: Finding) -> Iterator[str]:
    remedy = finding.remedy.rstrip()
    if not remedy:
        return
    if len(remedy) > _REMEDY_SHOWN:
        remedy = f"{remedy[:_REMEDY_SHOWN].rpartition(chr(10))[0]}\n# … the rest is in the job's log"
    language = language_of(remedy)
    yield fence(remedy, language) if language else _shortened(remedy)


def _rest(rehearsal: Rehearsal) -> Iterator[str]:
    """What few will want to see; each opens by a click."""
    remarks = [_listed(one) for one in rehearsal.all_findings if one.severity is Severity.INFO]
    waived = [f"{_listed(one)}, because {_shortened(reason)}" for one, reason in rehearsal.waived]
    quiet = [
        f"{code(revision.id)}: {code(shown(one.sql), _SQL_SHOWN)}"
        for revision in rehearsal.revisions
        for one in revision.statements
        if not is_telling(one)
    ]
    yield from _folded(count_of(len(remarks), "remark"), remarks)
    yield from _folded(f"{count_of(len(waived), 'finding')} waived", waived)
    yield from _folded(f"{count_of(len(quiet), 'statement')} that kept nobody waiting", quiet)
    if rehearsal.revisions:
        facts = (*describe_clone(rehearsal), *describe_sizes(rehearsal))
        yield from _folded("What was on the clone", [prose(fact) for fact in facts])


def _listed(finding: Finding) -> str:
    return f"{code(finding.where, _SQL_SHOWN)}: {_shortened(finding.message)} {code(finding.check)}"


def _folded(summary: str, lines: Sequence[str]) -> Iterator[str]:
    shown = [f"- {line}" for line in lines[:_LISTED]]
    if len(lines) > len(shown):
        shown.append(f"- … and {len(lines) - len(shown)} more, in the job's log")
    if shown:
        yield f"\n\n{details(summary, chr(10).join(shown))}"


def _shortened(text: str) -> str:
    return prose(one_line(text, _MESSAGE_SHOWN))


def _missing(count: int) -> str:
    if not count:
        return ""
    return (
        f"\n\n**This comment is cut: {count_of(count, 'more item')} did not fit.** The whole report is in the job's log, and "
        "`--format json` has all of it."
    )


def _ending(rehearsal: Rehearsal, config: str | None) -> str:
    if not rehearsal.revisions and passed(rehearsal):
        return "Nothing to apply."
    command = fence(next_command(rehearsal, config), "sh")
    then = "Then:" if passed(rehearsal) else "When that is settled, again:"
    told = filter(None, [took(rehearsal), describe_evidence(rehearsal)])
    return f"{then}\n\n{command}\n\n{prose('; '.join(told))}"
