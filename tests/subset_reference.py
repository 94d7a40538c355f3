"""What a subset is, said slowly: sets of rows, and loops that go on until nothing changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dbtool.rules.subset_model import OrderTerm
from tests.subset_schemas import TYPE_COLUMN, Case, Reference, Row, RowName


@dataclass(frozen=True, slots=True)
class Answer:
    """``nulled`` are the columns that become NULL. ``blocked`` are rows referred to that policies keep out."""

    followed: frozenset[RowName]
    chosen: frozenset[RowName]
    nulled: dict[RowName, frozenset[str]] = field(default_factory=dict)
    blocked: dict[Reference, frozenset[RowName]] = field(default_factory=dict)


def choose(case: Case) -> Answer:
    followed = set(case.root_names)
    while more := {row.name for row in followers(case, followed)} - followed:
        followed |= more
    chosen = followed | {row.name for row in case.rows if case.policies.get(row.name.table) == "all"}
    while more := {row.name for row in _demanded(case, chosen)} - chosen:
        chosen |= more
    nulled = _nulled(case, chosen)
    return Answer(frozenset(followed), frozenset(chosen), nulled, _blocked(case, chosen))


def refers(reference: Reference, row: Row, target: Row) -> bool:
    if (row.name.table, target.name.table) != (reference.referencing, reference.referenced):
        return False
    if reference.type_value is not None and row.values[TYPE_COLUMN] != reference.type_value:
        return False
    values = row.at(reference.columns)
    return None not in values and values == target.at(reference.referenced_columns)


def referring(case: Case, reference: Reference, target: Row) -> list[Row]:
    """Those that follow ``target``, of however many refer to it."""
    rows = [row for row in case.rows if refers(reference, row, target)]
    return _in_order(case, reference, rows)[: reference.follow.most]


def referred(case: Case, reference: Reference, row: Row) -> list[Row]:
    return [target for target in case.rows if refers(reference, row, target)]


def followers(case: Case, followed: Iterable[RowName], *, of_any: bool = False) -> list[Row]:
    """Into a table that has a policy nothing follows. ``of_any``: along those references alone that any chosen row has followers by."""
    known = set(followed)
    return [
        row
        for reference in case.references
        if reference.referencing not in case.policies and (reference.follow.always or not of_any)
        for target in case.rows
        if target.name in known
        for row in referring(case, reference, target)
    ]


def demanded(case: Case, chosen: Iterable[RowName], *, into_empty: bool) -> list[tuple[Reference, Row]]:
    """What ``chosen`` refers to along references that are not nulled."""
    known = set(chosen)
    return [
        (reference, target)
        for reference in case.references
        if not reference.nulled
        and (case.policies.get(reference.referenced) in {"empty", "skip"}) == into_empty
        for row in case.rows
        if row.name in known
        for target in referred(case, reference, row)
    ]


def _demanded(case: Case, chosen: set[RowName]) -> list[Row]:
    return [row for _, row in demanded(case, chosen, into_empty=False)] + followers(case, chosen, of_any=True)


def _blocked(case: Case, chosen: set[RowName]) -> dict[Reference, frozenset[RowName]]:
    found: dict[Reference, frozenset[RowName]] = {}
    for reference, row in demanded(case, chosen, into_empty=True):
        found[reference] = found.get(reference, frozenset()) | {row.name}
    return found


def _nulled(case: Case, chosen: set[RowName]) -> dict[RowName, frozenset[str]]:
    found: dict[RowName, frozenset[str]] = {}
    for reference in case.references:
        for row in case.rows:
            targets = {target.name for target in referred(case, reference, row)}
            if row.name in chosen and reference.nulled and targets and not targets & chosen:
                found[row.name] = found.get(row.name, frozenset()) | frozenset(reference.nulled)
    return found


def _in_order(case: Case, reference: Reference, rows: list[Row]) -> list[Row]:
    """Sorted by the least term first and the first term last: sorting keeps the order of what is equal."""
    key = case.tables[reference.referencing].key
    for column in reversed((*key, "label")):
        rows = _sorted_by(rows, OrderTerm(column))
    for term in reversed(reference.follow.order):
        rows = _sorted_by(rows, term)
    return rows


def _sorted_by(rows: list[Row], term: OrderTerm) -> list[Row]:
    """NULL counts as the greatest unless the term says otherwise."""
    nulls = [row for row in rows if row.values[term.column] is None]
    others = [row for row in rows if row.values[term.column] is not None]
    others.sort(key=lambda row: _number(row, term.column), reverse=term.descending)
    nulls_first = term.descending if term.nulls_first is None else term.nulls_first
    return nulls + others if nulls_first else others + nulls


def _number(row: Row, column: str) -> int:
    value = row.values[column]
    assert isinstance(value, int)
    return value
