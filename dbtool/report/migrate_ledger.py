"""An application, the environments side by side, and a ledger → text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dbtool.ledger import LedgerEntry
from dbtool.locks.wording import spell_seconds
from dbtool.migrate.result import Application, AppliedRevision, EnvironmentStatus, Status
from dbtool.report.findings import render_findings
from dbtool.report.page import one_line
from dbtool.report.traces import count_of, list_in_words
from dbtool.report.verdict import spell_heads

_SHORT_COMMIT = 10
_PENDING_SHOWN = 5
_COMMITTED = ("statement that an earlier run had committed", "statements that an earlier run had committed")


def render_application(application: Application) -> RenderableType:
    text = Text()
    text.append(f"{_headline(application)}\n", style="bold green" if application.revisions else "bold")
    for revision in application.revisions:
        text.append(f"  {_describe_applied(revision)}\n")
    findings = render_findings(application.findings, verbose=True)
    evidence = f"evidence {application.evidence_id}" if application.evidence_id else "without evidence"
    text.append(findings).append(f"run {application.run_id}, {evidence}")
    return text


def _headline(application: Application) -> str:
    after = spell_heads(application.after)
    if not application.revisions:
        return f"{application.target}: nothing is pending, it is at {after}"
    count, before = count_of(len(application.revisions), "revision"), spell_heads(application.before)
    took = spell_seconds(application.seconds)
    return f"{application.target}: {count} applied in {took}, {before} → {after}"


def _describe_applied(revision: AppliedRevision) -> str:
    told = f"{revision.id} {one_line(revision.file)}: {spell_seconds(revision.seconds)}"
    if revision.attempts > 1:
        told += f", {revision.attempts} attempts"
    if revision.skipped_statements:
        told += f", without {revision.skipped_statements} {_COMMITTED[revision.skipped_statements > 1]}"
    return told


def _columns(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", justify="right" if name in {"pending", "took"} else "left")
    return table


def render_status(status: Status, *, verbose: bool = False) -> RenderableType:
    table = _columns("environment", "tier", "revision", "pending", "last event")
    for one in status.environments:
        table.add_row(*(Text(cell) for cell in (one.name, one.tier, *_cells(one))))
    return Group(table, Text(), Text("\n".join(_below(status, verbose=verbose))))


def _cells(one: EnvironmentStatus) -> tuple[str, str, str]:
    if one.problem:
        return "cannot be read", "-", "-"
    marks = ((one.unknown, "unknown"), (one.edited, "edited"))
    marked = [f"{len(found)} {word}" for found, word in marks if found]
    heads = f"{', '.join(one.heads) or '-'}{f' ({list_in_words(marked)})' if marked else ''}"
    last = f"{_spell(one.last.at)} {one.last.event} by {one_line(one.last.actor)}" if one.last else "-"
    return heads, str(len(one.pending)), last


def _below(status: Status, *, verbose: bool) -> Iterator[str]:
    messages = dict(status.revisions)
    yield f"the files: {count_of(len(status.revisions), 'revision')}, head {spell_heads(status.heads)}"
    for one in status.environments:
        if one.problem:
            yield f"{one.name}: {one_line(one.problem)}"
        if one.pending:
            yield f"{one.name} lacks"
            yield from _pending(one.pending, messages, _PENDING_SHOWN if not verbose else len(one.pending))


def _pending(pending: Sequence[str], messages: dict[str, str], shown: int) -> Iterator[str]:
    for id_ in pending[:shown]:
        yield f"  {id_} {one_line(messages.get(id_, ''))}"
    if len(pending) > shown:
        yield f"  and {len(pending) - shown} more (-v shows them)"


def describe_drift(status: Status, *, several_heads: bool = False) -> str:
    """What must not be there, in sentences; empty where all is well."""
    return ". ".join(_drifts(status, several_heads=several_heads))


def _drifts(status: Status, *, several_heads: bool) -> Iterator[str]:
    if len(status.heads) > 1 and not several_heads:
        yield (
            f"the files have {len(status.heads)} heads: {list_in_words(status.heads)}. Merge them with: dbtool migrate new "
            "--merge, or declare them with [project.alembic] several_heads = true"
        )
    for one in status.environments:
        if one.unknown:
            yield (
                f"{one.name} holds {list_in_words(one.unknown)}, which the files do not have: update the checkout"
            )
        if one.edited:
            yield (
                f"{list_in_words(one.edited)} changed after {one.name} applied it: restore the file, or put the change "
                f"on record with: dbtool migrate accept {one.edited[0]} --target {one.name} --reason …"
            )


def unread(status: Status) -> str:
    """The environments that could not be read, by name; empty where all were."""
    return list_in_words(one.name for one in status.environments if one.problem)


def render_history(target: str, entries: Sequence[LedgerEntry]) -> Text:
    """One line each, and below it what it rests on."""
    if not entries:
        return Text(f"{target} has no ledger yet: dbtool has applied nothing there")
    rows = [_event(entry) for entry in entries]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = Text()
    for entry, row in zip(entries, rows, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        text.append("  ".join(cells).rstrip()).append("\n")
        if below := _grounds(entry):
            text.append(f"    {below}\n", style="dim")
    text.rstrip()
    return text


def _event(entry: LedgerEntry) -> tuple[str, ...]:
    took = spell_seconds(entry.duration_s) if entry.duration_s is not None else "-"
    return (
        _spell(entry.at, "%H:%M:%S"),
        str(entry.event),
        one_line(entry.revision),
        took,
        one_line(entry.actor),
    )


def _grounds(entry: LedgerEntry) -> str:
    commit = f"commit {one_line(entry.git_commit)[:_SHORT_COMMIT]}" if entry.git_commit else ""
    evidence = f"evidence {one_line(entry.evidence_id)}" if entry.evidence_id else ""
    return ", ".join(filter(None, [commit, evidence, one_line(entry.detail)]))


def render_accepted(target: str, entry: LedgerEntry) -> Text:
    return Text(
        f"{target}: revision {entry.revision} may differ from what was applied; on record since {_spell(entry.at)} by "
        f"{one_line(entry.actor)}: {one_line(entry.detail)}"
    )


def _spell(moment: datetime, time: str = "%H:%M") -> str:
    return moment.astimezone(UTC).strftime(f"%Y-%m-%d {time} UTC")
