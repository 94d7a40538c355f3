"""What the columns of a relation promise to its indexes together, whichever decision a row takes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.masking.coverage import Coverage, same_decision
from dbtool.masking.mask import Registry, Uniqueness
from dbtool.masking.resolve import MaskedColumn, Workshop, resolve_masks
from dbtool.rules.model import DocumentPaths, Keep

_DIGEST_OUTPUTS = 2**64


@dataclass(frozen=True, slots=True)
class Divided:
    """A column whose rows take one of two masks; ``otherwise`` None: the second keeps them."""

    chosen: MaskedColumn
    otherwise: MaskedColumn | None


@dataclass
class RuledColumns:
    """The masked columns of one ruled relation, each by its name. ``documents`` are decided by path in some row at least."""

    masked: dict[str, MaskedColumn] = field(default_factory=dict)
    divided: dict[str, Divided] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)

    def judged(self, registry: Registry, *, null_is_harmless: bool) -> dict[str, MaskedColumn]:
        """Every column as one mask that promises no more than its rows hold together."""
        return self.masked | {
            name: join_branches(one, registry, null_is_harmless=null_is_harmless)
            for name, one in self.divided.items()
        }

    @property
    def sometimes_null(self) -> frozenset[str]:
        """Where some rows lose a value, and others do not."""
        return frozenset(
            name
            for name, one in self.divided.items()
            if one.chosen.mask.makes_null != (one.otherwise is not None and one.otherwise.mask.makes_null)
        )


def find_ruled_columns(
    catalog: Catalog, coverage: Coverage, workshop: Workshop
) -> Mapping[RelationName, RuledColumns]:
    """Relations without a masked column are not there. What a mask cannot be resolved for is a finding of the workshop."""
    found: dict[RelationName, RuledColumns] = defaultdict(RuledColumns)
    elsewhere = coverage.elsewhere()
    others = resolve_masks(catalog, elsewhere, workshop)
    for ref, one in resolve_masks(catalog, coverage.where_true(), workshop).items():
        if ref not in elsewhere.decisions:
            found[ref.relation].masked[ref.column] = one
        elif ref in others or isinstance(elsewhere.decisions[ref].decision, Keep):
            found[ref.relation].divided[ref.column] = Divided(one, others.get(ref))
    for case in (coverage.where_true(), elsewhere):
        for ref, decided in case.decisions.items():
            if isinstance(decided.decision, DocumentPaths):
                found[ref.relation].documents.add(ref.column)
    return found


def join_branches(one: Divided, registry: Registry, *, null_is_harmless: bool) -> MaskedColumn:
    """Two masks that are injective each may still meet: only digests, which meet nothing but by odds, are known not to.

    Nor do they meet a value that is kept. NULLs meet nothing where ``null_is_harmless``; what is kept beside them is as unique
    as it was.
    """
    branches = (one.chosen, one.otherwise)
    masked = [branch for branch in branches if branch is not None]
    if len(masked) > 1 and same_decision(masked[0].use, masked[1].use, registry):
        return one.chosen
    left = [branch for branch in branches if branch is None or not branch.mask.makes_null]
    if len(left) < len(branches) and null_is_harmless:
        return left[0] if left and left[0] is not None else one.chosen
    uniqueness = {branch.promise.uniqueness for branch in masked}
    if uniqueness == {Uniqueness.COLLISION_FREE}:
        outputs = min(branch.capacity or _DIGEST_OUTPUTS for branch in masked)
        return _promising(one, Uniqueness.COLLISION_FREE, outputs)
    return _promising(one, Uniqueness.LOSSY, None)


def _promising(one: Divided, uniqueness: Uniqueness, capacity: int | None) -> MaskedColumn:
    names = [one.chosen.mask.name, one.otherwise.mask.name if one.otherwise else "kept"]
    steps = (*one.chosen.canonical, *(one.otherwise.canonical if one.otherwise else ()))
    mask = replace(
        one.chosen.mask,
        name=f"{' or '.join(names)} by its condition",
        uniqueness=uniqueness,
        promise_under=None,
        capacity=lambda _options, _context: capacity,
        makes_null=False,
        keeps_order=False,
    )
    use = replace(one.chosen.use, canonical=tuple(dict.fromkeys(steps)))
    return replace(one.chosen, mask=mask, use=use)


def count_rows(catalog: Catalog) -> dict[RelationName, int]:
    """The planner's estimates, of a partitioned table the sum over its leaves."""
    rows: dict[RelationName, int] = defaultdict(int)
    for relation in catalog.tables():
        for name in {relation.name, relation.ruled_by}:
            rows[name] += max(relation.rows, 0)
    return rows
