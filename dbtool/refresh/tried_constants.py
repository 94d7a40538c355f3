"""Values that the rules put in place of all others: does the source read them as the column's type?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import polars as pl

from dbtool.catalog.relations import ColumnRef
from dbtool.errors import DbtoolError
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import ColumnMask, MaskingPlan
from dbtool.masking.inner_values import ARRAY
from dbtool.masking.mask import Overlap
from dbtool.postgres.check_trials import Question, try_rows
from dbtool.postgres.session import Connection
from dbtool.refresh.ends import Lend

MOST_SECONDS = 15.0  # for all constants together
# The column, what is put there in all of its rows or in some, its type as SQL spells it, the mask.
Constant = tuple[ColumnRef, str, str, str]


def try_constants(
    lend: Lend, plan: MaskingPlan, clock: Callable[[], float] = time.monotonic
) -> tuple[Finding, ...]:
    """An error for each that is none of its type, or that a CHECK of its domain refuses. Those for which there is no time
    are left to the load.
    """
    constants = _find_constants(plan)
    if not constants:
        return ()
    deadline = clock() + MOST_SECONDS
    with lend() as connection:
        if not _are_refused(connection, constants):
            return ()
        return tuple(
            _refuse(plan, ref, kind, mask)
            for ref, text, kind, mask in constants
            if clock() < deadline and _are_refused(connection, [(ref, text, kind, mask)])
        )


def _find_constants(plan: MaskingPlan) -> Sequence[Constant]:
    """Those of a partitioned table once."""
    found: dict[Constant, None] = {}
    for masks in plan.relations.values():
        for column in masks.columns:
            text = _get_constant(column)
            if text is not None and column.mask is not None:
                kind = masks.relation.get_column(column.column).type.sql
                ref = ColumnRef(masks.relation.ruled_by, column.column)
                found[ref, text, kind, column.mask.name] = None
    return tuple(found)


def _get_constant(column: ColumnMask) -> str | None:
    """What it makes of anything: it reads nothing."""
    if column.overlap is not Overlap.NOT_READ or column.expression is not None:
        return None
    probe = "{x}" if ARRAY in column.layers else "x"
    stand_in: str | None = column.bound(pl.Series([probe], dtype=pl.String), pl.DataFrame()).item()
    return stand_in


def _are_refused(connection: Connection, constants: Sequence[Constant]) -> bool:
    """A type that the server cannot read at all, as XML on some, is left to the load."""
    names = {f"c{number}": one for number, one in enumerate(constants)}
    question = Question(None, {name: kind for name, (_, _, kind, _) in names.items()}, {})
    texts = {name: [text] for name, (_, text, _, _) in names.items()}
    with suppress(DbtoolError):
        return try_rows(connection, question, texts).refused > 0
    return len(constants) > 1  # each for itself


def _refuse(plan: MaskingPlan, ref: ColumnRef, kind: str, mask: str) -> Finding:
    return Finding(
        "mask-does-not-fit",
        Severity.ERROR,
        str(ref),
        f"mask {mask} at {plan.coverage.decisions[ref].at} does not fit: what it puts there is no value of {kind}",
        f"write it as PostgreSQL reads {kind}, or use mask: null",
    )
