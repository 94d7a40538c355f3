"""A refresh's plan and result → text and JSON."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dbtool.catalog.relations import RelationName
from dbtool.refresh.plan import ColumnPlanned, RefreshPlan, TablePlanned
from dbtool.refresh.result import RefreshResult, TableCopied, Verification
from dbtool.report.findings import render_findings
from dbtool.report.numbers import human_bytes, human_count, human_seconds
from dbtool.report.subset import describe_subset, plain_table, render_subset

_NO_EDGE = 100_000


def render_result(result: RefreshResult) -> RenderableType:
    tables = plain_table(("table", "left"), ("rows", "right"), ("read", "right"), ("masked columns", "left"))
    for name, parts in _by_root(result.tables).items():
        tables.add_row(
            str(name) + (f" ({len(parts)} partitions)" if len(parts) > 1 else ""),
            human_count(sum(part.rows for part in parts)),
            human_bytes(sum(part.bytes for part in parts)),
            ", ".join(parts[0].masked_columns) or "-",
        )
    for kept in result.preserved:
        tables.add_row(
            str(kept.name),
            human_count(kept.rows),
            human_bytes(kept.bytes),
            f"- (kept, as {result.target} had it)",
        )
    return Group(tables, Text(), render_verification(result.verification), _summary(result))


def _by_root(tables: Iterable[TableCopied]) -> dict[RelationName, list[TableCopied]]:
    """Partitions take their root's rules, so that one line says it all; the JSON has each of them."""
    found: dict[RelationName, list[TableCopied]] = {}
    for table in tables:
        found.setdefault(table.partition_of or table.name, []).append(table)
    return found


def render_verification(verification: Verification) -> RenderableType:
    lines = Text()
    lines.append("verified\n", style="bold")
    for sentence in verification.checked:
        lines.append(f"  {sentence}\n")
    lines.append(f"  {verification.orphans} orphans, {verification.surviving_values} surviving values\n")
    worst = max(verification.by_chance, key=lambda rate: rate.rate, default=None)
    if worst is not None and worst.fixed:
        lines.append(
            f"  by chance equal to their original: at most {worst.rate:.2%} of distinct values ({worst.column}; "
            f"expected {worst.expected:.2%})\n"
        )
    if verification.not_checked:
        lines.append("not verified\n", style="bold")
    for sentence in verification.not_checked:
        lines.append(f"  {sentence}\n")
    return lines


def _summary(result: RefreshResult) -> Text:
    rows = sum(table.rows for table in result.tables)
    size = sum(table.bytes for table in result.tables)
    rate = human_count(round(rows / result.seconds)) if result.seconds else "0"
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.stages)
    text = Text()
    text.append(
        f"{result.target} is a masked copy of {result.source} as of {result.snapshot.taken_at}\n",
        style="bold green",
    )
    if result.subset is not None:
        text.append(f"{describe_subset(result.subset)}\n")
    text.append(
        f"{human_count(rows)} rows, {human_bytes(size)} in {human_seconds(result.seconds)} ({rate} rows/s): {stages}\n"
    )
    if result.preserved:
        own = sum(table.rows for table in result.preserved)
        tables = f"{len(result.preserved)} table{'s' * (len(result.preserved) != 1)}"
        text.append(f"{human_count(own)} rows of {tables} preserved, as {result.target} had them\n")
    kept = ", ".join(result.previous)
    text.append(
        f"database {result.live}; " + (f"previous kept as {kept}\n" if kept else "no previous kept\n")
    )
    text.append(f"snapshot {result.snapshot.lsn}, key {result.key_id}, rules {result.rules_digest[:12]}")
    return text


def render_plan(plan: RefreshPlan, *, verbose: bool = False) -> RenderableType:
    """Of a subset every table's reason is told; its masked columns are the same as ever and come with ``verbose``."""
    follows, findings = _what_follows(plan), render_findings(plan.findings, verbose=True)
    if findings:
        follows.append("\n").append(findings)
    follows.rstrip()
    if plan.subset is None:
        return Group(_planned_tables(plan), Text(), follows)
    masked: list[RenderableType] = [_planned_tables(plan), Text()] if verbose else []
    return Group(*masked, render_subset(plan.subset, verbose=verbose), Text(), follows)


def _planned_tables(plan: RefreshPlan) -> Table:
    tables = plain_table(
        ("table", "left"),
        ("rows (estimate)", "right"),
        ("size", "right"),
        ("chunks", "right"),
        ("masked columns", "left"),
    )
    for table in plan.tables:
        masked = ", ".join(f"{each.name} ({_masks(each)})" for each in table.masked)
        tables.add_row(
            str(table.name),
            human_count(table.rows),
            human_bytes(table.bytes),
            str(table.chunks),
            masked or _unmasked(table),
        )
    return tables


def _masks(column: ColumnPlanned) -> str:
    return column.mask if column.otherwise is None else f"{column.mask} or {column.otherwise}"


def _unmasked(table: TablePlanned) -> str:
    return "- (binary)" if table.binary else "-"


def _what_follows(plan: RefreshPlan) -> Text:
    about, size = ("", sum(table.bytes for table in plan.tables))
    if plan.subset is not None:
        about, size = "about ", plan.subset.bytes
    text = Text()
    text.append(
        f"{plan.source} → {plan.target}: {len(plan.tables)} table{'s' * (len(plan.tables) != 1)}, {about}{human_bytes(size)} plus indexes\n",
        style="bold",
    )
    for line in plan.programs:
        text.append(f"  {line}\n")
    if plan.preserved:
        text.append(f"  the rows that {plan.target} has of {', '.join(map(str, plan.preserved))} stay\n")
    if plan.live_exists:
        text.append(f"  a candidate is built and verified beside {plan.live}, then swapped in by rename\n")
    else:
        text.append(f"  {plan.live} does not exist yet and will be made\n")
    if plan.needs_adoption:
        text.append(f"  {plan.live} was never made by dbtool: the first run needs --yes\n", style="yellow")
    text.append("nothing was written\n")
    return text


def print_to(console: Console, renderable: RenderableType) -> None:
    """Names are printed as they are, whatever brackets they hold, and whole where no terminal's edge cuts them."""
    if not console.is_terminal:
        console.width = _NO_EDGE
    console.print(renderable, highlight=False, markup=False, soft_wrap=not console.is_terminal)
