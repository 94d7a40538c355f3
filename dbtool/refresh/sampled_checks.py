"""CHECKs of which their text does not tell whether stand-ins satisfy them: tried on a sample of the source's rows, by the
source, before anything is copied. What is found stops the run; what is not found, the load may still find.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from dbtool import copytext
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName, quote_identifier
from dbtool.errors import DbtoolError
from dbtool.findings import Finding, Severity
from dbtool.masking.check_fit import UnprovedCheck
from dbtool.masking.check_samples import sample_values
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.masking.index_text import mentions
from dbtool.masking.mask import Overlap
from dbtool.postgres.check_trials import Question, Texts, Trial, read_bounds, read_leaves, try_rows
from dbtool.postgres.session import Connection
from dbtool.refresh.ends import Lend
from dbtool.refresh.sampled_rows import find_largest, read_masked_rows

MOST_SECONDS = 30.0  # for all CHECKs together
_MOST_INVENTED = 40
_BODY = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?\Z", re.DOTALL)
_INSTEAD = "choose another mask or other options; give columns that must agree one mask with one `by`; or keep them with a reason"

Group = tuple[UnprovedCheck, ...]  # of one constraint: a CHECK of several columns is one question


@dataclass(frozen=True, slots=True)
class _Sample:
    """Stand-ins as texts, by column. ``is_invented``: of values made up for the CHECK."""

    columns: Mapping[str, Texts]
    is_invented: bool = False


def sample_checks(
    lend: Lend, plan: MaskingPlan, clock: Callable[[], float] = time.monotonic
) -> tuple[Finding, ...]:
    """The plan's findings, where "not proved" has become what the sample says."""
    groups = _group(one for one in plan.findings if isinstance(one, UnprovedCheck))
    if not groups:
        return plan.findings
    with lend() as connection:
        deadline = clock() + MOST_SECONDS
        sampler = _Sampler(connection, plan, lambda: clock() > deadline)
        answers = {group[0]: tuple(sampler.judge(group)) for group in groups}
    return tuple(
        told
        for one in plan.findings
        for told in (answers.get(one, ()) if isinstance(one, UnprovedCheck) else (one,))
    )


def _group(unproved: Iterable[UnprovedCheck]) -> list[Group]:
    groups: dict[tuple[object, ...], list[UnprovedCheck]] = {}
    for one in unproved:
        groups.setdefault((one.relation, one.columns, one.definition, one.constraint, one.bounds), []).append(
            one
        )
    return sorted(map(tuple, groups.values()), key=lambda group: str(group[0].relation))


class _Sampler:
    """Reads each relation once, and remembers the last, if it is asked of one after the other. ``is_late``: no statement
    more.
    """

    def __init__(self, connection: Connection, plan: MaskingPlan, is_late: Callable[[], bool]) -> None:
        self._connection, self._plan, self._is_late = connection, plan, is_late
        self._errors = {finding.where for finding in plan.findings if finding.is_error}
        self._read: tuple[RelationName | None, pl.DataFrame] = (None, pl.DataFrame())

    def judge(self, group: Group) -> Iterator[Finding]:
        if self._is_late():
            yield from group
            return
        try:
            leaves = self._find_leaves(group[0])
            if not leaves:
                yield from group
                return
            question = self._ask(group[0], leaves[0].relation)
            sample = self._sample(group[0], question, leaves)
            trial = try_rows(self._connection, question, sample.columns)
        except DbtoolError as error:
            yield from (_untried(one, str(error)) for one in group)
            return
        yield from _tell(group, trial, is_invented=sample.is_invented)

    def _find_leaves(self, check: UnprovedCheck) -> list[RelationMasks]:
        """The largest. None where a column that it reads has no mask yet, but an error."""
        found = [
            one
            for one in self._plan.relations.values()
            if check.relation in {one.relation.name, one.relation.partition_root}
        ]
        if not found and check.relation is not None:  # a partition that is partitioned itself
            leaves = read_leaves(self._connection, check.relation)
            found = [one for name, one in self._plan.relations.items() if name in leaves]
        refs = {str(ColumnRef(one.relation.ruled_by, name)) for one in found for name in check.columns}
        return [] if refs & self._errors else find_largest(found)

    def _ask(self, check: UnprovedCheck, relation: Relation) -> Question:
        """A domain's CHECK is asked for by every cast to it."""
        if check.bounds:
            return _ask(check, relation, read_bounds(self._connection, check.bounds))
        body = _BODY.match(check.definition)
        return _ask(check, relation, body[1] if body else None)

    def _sample(self, check: UnprovedCheck, question: Question, leaves: list[RelationMasks]) -> _Sample:
        if check.relation != self._read[0]:
            self._read = (check.relation, read_masked_rows(self._connection, leaves, self._is_late))
        _, frame = self._read
        if frame.is_empty():
            return self._invent(check, question, leaves[0])
        return _Sample({name: copytext.decode(frame[name]).to_list() for name in question.types})

    def _invent(self, check: UnprovedCheck, question: Question, masks: RelationMasks) -> _Sample:
        """For an empty table, such as those of a test's database. Originals satisfy the CHECK; a mask that shows nothing of
        them may be tried with any text.
        """
        column = masks.relation.get_column(check.columns[0])
        own = [one for one in masks.columns if one.column == column.name and one.expression is None]
        stand_ins: list[str | None] = []
        if set(question.types) == {column.name} and not any(one.by or one.layers for one in own):
            texts = sample_values(check.definition or " ".join(column.type.domain_checks))[:_MOST_INVENTED]
            for one in own:
                fitting = (
                    self._fitting(question, column.name, texts) if one.overlap is Overlap.CHANCE else texts
                )
                stand_ins += one.bound(pl.Series(fitting, dtype=pl.String), pl.DataFrame()).to_list()
        return _Sample(dict.fromkeys(question.types, stand_ins), is_invented=True)

    def _fitting(self, question: Question, column: str, texts: Sequence[str]) -> list[str]:
        return [
            text
            for text in texts
            if not self._is_late() and not try_rows(self._connection, question, {column: [text]}).refused
        ]


def _ask(check: UnprovedCheck, relation: Relation, condition: str | None) -> Question:
    """How an expression is cast to its column's type is not in its text."""
    columns = [relation.get_column(name) for name in check.columns]
    generated = {
        column.name: f"({column.default})::{_spell_type(column)}" for column in columns if column.generated
    }
    types = {
        column.name: _spell_type(column)
        for column in relation.copied_columns
        if column.name in check.columns or any(mentions(text, column.name) for text in generated.values())
    }
    return Question(condition, types, generated)


def _spell_type(column: Column) -> str:
    return f"{column.type.sql} COLLATE {column.collation}" if column.collation else column.type.sql


def _tell(group: Group, trial: Trial, *, is_invented: bool) -> Iterator[Finding]:
    first, uses = group[0], " and ".join(dict.fromkeys(one.use for one in group))
    kind = "values made up for it" if is_invented else "sampled rows"
    what = f"{first.constraint} of {_spell_place(first)}"
    if trial.refused:
        share = f"{trial.refused:,} of {trial.rows:,} {kind} ({trial.refused / trial.rows:.0%})"
        message = f"stand-ins of {uses} do not satisfy {what}: {share} would end the load"
        yield Finding("check-would-fail", Severity.ERROR, first.where, message, _INSTEAD)
    elif trial.rows:
        message = (
            f"stand-ins of {uses} satisfy {what} in all of {trial.rows:,} {kind}; the load asks for every row"
        )
        yield Finding("check-sampled", Severity.INFO, first.where, message)
    else:
        yield from (_untried(one, "there is no row to try it with") for one in group)


def _spell_place(check: UnprovedCheck) -> str:
    columns = ", ".join(map(quote_identifier, check.columns))
    return f"{check.relation} ({columns})" if check.definition or check.bounds else check.where


def _untried(check: UnprovedCheck, reason: str) -> UnprovedCheck:
    return replace(check, message=f"{check.message}. No sample could be tried: {reason}")
