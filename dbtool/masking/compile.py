"""(Catalog, Coverage, key) → the bound masks of every relation that is copied, or all that does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, Relation, RelationName
from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.masking.bind import BoundColumn, bind_columns
from dbtool.masking.branches import Beside, Rows, Sent, bind_branches, mixed_cases
from dbtool.masking.check_fit import judge_checks
from dbtool.masking.coverage import Coverage, decide
from dbtool.masking.inner_values import Layer
from dbtool.masking.mask import BoundMask, Mask, Overlap, Registry, Uniqueness
from dbtool.masking.partition_keys import judge_partition_keys
from dbtool.masking.recorded import Recorder
from dbtool.masking.resolve import MaskedColumn, Workshop, errors_of, resolve_masks
from dbtool.masking.uniqueness import prove_uniqueness
from dbtool.rules.model import NO_MODULES, Choice, PythonModules, RuleSet
from dbtool.rules.subset_model import SqlText


@dataclass(frozen=True, slots=True)
class ColumnMask:
    """A masked column of a copied relation. ``index`` and ``by`` are positions among its copied columns.

    ``mask`` is None where a document is masked path by path. ``source_sql`` is the expression that the
    source's SELECT has in the column's place, where the original need not be read at all.
    ``expected_fixed_rate`` is the share of distinct originals that equal their own stand-in by chance;
    ``permutes`` tells that it is a keyed permutation's, whose fixed points do not grow with the originals.
    ``layers`` are what the values are within: an array, a range.
    ``expression`` is the rules' own part of ``source_sql``, for the source to parse before.
    ``rows`` None: all of them. Otherwise the column has another ColumnMask for the others, and ``place`` is where among
    what the source sends its values are, or what ``source_sql`` makes of them. ``kept``: they pass as they are.
    """

    column: str
    index: int
    mask: Mask | None
    domain: str
    overlap: Overlap
    by: tuple[int, ...]
    bound: BoundMask
    source_sql: str | None
    expected_fixed_rate: float
    permutes: bool = False
    layers: tuple[Layer, ...] = ()
    expression: SqlText | None = None
    rows: Rows | None = None
    place: int | None = None
    kept: bool = False

    @property
    def tallied_as(self) -> str:
        """No column's name has a NUL in it."""
        return self.column if self.rows is None or self.rows.holds else f"{self.column}\0otherwise"


@dataclass(frozen=True, slots=True)
class RelationMasks:
    """``columns`` are the masked ones only: everything else was decided to be kept. ``conditions`` are the rules' own, for
    the source to parse before; ``beside`` is what it sends beside the columns because of them, ``narrowed``, by index,
    what it sends in the place of some.
    """

    relation: Relation
    columns: tuple[ColumnMask, ...] = ()
    conditions: tuple[SqlText, ...] = ()
    beside: tuple[Beside, ...] = ()
    narrowed: Mapping[int, str] = field(default_factory=dict)

    def masks_of(self, column: str) -> tuple[ColumnMask, ...]:
        """None where it is kept, two where its rows choose."""
        return tuple(one for one in self.columns if one.column == column)

    @property
    def masked_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.column for one in self.columns))

    @property
    def kept_in_part(self) -> tuple[str, ...]:
        """Columns that are kept in some rows and masked in others."""
        return tuple(one.column for one in self.columns if one.kept)


@dataclass(frozen=True, slots=True)
class MaskingPlan:
    """``relations`` has every relation whose rows are copied. Errors among ``findings`` forbid using it."""

    relations: Mapping[RelationName, RelationMasks]
    coverage: Coverage
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return errors_of(self.findings)

    @property
    def masked_columns(self) -> frozenset[ColumnRef]:
        """Of ruled relations."""
        found = self.relations.values()
        return frozenset(
            ColumnRef(one.relation.ruled_by, name) for one in found for name in one.masked_columns
        )


def plan_masking(
    catalog: Catalog,
    rules: RuleSet,
    key: ProjectKey,
    registry: Registry,
    recorder: Recorder | None = None,
    *,
    skipped: Collection[RelationName] = (),
) -> MaskingPlan:
    """Coverage → compile → uniqueness, with everything that any of them has to say.

    ``recorder`` is told, from whichever thread masks, of the originals that disjoint masks replace. ``skipped`` is as
    ``decide`` has it.
    """
    coverage = decide(catalog, rules, registry, skipped)
    plan = compile_masks(
        catalog, coverage, key, registry, rules.locale, recorder=recorder, modules=rules.modules
    )
    proofs = prove_uniqueness(catalog, coverage, key, registry, rules.locale, modules=rules.modules)
    return replace(plan, findings=tuple(dict.fromkeys((*coverage.findings, *plan.findings, *proofs))))


def compile_masks(
    catalog: Catalog,
    coverage: Coverage,
    key: ProjectKey,
    registry: Registry,
    locale: str,
    *,
    recorder: Recorder | None = None,
    modules: PythonModules = NO_MODULES,
) -> MaskingPlan:
    """Bind every masked column. The coverage's errors are the plan's, so no plan is used without them."""
    workshop = Workshop(registry, key, locale, recorder=recorder, modules=modules)
    cases = coverage.where_true(), coverage.elsewhere()
    masked, others = (resolve_masks(catalog, case, workshop) for case in cases)
    bound = bind_columns(catalog, cases[0], masked, workshop, coverage, holds=True)
    bound_others = bind_columns(catalog, cases[1], others, workshop, coverage, holds=False)
    workshop.findings.extend(judge_checks(catalog, masked))
    for mixed in mixed_cases(coverage, masked, others):
        workshop.findings.extend(judge_checks(catalog, mixed))
    uses = dict(_spell_uses(bound)) | dict(_spell_uses(bound_others))
    workshop.findings.extend(judge_partition_keys(catalog, uses))
    masker = _Masker(coverage, bound, bound_others, recorder)
    relations = {relation.name: masker.masks_of(relation) for relation in catalog.tables()}
    return MaskingPlan(
        relations, coverage, tuple(dict.fromkeys((*errors_of(coverage.findings), *workshop.findings)))
    )


def _spell_uses(bound: Mapping[ColumnRef, BoundColumn]) -> Iterator[tuple[ColumnRef, str]]:
    for ref, one in bound.items():
        if one.masked is not None:
            yield ref, f"mask {one.masked.mask.name} at {one.masked.use.at}"
        elif not one.kept:
            yield ref, f"the paths of {ref}"


@dataclass(frozen=True, slots=True)
class _Masker:
    """Bound columns, by ruled column, → the masks of the relations that have them."""

    coverage: Coverage
    bound: Mapping[ColumnRef, BoundColumn]
    others: Mapping[ColumnRef, BoundColumn]
    recorder: Recorder | None

    def masks_of(self, relation: Relation) -> RelationMasks:
        """A leaf partition takes its root's masks by name: its columns may stand in another order."""
        place = {column.name: index for index, column in enumerate(relation.copied_columns)}
        sent = Sent(len(place), self.recorder)
        columns: list[ColumnMask] = []
        conditions: dict[SqlText, None] = {}
        for name in place:
            ref = ColumnRef(relation.ruled_by, name)
            decision = self.coverage.decisions[ref].decision if ref in self.coverage.decisions else None
            if isinstance(decision, Choice):
                conditions[decision.when] = None
                columns += self._branches(ref, decision, place, sent)
            elif ref in self.bound:
                columns.append(_column_mask(name, self.bound[ref], place))
        read = {index for column in columns for index in column.by}
        narrowed = {index: text for index, text in sent.narrowed.items() if index not in read}
        return RelationMasks(relation, tuple(columns), tuple(conditions), tuple(sent.beside), narrowed)

    def _branches(
        self, ref: ColumnRef, choice: Choice, place: Mapping[str, int], sent: Sent
    ) -> Iterator[ColumnMask]:
        """Nothing where a branch does not fit: there is a finding that says so."""
        pair = self.bound.get(ref), self.others.get(ref)
        if pair[0] is None or pair[1] is None:
            return
        index = place[ref.column]
        for one in bind_branches(ref, index, choice, (pair[0], pair[1]), sent):
            mask = _column_mask(ref.column, one.column, place)
            yield replace(mask, rows=one.rows, place=one.place)


def _column_mask(name: str, one: BoundColumn, place: Mapping[str, int]) -> ColumnMask:
    masked = one.masked
    return ColumnMask(
        column=name,
        index=place[name],
        mask=masked.mask if masked else None,
        domain=masked.use.domain if masked else "",
        overlap=masked.promise.overlap if masked else Overlap.CHANCE,
        by=tuple(place[other] for other in one.by),
        bound=one.bound,
        source_sql=one.source_sql,
        expected_fixed_rate=_expected_fixed_rate(masked) if masked else 1.0,
        permutes=masked is not None and _permutes(masked),
        layers=masked.layers if masked else (),
        expression=_expression(masked) if masked else None,
        kept=one.kept,
    )


def _expression(masked: MaskedColumn) -> SqlText | None:
    if masked.mask.expression is None:
        return None
    at = masked.use.places.get("expression", masked.use.at)
    return SqlText(masked.mask.expression(masked.options), at)


def _permutes(masked: MaskedColumn) -> bool:
    promise = masked.promise
    is_chance = promise.overlap is Overlap.CHANCE and masked.capacity is None
    return is_chance and promise.uniqueness is not Uniqueness.LOSSY


def _expected_fixed_rate(masked: MaskedColumn) -> float:
    promise, capacity = masked.promise, masked.capacity
    if promise.overlap is not Overlap.CHANCE:
        return 0.0
    if masked.mask.keeps_some:
        return 1.0
    if capacity is not None:
        return 1.0 / max(capacity, 1)
    if promise.uniqueness is Uniqueness.LOSSY:
        return 0.5  # nothing is declared: only a mask that does next to nothing is found out
    return 0.0  # a permutation's fixed points are counted otherwise (judgement.py)
