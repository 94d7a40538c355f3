"""A subset's plan → text: how many rows of each table, what brought them, what dominates."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dbtool.report.numbers import human_bytes, human_count, human_seconds
from dbtool.subset.plan import Advice, Share, SubsetPlan, TableShare, TableState

_FEW_REASONS = 3
_FEW_TABLES = 6
_LEAST_WIDTH = 20  # of reasons, in columns of the terminal
_NO_ROWS: Mapping[TableState, str] = {
    "rows": "none was chosen",
    "all": "empty in the source too",
    "empty": "empty by the rules",
    "skip": "skipped by the rules",
    "unreached": "no way leads there from a root",
}
_ARROWS = "column → table (rows): they refer to rows of the subset; ← column (rows): rows of the subset refer to them"


def plain_table(*headings: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name, justify in headings:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def describe_subset(subset: SubsetPlan) -> str:
    """One line: which subset it is, and how much of the source."""
    name = "subset" if subset.profile is None else f"subset {subset.profile}"
    roots = "; ".join(f"{root} ({human_count(rows)})" for root, rows in subset.roots)
    return f"{name} of {roots or 'no root'}: {human_count(subset.rows)} of {_source_rows(subset.tables)} rows"


def _source_rows(tables: Iterable[TableShare]) -> str:
    """Estimated, and never fewer than were chosen. Of a table that was never analysed nobody knows."""
    known = list(tables)
    about = sum(max(table.of_rows, table.rows) for table in known)
    return f"{'more than' if any(table.of_rows < 0 for table in known) else 'about'} {human_count(about)}"


def render_subset(subset: SubsetPlan, *, verbose: bool = False) -> RenderableType:
    rest = Text()
    for line in _without_rows(subset.tables, verbose=verbose):
        rest.append(f"{line}\n")
    rest.append(f"{_ARROWS}\n\n", style="dim")
    rest.append(_summary(subset))
    if subset.advice is not None:
        rest.append(_render_advice(subset.advice))
    rest.rstrip()
    return Group(_table(subset, verbose=verbose), rest)


def _table(subset: SubsetPlan, *, verbose: bool) -> Table:
    table = plain_table(
        ("table", "left"), ("rows", "right"), ("of", "right"), ("size ≈", "right"), ("why", "left")
    )
    columns = {pull.edge: pull.columns for pull in subset.pulls}
    for each in sorted(subset.tables, key=lambda each: (-each.bytes, -each.rows, each.name)):
        if each.rows:
            table.add_row(
                str(each.name),
                human_count(each.rows),
                human_count(each.of_rows),
                human_bytes(each.bytes),
                _why(each, columns, verbose=verbose),
            )
    return table


@dataclass(frozen=True, slots=True)
class _Reasons:
    """In one line where there is room; else each begins a line of its own, and an arrow stays with what it points from."""

    reasons: tuple[str, ...]

    @property
    def line(self) -> str:
        return "; ".join(self.reasons)

    def lines(self, width: int) -> list[str]:
        if cell_len(self.line) <= width:
            return [self.line]
        return [line for reason in self.reasons for line in _wrapped(reason, width)]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(self.lines(options.max_width)), no_wrap=True)

    def __rich_measure__(self, _console: Console, _options: ConsoleOptions) -> Measurement:
        return Measurement(min(_LEAST_WIDTH, cell_len(self.line)), cell_len(self.line))


def _wrapped(reason: str, width: int) -> list[str]:
    """To textwrap a no-break space is no space."""
    glued = reason.replace("← ", "←\N{NO-BREAK SPACE}")
    lines = textwrap.wrap(glued, max(width, _LEAST_WIDTH), subsequent_indent="  ", break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _why(table: TableShare, columns: Mapping[str, str], *, verbose: bool) -> _Reasons:
    shown = len(table.shares) if verbose else _FEW_REASONS
    reasons = [_reason(table, share, columns) for share in table.shares[:shown]]
    left = table.shares[shown:]
    if left:
        reasons.append(f"{len(left)} more ({human_count(sum(share.rows for share in left))})")
    if table.nulled:
        reasons.append(f"NULL for a reference in {human_count(table.nulled)}")
    return _Reasons(tuple(reasons))


def _reason(table: TableShare, share: Share, columns: Mapping[str, str]) -> str:
    if share.reason == "all":
        return "all"
    if share.reason == "root":
        what = f"root {_without_table(share.what, table)}"
    else:
        referencing = columns[share.what]
        if share.reason == "referenced":
            what = f"← {referencing}"
        else:
            what = f"{referencing.replace(f'{table.name}.', '')}{share.what.removeprefix(referencing)}"
    return f"{what} ({human_count(share.rows)})"


def _without_table(root: str, table: TableShare) -> str:
    """The line says already which table it is."""
    name = str(table.name)
    return root.replace(f" of {name}", "", 1).removeprefix(name).removeprefix(", ").strip()


def _without_rows(tables: Sequence[TableShare], *, verbose: bool) -> Iterator[str]:
    none = sorted((table for table in tables if not table.rows), key=lambda each: (each.state, each.name))
    for state, group in groupby(none, key=lambda table: table.state):
        names = [str(table.name) for table in group]
        is_listed = verbose or len(names) <= _FEW_TABLES
        told = ", ".join(names) if is_listed else f"{len(names)} tables, which -v names"
        yield f"no rows ({_NO_ROWS[state]}): {told}"


def _summary(subset: SubsetPlan) -> Text:
    text = Text()
    text.append("subset" if subset.profile is None else f"subset {subset.profile}", style="bold")
    text.append(
        f": {human_count(subset.rows)} of {_source_rows(subset.tables)} rows, about {human_bytes(subset.bytes)}; chosen in "
        f"{human_seconds(subset.seconds)}\n"
    )
    for root, rows in subset.roots:
        text.append(f"  root {root}: {_rows(rows)}\n")
    for edge, rows in subset.orphans:
        text.append(
            f"  {edge}: {_rows(rows)} of the source refer to nothing, and do so in the copy\n", "yellow"
        )
    return text


def _rows(count: int) -> str:
    return f"{human_count(count)} row{'s' * (count != 1)}"


def _render_advice(advice: Advice) -> Text:
    text = Text(f"  {advice.table} makes {advice.share:.0%} of its size")
    if not advice.edge:
        return text.append("\n")
    text.append(f": {advice.edge} brings {advice.mean_rows:,.1f} rows for each. To take fewer:\n")
    for line in advice.yaml.splitlines():
        text.append(f"    {line}\n")
    return text
