"""Comments in a revision that allow a finding: ``# dbtool: allow CHECK because REASON [until YYYY-MM-DD]``. Pure.

A waiver is for its own revision and one check. It must give its reason, and it ends on its date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from dbtool.findings import Finding, Severity
from dbtool.locks.checks import CHECKS
from dbtool.locks.checks.files import WAIVER_EXPIRED, WAIVER_INVALID, WAIVER_UNUSED
from dbtool.locks.trace import RevisionTrace
from dbtool.spelling import did_you_mean

_COMMENT = re.compile(
    r"#\s*dbtool:\s*allow\b\s*(?P<check>(?!because\b)[\w-]+)?\s*(?:because\b\s*(?P<reason>.*?))?"
    r"\s*(?:\buntil\s+(?P<until>\d{4}-\d{2}-\d{2})\s*)?",
    re.IGNORECASE,
)
_FORM = "# dbtool: allow CHECK because REASON until YYYY-MM-DD"
_NO_DATE = re.compile(r"\buntil\s+\S+$", re.IGNORECASE)
_SQUAWK = "squawk-"


class RevisionWithWaivers(Protocol):
    """What is asked of dbtool.migrate's Revision, which is above this package."""

    @property
    def id(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def waivers(self) -> Sequence[tuple[int, str]]: ...


@dataclass(frozen=True, slots=True)
class Waiver:
    """``until`` is the last day on which it holds, None for ever. ``problem`` says why it cannot be used, empty for most."""

    check: str
    reason: str
    until: date | None
    file: str
    line: int
    problem: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``revision`` has the findings that remain, and those on its waivers; ``beside`` is what remains of the findings that
    are not on a trace.
    """

    revision: RevisionTrace
    beside: tuple[Finding, ...] = ()
    waived: tuple[tuple[Finding, Waiver], ...] = ()


def parse_waivers(revision: RevisionWithWaivers) -> tuple[Waiver, ...]:
    return tuple(_parse(text, revision.file, line) for line, text in revision.waivers)


def _parse(text: str, file: str, line: int) -> Waiver:
    match = _COMMENT.fullmatch(text.strip())
    if match is None:
        return Waiver("", "", None, file, line, f"it cannot be read; write {_FORM}")
    check, reason = (match["check"] or "").lower(), (match["reason"] or "").strip()
    until, problem = _parse_date(match["until"])
    return Waiver(check, reason, until, file, line, problem or _find_problem(check, reason))


def _parse_date(text: str | None) -> tuple[date | None, str]:
    try:
        return (date.fromisoformat(text) if text else None), ""
    except ValueError:
        return None, f"{text} is no date"


def _find_problem(check: str, reason: str) -> str:
    known = CHECKS.get(check)
    if not check:
        return f"it names no check; write {_FORM}"
    if known is None and not check.startswith(_SQUAWK):
        return f"there is no check {check}{did_you_mean(check, CHECKS)}"
    if known is not None and known.never_waived:
        return f"{check} cannot be allowed: {known.never_waived}"
    if not reason:
        return f"it gives no reason; write {_FORM}"
    if _NO_DATE.search(reason):
        return f"until is followed by no date; write {_FORM}"
    return ""


def apply_waivers(
    revision: RevisionTrace, waivers: Sequence[Waiver], today: date, *, beside: Sequence[Finding] = ()
) -> Outcome:
    """Take out the findings that the revision's waivers allow, and say which waivers are of no use.

    ``beside`` are findings about the revision that are not on its trace, as those on its file.
    """
    in_force = {one.check: one for one in waivers if not one.problem and not _is_over(one, today)}
    waived: list[tuple[Finding, Waiver]] = []

    def keep(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        waived.extend((one, in_force[one.check]) for one in findings if one.check in in_force)
        return tuple(one for one in findings if one.check not in in_force)

    statements = tuple(replace(one, findings=keep(one.findings)) for one in revision.statements)
    remaining, others = keep(revision.findings), keep(beside)
    used = {waiver for _, waiver in waived}
    problems = tuple(_judge_waivers(waivers, used, today, ran=revision.status == "ok"))
    kept = replace(revision, statements=statements, findings=(*remaining, *problems))
    return Outcome(kept, others, tuple(waived))


def _is_over(waiver: Waiver, today: date) -> bool:
    return waiver.until is not None and waiver.until < today


def _judge_waivers(
    waivers: Sequence[Waiver], used: set[Waiver], today: date, *, ran: bool
) -> Iterator[Finding]:
    """Of a revision that did not come to its end it is not known what it would have needed."""
    for one in waivers:
        if one.problem:
            yield WAIVER_INVALID.finding(
                Severity.ERROR,
                one.where,
                f"this waiver is of no use: {one.problem}",
                "Mend or remove the comment.",
            )
        elif _is_over(one, today):
            yield WAIVER_EXPIRED.finding(
                Severity.ERROR,
                one.where,
                f"the waiver for {one.check} ended on {one.until}",
                "Do what it put off; or find a reason that still holds, and give it another date.",
            )
        elif ran and one not in used:
            yield WAIVER_UNUSED.finding(
                Severity.INFO,
                one.where,
                f"nothing here needs the waiver for {one.check}",
                "Remove the comment.",
            )
