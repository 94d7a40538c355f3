"""(Catalog, Coverage, key) → the bound masks of every relation that is copied, or all that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, Relation, RelationName
from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.masking.bind import BoundColumn, bind_columns
from dbtool.masking.check_fit import judge_checks
from dbtool.masking.coverage import Coverage, decide
from dbtool.masking.inner_values import Layer
from dbtool.masking.mask import BoundMask, Mask, Overlap, Registry, Uniqueness
from dbtool.masking.resolve import MaskedColumn, Workshop, errors_of, resolve_masks
from dbtool.masking.uniqueness import prove_uniqueness
from dbtool.rules.model import NO_MODULES, PythonModules, RuleSet
from dbtool.rules.subset_model import SqlText

# Permutations work within lengths or magnitudes, and each of those has one fixed point on average.
_PERMUTED_SPACES = 20
_ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class ColumnMask:
    """A masked column of a copied relation. ``index`` and ``by`` are positions among its copied columns.

    ``mask`` is None where a document is masked path by path. ``source_sql`` is the expression that the
    source's SELECT has in the column's place, where the original need not be read at all.
    ``expected_fixed_rate`` is the share of distinct originals that equal their own stand-in by chance;
    ``permutes`` tells that it is a keyed permutation's, whose fixed points do not grow with the originals.
    ``layers`` are what the values are within: an array, a range.
    ``expression`` is the rules' own part of ``source_sql``, for the source to parse before.
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


@dataclass(frozen=True, slots=True)
class RelationMasks:
    """``columns`` are the masked ones only: everything else was decided to be kept."""

    relation: Relation
    columns: tuple[ColumnMask, ...] = ()


@dataclass(frozen=True, slots=True)
class MaskingPlan:
    """``relations`` has every relation whose rows are copied. Errors among ``findings`` forbid using it."""

    relations: Mapping[RelationName, RelationMasks]
    coverage: Coverage
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return errors_of(self.findings)


def plan_masking(
    catalog: Catalog,
    rules: RuleSet,
    key: ProjectKey,
    registry: Registry,
    record: Callable[[pl.Series], None] | None = None,
    *,
    skipped: Collection[RelationName] = (),
) -> MaskingPlan:
    """Coverage → compile → uniqueness, with everything that any of them has to say.

    ``record`` is called, from whichever thread masks, with the originals that disjoint masks replace. ``skipped`` is
    as ``decide`` has it.
    """
    coverage = decide(catalog, rules, registry, skipped)
    plan = compile_masks(catalog, coverage, key, registry, rules.locale, record=record, modules=rules.modules)
    proofs = prove_uniqueness(catalog, coverage, key, registry, rules.locale, modules=rules.modules)
    return replace(plan, findings=tuple(dict.fromkeys((*coverage.findings, *plan.findings, *proofs))))


def compile_masks(
    catalog: Catalog,
    coverage: Coverage,
    key: ProjectKey,
    registry: Registry,
    locale: str,
    *,
    record: Callable[[pl.Series], None] | None = None,
    modules: PythonModules = NO_MODULES,
) -> MaskingPlan:
    """Bind every masked column. The coverage's errors are the plan's, so no plan is used without them."""
    workshop = Workshop(registry, key, locale, record=record, modules=modules)
    masked = resolve_masks(catalog, coverage, workshop)
    bound = bind_columns(catalog, coverage, masked, workshop)
    workshop.findings.extend(judge_checks(catalog, masked))
    relations = {
        relation.name: RelationMasks(relation, tuple(_column_masks(relation, bound)))
        for relation in catalog.tables()
    }
    return MaskingPlan(relations, coverage, (*errors_of(coverage.findings), *workshop.findings))


def _column_masks(relation: Relation, bound: Mapping[ColumnRef, BoundColumn]) -> Iterator[ColumnMask]:
    """A leaf partition takes its root's masks by name: its columns may stand in another order."""
    position = {column.name: index for index, column in enumerate(relation.copied_columns)}
    for column in relation.copied_columns:
        one = bound.get(ColumnRef(relation.ruled_by, column.name))
        if one is not None:
            yield ColumnMask(
                column=column.name,
                index=position[column.name],
                mask=one.masked.mask if one.masked else None,
                domain=one.masked.use.domain if one.masked else "",
                overlap=one.masked.promise.overlap if one.masked else Overlap.CHANCE,
                by=tuple(position[name] for name in one.by),
                bound=one.bound,
                source_sql=one.source_sql,
                expected_fixed_rate=_expected_fixed_rate(one.masked, relation) if one.masked else 1.0,
                permutes=one.masked is not None and _permutes(one.masked),
                layers=one.masked.layers if one.masked else (),
                expression=_expression(one.masked) if one.masked else None,
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


def _expected_fixed_rate(masked: MaskedColumn, relation: Relation) -> float:
    promise, capacity = masked.promise, masked.capacity
    if promise.overlap is not Overlap.CHANCE:
        return 0.0
    if masked.mask.keeps_some:
        return 1.0
    if capacity is not None:
        return 1.0 / max(capacity, 1)
    if promise.uniqueness is Uniqueness.LOSSY:
        return 0.5  # nothing is declared: only a mask that does next to nothing is found out
    rows = relation.rows if relation.rows > 0 else relation.pages * _ROWS_PER_PAGE
    return min(1.0, _PERMUTED_SPACES / max(rows, 1))
