"""What lies between two looks at one transaction. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dbtool.locks.modes import LockMode
from dbtool.locks.trace import ColumnChange, RowChange
from dbtool.migrate.rehearse.observation import (
    FIRST_USER_OID,
    NO_COUNTERS,
    Counters,
    Known,
    Observation,
    SeenColumn,
    SeenRelation,
    find_relation,
)

# Queries and changes of rows lock indexes, TOAST and sequences as well as tables: nobody waits for these first.
_LOCKED_WITH_A_TABLE = frozenset("iItS")


@dataclass(frozen=True)
class Span:
    """``committed`` is what stood before the transaction; ``committed_after`` differs where a statement committed.
    ``touched`` are the OIDs of what may differ between the two looks, ``path`` the schemas for names without one.
    """

    committed: Known
    committed_after: Known
    before: Observation = field(default_factory=dict)
    after: Observation = field(default_factory=dict)
    touched: frozenset[int] = frozenset()
    path: tuple[str, ...] = ()

    @cached_property
    def pairs(self) -> Mapping[int, tuple[SeenRelation | None, SeenRelation | None]]:
        """Before and after, by OID."""
        looked = set(self.touched)
        if self.committed is not self.committed_after:
            looked |= {*self.committed, *self.committed_after, *self.after}
        return {
            oid: (
                find_relation(oid, self.before, self.committed),
                find_relation(oid, self.after, self.committed_after),
            )
            for oid in sorted(looked)
        }

    @property
    def changed(self) -> Iterator[tuple[SeenRelation | None, SeenRelation | None]]:
        """Relations of users, without TOAST and its indexes."""
        for oid, (before, after) in self.pairs.items():
            one = after or before
            if oid >= FIRST_USER_OID and one is not None and not one.is_toast:
                yield before, after

    def existed(self, oid: int) -> bool:
        """Before the transaction: nobody else can wait for what it made itself."""
        return oid in self.committed or oid < FIRST_USER_OID

    def choose(self, candidates: Iterable[SeenRelation]) -> SeenRelation | None:
        """The one that a name among them means: what the statement has locked, else the first in the search path."""
        return min(candidates, key=self._distance, default=None)

    def _distance(self, relation: SeenRelation) -> tuple[int, int, str]:
        schema = relation.name.schema
        place = self.path.index(schema) if schema in self.path else len(self.path)
        return (-self.mode(relation.oid), place, schema)

    def mode(self, oid: int) -> int:
        """Of the lock after the statement; 0 without one."""
        sighting = self.after.get(oid)
        return sighting.mode if sighting else 0


def created(span: Span) -> tuple[str, ...]:
    return _spell(one for one in _came(span) if one not in _recreated(span))


def dropped(span: Span) -> tuple[str, ...]:
    kept = {one.name for one in _recreated(span)}
    return _spell(one for one in _went(span) if not (one.is_index and one.name in kept))


def _spell(relations: Iterable[SeenRelation]) -> tuple[str, ...]:
    """Tables and views before what belongs to them."""
    ordered = sorted(relations, key=lambda one: (one.kind in _LOCKED_WITH_A_TABLE, one.name))
    return tuple(str(one.name) for one in ordered)


def _came(span: Span) -> list[SeenRelation]:
    return [after for before, after in span.changed if before is None and after is not None]


def _went(span: Span) -> list[SeenRelation]:
    return [before for before, after in span.changed if before is not None and after is None]


def _recreated(span: Span) -> list[SeenRelation]:
    """Indexes that a change of their column's type, or REINDEX CONCURRENTLY, makes anew under their name."""
    names = {one.name for one in _went(span) if one.is_index}
    return [one for one in _came(span) if one.is_index and one.name in names]


def renamed(span: Span) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(before.name), str(after.name))
        for before, after in span.changed
        if before is not None and after is not None and before.name != after.name
    )


def new_locks(span: Span) -> Iterator[tuple[SeenRelation, LockMode]]:
    """Of the statement, on what existed before its transaction; by the name it had before the statement."""
    for oid, (before, after) in span.pairs.items():
        relation, held = before or after, span.before.get(oid)
        if relation is None or not span.existed(oid) or span.mode(oid) <= (held.mode if held else 0):
            continue
        if matters(relation, span.after[oid].mode):
            yield relation, span.after[oid].mode


def matters(relation: SeenRelation, mode: LockMode) -> bool:
    if relation.oid < FIRST_USER_OID:
        return mode >= LockMode.SHARE
    return relation.kind not in _LOCKED_WITH_A_TABLE or mode >= LockMode.SHARE_UPDATE_EXCLUSIVE


def refiled(span: Span) -> Iterator[SeenRelation]:
    """Relations with another file than before: rewritten, truncated, reindexed or refreshed."""
    for before, after in span.changed:
        if before is not None and after is not None and before.filenode != after.filenode:
            yield after


def row_changes(span: Span, truncated: Iterable[SeenRelation]) -> tuple[RowChange, ...]:
    emptied = {relation.oid for relation in truncated}
    found = []
    for before, after in span.changed:
        relation = after or before
        if relation is not None:
            change = _row_change(relation, span, truncated=relation.oid in emptied)
            if change.rows or change.truncated:
                found.append(change)
    return tuple(found)


def _row_change(relation: SeenRelation, span: Span, *, truncated: bool) -> RowChange:
    """A TRUNCATE takes back what was counted before it in the transaction: no difference is below zero."""
    old, new = _counters(relation.oid, span.before), _counters(relation.oid, span.after)
    return RowChange(
        str(relation.name),
        inserted=max(new.inserted - old.inserted, 0),
        updated=max(new.updated - old.updated, 0),
        deleted=max(new.deleted - old.deleted, 0),
        truncated=truncated,
    )


def _counters(oid: int, seen: Observation) -> Counters:
    sighting = seen.get(oid)
    return sighting.counters if sighting else NO_COUNTERS


def scanned(span: Span) -> Iterator[SeenRelation]:
    """Tables that were read sequentially, by the transaction's counters."""
    for oid, (_, after) in span.pairs.items():
        if after is not None and _counters(oid, span.after).scans > _counters(oid, span.before).scans:
            yield after


def column_changes(span: Span) -> tuple[ColumnChange, ...]:
    """Of relations that stood before the statement."""
    return tuple(
        change
        for before, after in span.changed
        if before is not None
        and after is not None
        and before.columns is not None
        and after.columns is not None
        for change in _compare_columns(str(after.name), before.columns, after.columns)
    )


def _compare_columns(
    relation: str, before: Mapping[int, SeenColumn], after: Mapping[int, SeenColumn]
) -> Iterator[ColumnChange]:
    for number in sorted({*before, *after}):
        old, new = before.get(number), after.get(number)
        if new is None:
            yield ColumnChange(relation, old.name if old else "", "dropped")
        elif old is None:
            yield ColumnChange(relation, new.name, "added")
        else:
            if old.name != new.name:
                yield ColumnChange(relation, new.name, "renamed", was=old.name)
            if (old.type_id, old.modifier) != (new.type_id, new.modifier):
                yield ColumnChange(relation, new.name, "retyped", was=old.type)
