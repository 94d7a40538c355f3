"""Findings → text. Columns that no rule decides come together, with one block of YAML to paste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from dbtool.findings import Finding, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_UNDECIDED = "column-not-covered"


def render_findings(findings: Sequence[Finding], *, verbose: bool = False) -> Text:
    """Errors first. Remarks of no consequence (info) only when ``verbose``."""
    text = Text()
    undecided = [finding for finding in findings if finding.check == _UNDECIDED]
    others = [finding for finding in findings if finding.check != _UNDECIDED]
    for finding in sorted(others, key=lambda one: _ORDER.index(one.severity)):
        if verbose or finding.severity is not Severity.INFO:
            text.append(_render_finding(finding))
    if undecided:
        text.append(_render_undecided(undecided))
    return text


def _render_finding(finding: Finding) -> Text:
    text = Text.assemble((str(finding.severity), _COLOURS[finding.severity]))
    text.append(f": {finding.where}: {finding.message} [{finding.check}]\n")
    for line in finding.remedy.splitlines():
        text.append(f"    {line}\n")
    return text


def _render_undecided(findings: Sequence[Finding]) -> Text:
    """Last, since the YAML is what the reader takes along."""
    text = Text.assemble((str(Severity.ERROR), _COLOURS[Severity.ERROR]))
    count = "1 column is" if len(findings) == 1 else f"{len(findings)} columns are"
    text.append(
        f": {count} decided by no rule, so nothing may be copied [{_UNDECIDED}]. Add them to the tables of a\n"
    )
    text.append("rule file, with a reason in each keep; the masks are guesses by name, so check them:\n\n")
    text.append("\n".join(merge_rules(finding.remedy for finding in findings)) + "\n")
    return text


def merge_rules(remedies: Iterable[str]) -> Iterator[str]:
    """The lines of one YAML block made of several, each ``tables:``, a table, and its columns."""
    columns: dict[str, list[str]] = {}
    for remedy in remedies:
        _, table, *lines = remedy.splitlines()
        columns.setdefault(table, []).extend(lines)
    yield "tables:"
    for table, lines in columns.items():
        yield table
        yield from lines


def render_count(findings: Iterable[Finding]) -> str:
    """``2 errors, 1 warning``; remarks do not count."""
    severities = [finding.severity for finding in findings]
    counts = [(severities.count(one), one.value) for one in (Severity.ERROR, Severity.WARNING)]
    parts = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(parts) or "no warning"
