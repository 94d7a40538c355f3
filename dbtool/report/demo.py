"""The demo's result → before and after side by side, and JSON."""

from __future__ import annotations

import json
import shlex
import shutil
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dbtool.demo.result import Availability, Comparison, DemoResult, Field, KeptDemo, MigrationStory
from dbtool.errors import DbtoolError
from dbtool.ledger import Event
from dbtool.refresh.manifest import SCHEMA, result_as_json
from dbtool.report.findings import render_findings
from dbtool.report.migrate import render_rehearsal
from dbtool.report.migrate_json import application_as_json, history_as_json, rehearsal_as_json
from dbtool.report.migrate_ledger import render_application, render_history
from dbtool.report.numbers import human_count, human_seconds
from dbtool.report.refresh import render_result
from dbtool.report.refresh_json import failure_as_json, findings_of
from dbtool.report.verdict import describe_verdict

_LATEST_MONTHS = 4
_FIRST_TABLES = 11  # which hold nearly all rows
_QUIET_S = 1.0
_MASKED, _DIFFERENT = ("masked", "green"), ("DIFFERENT", "bold red")
_WIDTH_IN_FILES = 120


class Story:
    """The demo's steps as they begin, each with the seconds since the first."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._began = self._said = clock()

    def step(self, title: str) -> None:
        self._said = self._clock()
        self._say(f"{self._said - self._began:6.1f} s  {title}")

    def detail(self, text: str) -> None:
        """Shown only where the step takes its time."""
        now = self._clock()
        if now - self._said >= _QUIET_S:
            self._said = now
            self._say(f"{now - self._began:6.1f} s    {text}")


def print_demo(result: DemoResult, stream: TextIO, *, as_json: bool) -> None:
    if as_json:
        _write_json(demo_as_json(result), stream)
        return
    width = None if stream.isatty() else _WIDTH_IN_FILES
    Console(file=stream, width=width).print(render_demo(result), highlight=False)


def print_failure(error: DbtoolError, *, as_json: bool, output: TextIO, messages: TextIO) -> None:
    """What stopped the refresh, finding by finding; the message itself is the boundary's."""
    if as_json:
        _write_json(failure_as_json("demo", "production", "staging", error, error.exit_code), output)
        return
    blocking = tuple(finding for finding in findings_of(error) if finding.is_error)
    if blocking:
        Console(file=messages).print(render_findings(blocking), highlight=False, soft_wrap=True)


def _write_json(value: dict[str, Any], stream: TextIO) -> None:
    stream.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def render_demo(result: DemoResult) -> RenderableType:
    return Group(
        render_result(result.refresh),
        _heading("before and after: the same rows, by primary key"),
        _render_customers(result.comparison),
        _heading("the same reports"),
        _render_sides(_reports(result.comparison), otherwise=_DIFFERENT),
        _render_summary(result),
        _render_migration(result.migration),
        _render_kept(result.kept) if result.kept else _nothing_kept(),
    )


def _heading(text: str) -> Text:
    return Text(f"\n{text}\n", style="bold")


def _render_customers(comparison: Comparison) -> RenderableType:
    groups = [*comparison.customers]
    if comparison.review is not None:
        groups.append((comparison.review,))
    return _render_sides(groups, otherwise=_MASKED)


def _render_sides(groups: Iterable[Iterable[Field]], *, otherwise: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("", "production", "staging", ""):
        table.add_column(heading, overflow="fold")
    for group in groups:
        if table.row_count:
            table.add_section()
            table.add_row()
        for field in group:
            verdict, style = ("same", "dim") if field.is_same else otherwise
            sides = (_show(field.production), _show(field.staging))
            table.add_row(Text(field.label, style="bold"), *sides, Text(verdict, style=style))
    return table


def _show(value: str | None) -> Text:
    """A value on one line, and never taken for markup."""
    return Text("NULL", style="dim") if value is None else Text(" ".join(value.split()))


def _reports(comparison: Comparison) -> tuple[tuple[Field, ...], ...]:
    revenue = tuple(
        Field(f"revenue {month.label}", month.production, month.staging)
        for month in comparison.revenue[-_LATEST_MONTHS:]
    )
    counts = tuple(
        Field(f"rows of {count.label}", count.production, count.staging)
        for place, count in enumerate(comparison.counts)
        if place < _FIRST_TABLES or not count.is_same
    )
    return revenue, counts


def _render_summary(result: DemoResult) -> Text:
    comparison = result.comparison
    months = sum(month.is_same for month in comparison.revenue)
    tables = sum(count.is_same for count in comparison.counts)
    in_production, in_staging = comparison.found
    found = f"in {in_production} rows of production, and in {in_staging} of staging"
    rows = sum(table.rows for table in result.refresh.tables)
    text = Text("\n")
    for line in (
        f"{comparison.needles} e-mail addresses of the customers above stand {found}",
        f"revenue is the same in {months} of {len(comparison.revenue)} months",
        f"as many rows stand in {tables} of {len(comparison.counts)} tables",
        _describe_availability(result.availability),
    ):
        text.append(f"• {line}\n")
    verdict = (
        "staging behaves like production and holds none of its people"
        if comparison.holds
        else "NOT as promised"
    )
    text.append(
        f"{verdict}: {human_count(rows)} rows, {human_seconds(result.seconds)} in all\n",
        style="bold green" if comparison.holds else "bold red",
    )
    return text


def _describe_availability(availability: Availability) -> str:
    served = (
        f"staging answered {human_count(availability.answered)} queries while it was replaced; the longest wait for "
        f"an answer was {availability.longest_gap_s:.2f} s"
    )
    if availability.interruptions:
        times = "once" if availability.interruptions == 1 else f"{availability.interruptions} times"
        served += f", and its client had to connect again {times}"
    return served


def _render_migration(story: MigrationStory) -> Group:
    """The refused rehearsal in full: it is what a change request would show."""
    return Group(
        _heading("the next revisions, written in haste: what a rehearsal for production says"),
        render_rehearsal(story.refused)(None),
        _heading("mended, rehearsed again, and applied"),
        Text(describe_verdict(story.passed)),
        *map(render_application, story.applied),
        _heading("production's ledger"),
        render_history("production", [entry for entry in story.history if entry.event == Event.FINISH]),
    )


def _render_kept(kept: KeptDemo) -> Text:
    psql = "psql" if shutil.which("psql") else shlex.quote(str(kept.psql))
    service = f"PGSERVICEFILE={shlex.quote(str(kept.service_file))} {psql} service="
    folder = shlex.quote(str(kept.folder))
    text = Text("\nboth servers run on; look at them with\n", style="bold")
    for line in (f"{service}production", f"{service}staging"):
        text.append(f"  {line}\n", style="default not bold")
    text.append("change the rules or the data and refresh again with\n")
    text.append(f"  cd {folder} && dbtool refresh production staging\n", style="default not bold")
    text.append("write a migration of your own and rehearse it with\n")
    text.append(
        f"  cd {folder} && dbtool migrate new 'what it does' && dbtool migrate rehearse --target production\n",
        style="default not bold",
    )
    text.append("stop and remove both servers with\n")
    text.append(f"  dbtool demo --stop --folder {folder}\n", style="default not bold")
    return text


def _nothing_kept() -> Text:
    return Text("\nboth servers are gone again; to look at them yourself: dbtool demo --keep\n")


def demo_as_json(result: DemoResult) -> dict[str, Any]:
    comparison, kept = result.comparison, result.kept
    return {
        "schema": SCHEMA,
        "command": "demo",
        "status": "ok" if comparison.holds else "failed",
        "rows": result.rows,
        "refresh": result_as_json(result.refresh),
        "availability": {
            "answered": result.availability.answered,
            "interruptions": result.availability.interruptions,
            "longest_gap_s": round(result.availability.longest_gap_s, 3),
            "answers": list(result.availability.answers),
        },
        "comparison": {
            "customers": [_fields_as_json(customer) for customer in comparison.customers],
            "counts": _fields_as_json(comparison.counts),
            "revenue": _fields_as_json(comparison.revenue),
            "searched_for": comparison.needles,
            "found_in_production": comparison.found[0],
            "found_in_staging": comparison.found[1],
        },
        "migration": {
            "refused": rehearsal_as_json(result.migration.refused),
            "passed": rehearsal_as_json(result.migration.passed),
            "applied": [application_as_json(one) for one in result.migration.applied],
            "history": history_as_json("production", result.migration.history),
        },
        "kept": {"folder": str(kept.folder), "service_file": str(kept.service_file)} if kept else None,
        "seconds": round(result.seconds, 1),
    }


def _fields_as_json(fields: Iterable[Field]) -> list[dict[str, str | None]]:
    return [
        {"label": field.label, "production": field.production, "staging": field.staging} for field in fields
    ]
