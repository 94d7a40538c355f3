"""What a refresh would do, as a value: printed by ``--plan``, with nothing written on either end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import without
from dbtool.findings import Finding
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.postgres.binaries import Tools
from dbtool.refresh.chunks import plan_chunks, plan_subset_chunks, travels_binary
from dbtool.refresh.keys import ChosenRows, choose_rows
from dbtool.refresh.looking import Look, look_at_ends
from dbtool.refresh.preflight import Preflight, preflight
from dbtool.refresh.preserved_rules import of_copied
from dbtool.refresh.preserving import preserved_names
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.subset.plan import SubsetPlan


@dataclass(frozen=True, slots=True)
class ColumnPlanned:
    """``otherwise`` is what rows take that the column's condition is not true of: a mask, json or keep. None: it has none."""

    name: str
    mask: str
    domain: str
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class TablePlanned:
    """``rows`` is the planner's estimate (-1: never analysed), ``bytes`` the heap and TOAST on disk. ``chosen`` counts exactly the rows
    that are copied, None where there is no subset and all are.
    """

    name: RelationName
    rows: int
    bytes: int
    chunks: int
    binary: bool
    masked: tuple[ColumnPlanned, ...]
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """``needs_adoption`` tells whether the target needs consent before a run. ``subset`` is None where every row is copied."""

    source: str
    target: str
    live: str
    live_exists: bool
    needs_adoption: bool
    tables: tuple[TablePlanned, ...]
    findings: tuple[Finding, ...]
    programs: tuple[str, ...]
    subset: SubsetPlan | None = None
    preserved: tuple[RelationName, ...] = ()


def plan_refresh(request: RefreshRequest, look: Look = look_at_ends) -> RefreshPlan:
    """Look, and say what would follow; a subset is walked, in a snapshot of its own. Raises what preflight raises, and what
    choosing the rows does.
    """
    request = of_copied(request)
    checked = preflight(request, look)
    target, tables = checked.target, checked.source.copied.tables()
    rows = _choose(request, checked)
    chunks = (
        plan_subset_chunks(tables, rows.selection, jobs=request.jobs)
        if rows
        else plan_chunks(tables, jobs=request.jobs)
    )
    pieces = Counter(chunk.relation for chunk in chunks)
    return RefreshPlan(
        source=request.source.name,
        target=request.target.name,
        live=target.live_name,
        live_exists=target.live is not None,
        needs_adoption=target.live is not None and target.holds_tables and not target.made_by_dbtool,
        tables=tuple(
            _planned(
                checked.plan.relations[relation.name],
                pieces[relation.name],
                rows.selection.count(relation.name) if rows else None,
            )
            for relation in sorted(tables, key=lambda each: each.name)
        ),
        findings=(*checked.findings, *(rows.findings if rows else ())),
        programs=describe_tools(checked.tools),
        subset=rows.plan if rows else None,
        preserved=preserved_names(request.target),
    )


def _choose(request: RefreshRequest, checked: Preflight) -> ChosenRows | None:
    if checked.subset is None:
        return None
    request.observer.stage("keys")
    skipped = skipped_tables(checked.subset)
    with hold_snapshot(request.source, checked.source.catalog, skipped=skipped) as snapshot:
        copied = replace(snapshot, catalog=without(snapshot.catalog, checked.source.preserved))
        return choose_rows(request, copied, checked.subset)


def describe_tools(tools: Tools) -> tuple[str, ...]:
    """One line for each installation, with what is used of it."""
    used: dict[str, list[str]] = {}
    for program, installation in (
        ("pg_dump", tools.pg_dump),
        ("pg_restore", tools.pg_restore),
        ("psql", tools.psql),
    ):
        if installation is not None:
            used.setdefault(str(installation), []).append(program)
    lines = [f"{', '.join(programs)} of {installation}" for installation, programs in used.items()]
    return (*lines, *([] if tools.psql else ["psycopg reads and writes"]))


def _planned(masks: RelationMasks, chunks: int, chosen: int | None) -> TablePlanned:
    relation = masks.relation
    return TablePlanned(
        relation.name,
        relation.rows,
        relation.bytes,
        chunks,
        travels_binary(masks),
        tuple(_planned_column(*masks.masks_of(name)) for name in masks.masked_columns),
        chosen,
    )


def _planned_column(first: ColumnMask, other: ColumnMask | None = None) -> ColumnPlanned:
    return ColumnPlanned(first.column, _name(first), first.domain, _name(other) if other else None)


def _name(column: ColumnMask) -> str:
    if column.mask is not None:
        return column.mask.name
    return "keep" if column.kept else "json"
