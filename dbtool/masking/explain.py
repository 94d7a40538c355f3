"""What the rules decide for a column, where that is written, and what the decision holds: as values, for whoever asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName, quote_identifier
from dbtool.findings import Finding
from dbtool.masking.accepted import find_kept
from dbtool.masking.coverage import ColumnDecision, Coverage
from dbtool.masking.inheritance import find_way
from dbtool.masking.mask import Mask, MaskContext, Options, Promise
from dbtool.masking.resolve import VALUE_WITHIN, MaskedColumn, Workshop, resolve_use
from dbtool.rules.lockfile import KeptColumn
from dbtool.rules.model import Choice, Decision, DocumentPaths, MaskUse, RuleSet
from dbtool.rules.position import Position

_OF_INDEXES = frozenset({"uniqueness-not-proved", "uniqueness-by-odds", "canonical-may-merge"})


@dataclass(frozen=True, slots=True)
class IndexExplained:
    """``findings`` are of this index and this column; where there is none, it holds whatever the rows are."""

    name: RelationName
    kind: str
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        return not any(one.is_error for one in self.findings)


@dataclass(frozen=True, slots=True)
class PathExplained:
    """What the mask of a path or key promises, as a column's does."""

    promise: Promise
    capacity: int | None
    canonical: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnExplained:
    """``decision`` None: no rule decides the column, or none has to, where it is ``generated``. ``chain`` leads to the key whose
    decision it is, from the column itself; empty where the decision is its own. ``kept`` is its line of the lock, ``accepted``
    says where lines of the column stand, with the type of each. ``otherwise`` is the mask of the rows that the column's
    condition is not true of, ``masked`` that of the others; so are ``other_paths`` and ``paths`` of a document.
    """

    column: ColumnRef
    type: str
    decision: ColumnDecision | None = None
    generated: str | None = None
    chain: tuple[ColumnRef, ...] = ()
    masked: MaskedColumn | None = None
    otherwise: MaskedColumn | None = None
    indexes: tuple[IndexExplained, ...] = ()
    kept: KeptColumn | None = None
    accepted: Mapping[KeptColumn, Position] | None = None
    findings: tuple[Finding, ...] = ()
    paths: Mapping[str, PathExplained] = field(default_factory=dict)
    other_paths: Mapping[str, PathExplained] = field(default_factory=dict)

    @property
    def stops(self) -> bool:
        """Whether a refresh would be refused because of it."""
        findings = (*self.findings, *(one for index in self.indexes for one in index.findings))
        return any(one.is_error for one in findings)


@dataclass(frozen=True, slots=True)
class Explainer:
    """Everything that is known of the rules and a database, to be asked column by column."""

    catalog: Catalog
    rules: RuleSet
    coverage: Coverage
    masked: Mapping[ColumnRef, MaskedColumn]
    findings: Sequence[Finding]
    others: Mapping[ColumnRef, MaskedColumn] = field(default_factory=dict)
    workshop: Workshop | None = None  # that the masks of paths are asked in
    _kept: dict[ColumnRef, KeptColumn] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kept = find_kept(self.catalog, self.coverage)
        object.__setattr__(self, "_kept", {one.column: one for one in kept})

    def explain(self, relation: Relation, names: Iterable[str]) -> tuple[ColumnExplained, ...]:
        return tuple(self._explain(relation, relation.get_column(name)) for name in names)

    def _explain(self, relation: Relation, column: Column) -> ColumnExplained:
        ref = ColumnRef(relation.name, column.name)
        decision = self.coverage.decisions.get(ref)
        told = tuple(one for one in self.findings if _concerns(one, ref, decision))
        lock = self.rules.lock
        return ColumnExplained(
            ref,
            column.type.sql,
            decision,
            column.default if column.generated else None,
            self._chain(ref, decision),
            self.masked.get(ref),
            self.others.get(ref),
            tuple(self._indexes(relation, ref, told)),
            self._kept.get(ref),
            None
            if lock is None or lock.accepted is None
            else {one: lock.accepted[one] for one in lock.of(ref)},
            tuple(one for one in told if one.check not in _OF_INDEXES),
            *self._paths(ref, decision),
        )

    def _paths(
        self, ref: ColumnRef, decision: ColumnDecision | None
    ) -> tuple[dict[str, PathExplained], dict[str, PathExplained]]:
        if decision is None:
            return {}, {}
        if isinstance(decision.decision, Choice):
            cases = decision.decision.chosen, decision.decision.otherwise
            return self._paths_of(ref, cases[0]), self._paths_of(ref, cases[1])
        return self._paths_of(ref, decision.decision), {}

    def _paths_of(self, ref: ColumnRef, decision: Decision) -> dict[str, PathExplained]:
        found: dict[str, PathExplained] = {}
        if self.workshop is None or not isinstance(decision, DocumentPaths):
            return found
        for path, use in decision.paths.items():
            if isinstance(use, MaskUse):
                parts = resolve_use(use, VALUE_WITHIN, f"{ref} {path}", self.workshop)
                if parts is not None:
                    found[path] = _promise(use, *parts)
        return found

    def _chain(self, ref: ColumnRef, decision: ColumnDecision | None) -> tuple[ColumnRef, ...]:
        if decision is None or decision.inherited_from is None:
            return ()
        return find_way(self.catalog, self.rules.virtual_references, ref, decision.inherited_from)

    def _indexes(
        self, relation: Relation, ref: ColumnRef, told: Sequence[Finding]
    ) -> Iterator[IndexExplained]:
        for index in self.catalog.unique_indexes:
            own = self.catalog.relations.get(index.relation)
            if own is None or own.ruled_by != relation.name:
                continue
            if ref.column in {*index.columns, *index.mentioned}:
                name = RelationName(index.relation.schema, index.name)
                of_index = (one for one in told if one.check in _OF_INDEXES and one.where == str(name))
                yield IndexExplained(name, _kind(index), tuple(of_index))


def _promise(use: MaskUse, mask: Mask, options: Options, context: MaskContext) -> PathExplained:
    canonical = mask.canonical if use.canonical is None else use.canonical
    return PathExplained(mask.promise(options, context), mask.capacity(options, context), canonical)


def _kind(index: UniqueIndex) -> str:
    if index.is_exclusion:
        return "exclusion constraint"
    return "primary key" if index.is_primary else "unique index"


def _concerns(finding: Finding, ref: ColumnRef, decision: ColumnDecision | None) -> bool:
    """It names the column, or the place where its decision is written."""
    if decision is not None and finding.where in _places(decision.decision):
        return True
    spelt = re.compile(rf'(?<![\w$".]){re.escape(str(ref))}(?![\w$"])')
    return bool(spelt.search(finding.where) or spelt.search(finding.message))


def _places(decision: Decision) -> set[str]:
    match decision:
        case Choice(when=when, chosen=chosen, otherwise=otherwise):
            return {str(decision.at), str(when.at), *_places(chosen), *_places(otherwise)}
        case MaskUse(places=places):
            return {str(decision.at), *map(str, places.values())}
        case DocumentPaths(paths=paths):
            return {str(decision.at)}.union(*map(_places, paths.values()))
        case _:
            return {str(decision.at)}


def spell_index(index: IndexExplained) -> str:
    return f"{index.kind} {quote_identifier(index.name.name)}"
