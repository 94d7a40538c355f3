"""Columns whose rows choose between two decisions: what the source sends for them, and which rows each mask is for. Pure.

The source says of every row whether the condition is true of it, in a column of its own that ends here. What a branch
does not read does not leave the source; what it makes there comes beside the columns, too, so that it need not be of the
column's type. A row's value is read in the column's place, where one of the branches reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from dbtool.catalog.relations import ColumnRef, RelationName, quote_identifier
from dbtool.masking.bind import BoundColumn
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import BoundMask
from dbtool.masking.recorded import Branch, Recorder
from dbtool.masking.resolve import MaskedColumn
from dbtool.rules.model import Choice


@dataclass(frozen=True, slots=True)
class Beside:
    """SQL whose values come beside a relation's columns. ``stands_for``: the column that it is a stand-in of."""

    sql: str
    stands_for: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows in which the Boolean at ``place`` of what the source sends is ``holds``."""

    place: int
    holds: bool

    def pick(self, frame: pl.DataFrame) -> pl.Series:
        """The rows' numbers. What is no Boolean picks nothing, in either branch."""
        return (frame.to_series(self.place) == ("t" if self.holds else "f")).arg_true()


@dataclass(frozen=True, slots=True)
class BranchBound:
    """One branch of a column. ``place`` is where what it masks comes from, or its stand-ins, if the source makes them."""

    column: BoundColumn
    rows: Rows
    place: int


@dataclass
class Sent:
    """What the source sends of one relation for its conditions: ``beside`` its columns, of which it has ``width``, and in
    the place of those at the indexes of ``narrowed``.
    """

    width: int
    recorder: Recorder | None = None
    beside: list[Beside] = field(default_factory=list)
    narrowed: dict[int, str] = field(default_factory=dict)

    def place_of(self, sent: Beside) -> int:
        """The same SQL is sent once."""
        if sent not in self.beside:
            self.beside.append(sent)
        return self.width + self.beside.index(sent)


def bind_branches(
    ref: ColumnRef, index: int, choice: Choice, bound: tuple[BoundColumn, BoundColumn], sent: Sent
) -> Iterator[BranchBound]:
    """``bound`` is what the rows take of which the condition is true, and what all others do."""
    # Should the source answer one condition in two ways, by what is wrongly declared STABLE, values are lost and none gets through:
    # what a branch does not read is not handed to it.
    place = sent.place_of(Beside(_is_true(choice)))
    reading = [holds for holds, one in zip((True, False), bound, strict=True) if one.source_sql is None]
    if len(reading) < len(bound):
        own = quote_identifier(ref.column)
        sent.narrowed[index] = _where(choice, own, holds=reading[0]) if reading else "NULL"
    for holds, one, other in zip((True, False), bound, reversed(bound), strict=True):
        is_given = one.source_sql not in {None, "NULL"}
        told = _given if one.masked is not None and one.masked.mask.expression is not None else one.bound
        if sent.recorder is not None and other.records_originals and not _is_disjoint(one):
            told = _recording_outputs(told, sent.recorder, Branch(ref, not holds))
        at = index
        if is_given:
            given = _where(choice, str(one.source_sql), holds=holds)
            at = sent.place_of(Beside(given, ref.column))
        yield BranchBound(replace(one, bound=told), Rows(place, holds), at)


def _is_true(choice: Choice) -> str:
    """A line of its own ends a comment in the condition. The source has parsed it alone."""
    return f"((\n{choice.when.text}\n) IS TRUE)"


def _where(choice: Choice, sql: str, *, holds: bool) -> str:
    condition = _is_true(choice) if holds else f"(NOT {_is_true(choice)})"
    return f"CASE WHEN {condition} THEN {sql} END"


def _given(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    """An expression's value is final; a constant is made again of itself."""
    return values


def _is_disjoint(one: BoundColumn) -> bool:
    return one.masked is not None and one.records_originals


def _recording_outputs(bound: BoundMask, recorder: Recorder, branch: Branch) -> BoundMask:
    def recorded(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        outputs = bound(values, by)
        recorder.record_others(outputs, branch)
        return outputs

    return recorded


def mixed_cases(
    coverage: Coverage,
    masked: Mapping[ColumnRef, MaskedColumn],
    others: Mapping[ColumnRef, MaskedColumn],
) -> Iterator[dict[ColumnRef, MaskedColumn]]:
    """What one row's columns may take together, beside ``masked``, where every condition is true: each condition alone is
    not, and none is. By relation, with the columns of that one.
    """
    conditional: dict[RelationName, dict[str, set[ColumnRef]]] = {}
    for ref, decided in coverage.decisions.items():
        if isinstance(decided.decision, Choice):
            of_relation = conditional.setdefault(ref.relation, {})
            of_relation.setdefault(decided.decision.when.text, set()).add(ref)
    for relation, by_condition in conditional.items():
        all_of_them = set().union(*by_condition.values())
        for untrue in [*by_condition.values(), *([all_of_them] if len(by_condition) > 1 else [])]:
            true = {ref: one for ref, one in masked.items() if ref.relation == relation and ref not in untrue}
            yield true | {ref: others[ref] for ref in untrue if ref in others}
