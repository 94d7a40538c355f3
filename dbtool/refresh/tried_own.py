"""What SQL and functions that the rules bring make of the source's rows, tried on some of them before anything is copied:
do the columns hold it, and is it anything else than the original?
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from dbtool import copytext
from dbtool.catalog.relations import Column, ColumnRef, RelationName, quote_identifier
from dbtool.errors import DbtoolError, MaskFailed, ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.postgres.check_trials import REFUSING, Question, try_rows
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import NO_TEXT
from dbtool.refresh.ends import Lend
from dbtool.refresh.sampled_rows import count_unchanged, find_largest, read_masked_rows

MOST_SECONDS = 30.0  # for all tables together
_SURELY_KEPT = 20  # so many values, all left as they are, are no chance
_ELEMENTS_FIT = """NOT EXISTS (
    SELECT FROM pg_catalog.unnest({}) AS e (v) WHERE pg_catalog.length(pg_catalog.rtrim(e.v, ' ')) > {}
)"""
_PADDED = frozenset({"varchar", "bpchar"})  # blanks too many at the end are cut without a word


def try_own(
    lend: Lend,
    plan: MaskingPlan,
    findings: Sequence[Finding],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Finding, ...]:
    """``findings`` are what is known already: nothing is tried of a table with an error."""
    errors = {finding.where for finding in findings if finding.is_error}
    tables = {
        name: leaves for name, leaves in _with_own(plan).items() if not errors & _places(plan, name, leaves)
    }
    if not tables:
        return ()
    deadline = clock() + MOST_SECONDS
    with lend() as connection:
        tried = (
            _Table(connection, plan, name, leaves, lambda: clock() >= deadline)
            for name, leaves in tables.items()
        )
        return tuple(finding for table in tried for finding in table.judge())


def _with_own(plan: MaskingPlan) -> dict[RelationName, list[RelationMasks]]:
    """The largest leaves of the tables in which some column is under SQL or a function of the rules."""
    found: dict[RelationName, list[RelationMasks]] = {}
    for masks in plan.relations.values():
        if any(_is_own(one) for one in masks.columns):
            found.setdefault(masks.relation.ruled_by, []).append(masks)
    return {name: find_largest(leaves) for name, leaves in found.items()}


def _is_own(column: ColumnMask) -> bool:
    return column.mask is not None and column.mask.is_opaque


def _places(plan: MaskingPlan, table: RelationName, leaves: list[RelationMasks]) -> set[str]:
    refs = [ColumnRef(table, column.name) for column in leaves[0].relation.copied_columns]
    written = (str(plan.coverage.decisions[ref].at) for ref in refs if ref in plan.coverage.decisions)
    return {*map(str, refs), *written}


@dataclass(frozen=True, slots=True)
class _Table:
    connection: Connection
    plan: MaskingPlan
    name: RelationName
    leaves: list[RelationMasks]
    is_late: Callable[[], bool]

    def judge(self) -> Iterator[Finding]:
        """Nothing, where the role may not read the rows or it takes too long: the load is asked all the same."""
        own = [one for one in self.leaves[0].columns if _is_own(one)]
        try:
            rows = read_masked_rows(self.connection, self.leaves, self.is_late)
        except MaskFailed as error:
            yield Finding("mask-fails", Severity.ERROR, str(self.name), str(error), "correct the function")
            return
        except ServerFailed as error:
            yield from self._tell_failure(error)
            return
        except DbtoolError:
            return
        for column in {one.column: one for one in own}.values():
            with suppress(DbtoolError):
                if not rows.is_empty():
                    yield from self._judge_values(column, copytext.decode(rows[column.column]))
        for column in own:
            with suppress(DbtoolError):
                yield from self._judge_unchanged(column)

    def _tell_failure(self, error: ServerFailed) -> Iterator[Finding]:
        """The load would end at the same row. What a row's own bytes are refused for is no expression's fault."""
        written = {one.column: one for one in self.leaves[0].columns if one.expression is not None}
        code = error.sqlstate or ""
        if not written or not code.startswith(REFUSING) or code in NO_TEXT:
            return
        uses = " or ".join(self._spell_use(one) for one in written.values())
        where = self._ref(*written.values()) if len(written) == 1 else self.name
        instead = "correct the expression, so that it has a value for every row"
        yield Finding("mask-fails", Severity.ERROR, str(where), f"{uses} fails: {error}", instead)

    def _judge_values(self, column: ColumnMask, values: pl.Series) -> Iterator[Finding]:
        there = self.leaves[0].relation.get_column(column.column)
        if (nulls := values.null_count()) and there.not_null:
            yield self._refuse(column, "makes NULL, and the column is NOT NULL", nulls, len(values))
        elif too_long := self._count_too_long(values, there):
            what = f"makes more than the {there.type.length} characters that {there.type.sql} holds"
            yield self._refuse(column, what, too_long, len(values))
        elif not self.is_late():
            question = Question(None, {there.name: there.type.sql}, {})
            trial = try_rows(self.connection, question, {there.name: values.to_list()})
            if trial.refused:
                what = f"makes what is no value of {there.type.sql}"
                yield self._refuse(column, what, trial.refused, trial.rows)

    def _count_too_long(self, values: pl.Series, column: Column) -> int:
        """A cast to the type would cut them, and an insert refuses them."""
        kind = column.type
        if kind.length is None or kind.base not in _PADDED:
            return 0
        if not kind.is_array:
            return int((values.str.strip_chars_end(" ").str.len_chars() > kind.length).sum())
        if self.is_late():
            return 0
        condition = _ELEMENTS_FIT.format(quote_identifier(column.name), kind.length)
        question = Question(condition, {column.name: "pg_catalog.text[]"}, {})
        return try_rows(self.connection, question, {column.name: values.to_list()}).refused

    def _judge_unchanged(self, column: ColumnMask) -> Iterator[Finding]:
        """Of an expression; what a function leaves is counted over all rows of the run."""
        if column.expression is None:
            return
        same = count = 0
        for leaf in self.leaves:
            found = count_unchanged(self.connection, leaf, column.column, _made(leaf, column), self.is_late)
            same, count = same + found[0], count + found[1]
        if not same:
            return
        message = f"{self._spell_use(column)} leaves {same:,} of {count:,} sampled values as they are ({same / count:.0%})"
        is_certain = same == count >= _SURELY_KEPT
        yield Finding(
            "sql-keeps-originals",
            Severity.ERROR if is_certain else Severity.WARNING,
            str(self._ref(column)),
            message,
            "hide them, or keep the column with a reason; to keep some rows, say which by when and otherwise",
        )

    def _ref(self, column: ColumnMask) -> ColumnRef:
        return ColumnRef(self.name, column.column)

    def _spell_use(self, column: ColumnMask) -> str:
        at = self.plan.coverage.decisions[self._ref(column)].at
        return f"mask {column.mask.name if column.mask else ''} at {at}"

    def _refuse(self, column: ColumnMask, what: str, refused: int, count: int) -> Finding:
        message = (
            f"{self._spell_use(column)} does not fit: it {what}, in {refused:,} of {count:,} sampled rows "
            f"({refused / count:.0%})"
        )
        instead = "correct the expression" if column.expression else "correct the function"
        return Finding(
            "mask-does-not-fit",
            Severity.ERROR,
            str(self._ref(column)),
            message,
            f"{instead}, or use mask: null",
        )


def _made(leaf: RelationMasks, column: ColumnMask) -> str:
    """The expression; of a column with a condition NULL in all other rows, which counts for nothing."""
    (same,) = (one for one in leaf.columns if (one.column, one.rows) == (column.column, column.rows))
    if same.rows is None or same.place is None:
        return str(same.source_sql)
    return leaf.beside[same.place - len(leaf.relation.copied_columns)].sql
