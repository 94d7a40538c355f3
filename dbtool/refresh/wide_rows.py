"""Rows that no COPY can give: PostgreSQL spells a row in one piece of memory, which ends at a gigabyte."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dbtool.catalog.relations import Column, Relation
from dbtool.errors import DbtoolError
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.postgres.wide_rows import WideRows, count_wide_rows
from dbtool.refresh.chunks import PAGE_BYTES, Chunk, copy_out_of
from dbtool.refresh.ends import reaching
from dbtool.targets import Target

MOST_BYTES = (1 << 30) - 1
MOST_SECONDS = 15.0  # for all relations together
_SMALLEST_HEAP = 16_384 * PAGE_BYTES  # what is looked through in a fraction of a second
# lz4 makes a byte of 255 at most, and PostgreSQL's own compression of 90; what is told here is of columns stored that small.
_BEST_COMPRESSION = 255


def judge_wide_rows(
    source: Target,
    plan: MaskingPlan,
    *,
    is_subset: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Finding]:
    """An error for each relation that has such rows: the load would end at the first. Of a subset a warning: not every row
    is chosen. Only relations are asked of that store enough beside their heaps.
    """
    suspects = [masks for masks in plan.relations.values() if may_be_wide(masks.relation)]
    if not suspects:
        return
    deadline = clock() + MOST_SECONDS
    with reaching(source) as connection:
        for masks in sorted(suspects, key=lambda one: one.relation.pages):
            columns = _sent_columns(masks)
            if not columns or clock() > deadline:
                continue
            try:
                found = count_wide_rows(connection, masks.relation, columns, MOST_BYTES)
            except DbtoolError:  # the load is asked all the same
                continue
            if found.count:
                yield _tell(masks.relation, found, is_subset=is_subset)


def may_be_wide(relation: Relation) -> bool:
    """Pure. What a row of so many bytes takes at least is stored in TOAST; where that is little beside a large heap, values
    would have to be compressed as nothing real is, and the heap is not looked through for that.
    """
    heap = relation.pages * PAGE_BYTES
    toast = relation.bytes - heap
    if toast * _BEST_COMPRESSION <= MOST_BYTES:
        return False
    return heap <= _SMALLEST_HEAP or 2 * toast > MOST_BYTES


def _sent_columns(masks: RelationMasks) -> list[Column]:
    """What the source's SELECT has something else in place of is not read."""
    pushed = copy_out_of(masks, Chunk(masks.relation.name, 0), binary=False).pushed
    columns = masks.relation.copied_columns
    return [column for index, column in enumerate(columns) if index not in pushed]


def _tell(relation: Relation, found: WideRows, *, is_subset: bool) -> Finding:
    rows = "1 row is" if found.count == 1 else f"{found.count:,} rows are"
    return Finding(
        "row-too-wide",
        Severity.WARNING if is_subset else Severity.ERROR,
        str(relation.name),
        f"{rows} longer than a gigabyte of text, the longest about {found.longest / (1 << 30):.1f}; PostgreSQL cannot give such "
        "a row to any program, pg_dump neither"
        + (", so the copy fails where it is chosen" if is_subset else ""),
        "put mask: null or a constant in place of its largest column, or leave such rows out by a subset",
    )
