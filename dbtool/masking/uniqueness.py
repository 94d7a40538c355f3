"""Will every unique index, primary key and exclusion constraint hold over the stand-ins? Proved or refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, Relation, RelationName, quote_identifier
from dbtool.digest import ProjectKey
from dbtool.findings import Finding, Severity
from dbtool.masking.coverage import Coverage
from dbtool.masking.index_text import folded_columns, mentions, requires_value, without_tests
from dbtool.masking.indexed_columns import RuledColumns, count_rows, find_ruled_columns
from dbtool.masking.mask import TEXT_TYPES, Mask, Overlap, Registry, Uniqueness
from dbtool.masking.moved_together import keeps_apart, overlaps
from dbtool.masking.odds import REFUSED_ABOVE, WARNED_ABOVE, collision_odds, has_room
from dbtool.masking.resolve import MaskedColumn, Workshop
from dbtool.rules.model import NO_MODULES, PythonModules

_MOVE_ALIKE = "name the columns that it compares by = under by, so that their rows move alike; or "


@dataclass(frozen=True, slots=True)
class _Proof:
    """One index of one ruled relation, and what is known of its relation's columns."""

    catalog: Catalog
    index: UniqueIndex
    relation: Relation
    ruled: RuledColumns
    masked: Mapping[str, MaskedColumn]
    rows: int
    registry: Registry

    @property
    def documents(self) -> Collection[str]:
        return self.ruled.documents

    @property
    def where(self) -> str:
        return str(RelationName(self.index.relation.schema, self.index.name))

    @property
    def spelt(self) -> str:
        kind = "primary key" if self.index.is_primary else "unique index"
        return f"{'exclusion constraint' if self.index.is_exclusion else kind} {quote_identifier(self.index.name)}"

    def refuse(self, column: str, reason: str, remedy: str) -> Finding:
        message = f"{self.spelt} would not hold: {self.relation.name}.{quote_identifier(column)} {reason}"
        return Finding("uniqueness-not-proved", Severity.ERROR, self.where, message, remedy)


def prove_uniqueness(
    catalog: Catalog,
    coverage: Coverage,
    key: ProjectKey,
    registry: Registry,
    locale: str = "en_US",
    *,
    modules: PythonModules = NO_MODULES,
) -> tuple[Finding, ...]:
    """Errors for what could collide, warnings for what might, and the odds where a digest is relied upon."""
    workshop = Workshop(registry, key, locale, modules=modules)
    ruled = find_ruled_columns(catalog, coverage, workshop)
    rows = count_rows(catalog)
    findings: list[Finding] = []
    for index in catalog.unique_indexes:
        own = catalog.relations.get(index.relation)
        relation = catalog.relations.get(own.ruled_by) if own else None
        if own is not None and relation is not None and relation.name in ruled:
            columns = ruled[relation.name]
            null_is_harmless = not (index.nulls_not_distinct or index.is_primary)
            masked = columns.judged(registry, null_is_harmless=null_is_harmless)
            findings += _prove(_Proof(catalog, index, relation, columns, masked, rows[own.name], registry))
    return tuple(dict.fromkeys(findings))


def _prove(proof: _Proof) -> Iterator[Finding]:
    plain = [name for name in proof.index.columns if name is not None]
    yield from _prove_predicate(proof)
    yield from _prove_expressions(proof)
    for name in plain:
        if _is_generated(proof, name):
            yield from _prove_generated(proof, name)
    refused = [finding for name in plain for finding in _refuse_member(proof, name)]
    if refused and _holds_without(proof, plain):
        return
    yield from refused
    if not refused:
        for name in plain:
            if name in proof.masked and not proof.masked[name].mask.makes_null:
                yield from _remark_member(proof, proof.masked[name])


def _is_generated(proof: _Proof, name: str) -> bool:
    column = proof.relation.find_column(name)
    return column is not None and column.generated


def _refuse_member(proof: _Proof, name: str) -> Iterator[Finding]:
    if name in proof.documents:
        yield proof.refuse(name, "is decided by path, so two documents may become one", "keep the column")
    masked = proof.masked.get(name)
    if masked is None or _is_null_harmless(proof, masked):
        return
    if proof.index.is_exclusion and overlaps(masked.column.type) and not _moves_apart(proof, masked):
        remedy = f"{_MOVE_ALIKE if masked.mask.keeps_order else ''}keep the column, or use mask: null"
        yield proof.refuse(name, "is compared by more than equality", remedy)
    elif masked.mask.makes_null:
        yield proof.refuse(
            name, "becomes NULL in every row, and NULLs are not distinct there", _instead(proof, masked)
        )
    elif not _is_proved(proof, masked):
        yield proof.refuse(name, _why_not(proof, masked), _instead(proof, masked))


def _is_null_harmless(proof: _Proof, masked: MaskedColumn) -> bool:
    return masked.mask.makes_null and not (proof.index.nulls_not_distinct or proof.index.is_primary)


def _compares_loosely(proof: _Proof, column: Column) -> bool:
    """Texts that differ may be equal there, as ``A`` and ``a`` are to citext."""
    return column.type.base == "citext" or column.name in proof.index.nondeterministic


def _is_proved(proof: _Proof, masked: MaskedColumn) -> bool:
    return _is_strong(proof, masked) or _moves_apart(proof, masked)


def _moves_apart(proof: _Proof, masked: MaskedColumn) -> bool:
    """The ``by`` columns are kept, or masked so that they tell the same rows apart."""
    others = [proof.masked.get(name) for name in masked.use.by]
    return keeps_apart(proof.index, proof.relation, masked) and all(
        other is None or (not _may_be_null(proof, other) and _is_strong(proof, other)) for other in others
    )


def _is_strong(proof: _Proof, masked: MaskedColumn) -> bool:
    uniqueness = masked.promise.uniqueness
    if uniqueness is Uniqueness.INJECTIVE:
        return not _compares_loosely(proof, masked.column)
    return uniqueness is Uniqueness.COLLISION_FREE and _odds(proof, masked) <= REFUSED_ABOVE


def _why_not(proof: _Proof, masked: MaskedColumn) -> str:
    uniqueness = masked.promise.uniqueness
    if uniqueness is Uniqueness.INJECTIVE:
        return f"is compared without regard to case, and stand-ins of mask {masked.mask.name} may differ in that only"
    if uniqueness is Uniqueness.COLLISION_FREE:
        return (
            f"has {proof.rows:,} rows, and mask {masked.mask.name} would give two of them one stand-in "
            f"with odds of {_odds(proof, masked):.0%}"
        )
    return f"is masked by {masked.mask.name}, which may give two originals one stand-in"


def _odds(proof: _Proof, masked: MaskedColumn) -> float:
    return collision_odds(proof.rows, masked.capacity)


def _instead(proof: _Proof, masked: MaskedColumn) -> str:
    """The masks that would hold there, by name."""
    names = [
        f"each: {{mask: {name}}}" if masked.use.each else f"mask: {name}"
        for name, mask in sorted(proof.registry.items())
        if name != masked.mask.name and _would_hold(proof, mask, masked)
    ]
    if masked.ref.column in proof.ruled.divided:
        both = f", or use these in both cases: {', '.join(names)}" if names else ""
        return f"decide all its rows alike{both}"
    return " or ".join(
        ["use " + ", ".join(names) if names else "", "keep the column with a reason"]
    ).removeprefix(" or ")


def _would_hold(proof: _Proof, mask: Mask, masked: MaskedColumn) -> bool:
    fits = masked.column.type.base in mask.types and not mask.needs_by
    strong = {Uniqueness.COLLISION_FREE}
    if not _compares_loosely(proof, masked.column) and masked.ref.column not in proof.ruled.divided:
        strong.add(Uniqueness.INJECTIVE)
    return fits and mask.uniqueness in strong and has_room(mask, masked.context, proof.rows)


def _holds_without(proof: _Proof, plain: list[str]) -> bool:
    """Some of its columns are unique by themselves, and stay so: (id, city) holds whatever city becomes."""
    solid = {name for name in plain if name not in proof.documents and _is_solid(proof, name)}
    return any(
        other.columns
        and not other.is_exclusion
        and other.predicate is None
        and other.relation == proof.index.relation
        and None not in other.columns
        and set(other.columns) <= solid
        and (not proof.index.nulls_not_distinct or other.is_primary or other.nulls_not_distinct)
        for other in proof.catalog.unique_indexes
        if not proof.index.is_exclusion
    )


def _is_solid(proof: _Proof, name: str) -> bool:
    if _is_generated(proof, name):
        return False
    masked = proof.masked.get(name)
    return masked is None or (not _may_be_null(proof, masked) and _is_strong(proof, masked))


def _may_be_null(proof: _Proof, masked: MaskedColumn) -> bool:
    """Where the original is not."""
    return masked.mask.makes_null or masked.ref.column in proof.ruled.sometimes_null


def _remark_member(proof: _Proof, masked: MaskedColumn) -> Iterator[Finding]:
    where = f"{proof.relation.name}.{quote_identifier(masked.ref.column)}"
    if masked.promise.uniqueness is Uniqueness.COLLISION_FREE:
        odds = _odds(proof, masked)
        message = (
            f"{proof.spelt}: two of {proof.rows:,} rows of {where} share a stand-in with odds of {odds:.1e}"
        )
        severity = Severity.WARNING if odds > WARNED_ABOVE else Severity.INFO
        yield Finding("uniqueness-by-odds", severity, proof.where, message)
    if merged := _merging_steps(proof, masked):
        yield Finding(
            "canonical-may-merge",
            Severity.WARNING,
            proof.where,
            f"{proof.spelt} tells apart values of {where} that {', '.join(merged)} makes one: if there are two, "
            "they get one stand-in, the load fails, and the live database stays as it is",
            "give the domain canonical: [] if such values are different, or merge them in the source",
        )


def _merging_steps(proof: _Proof, masked: MaskedColumn) -> list[str]:
    """Only texts have two spellings: PostgreSQL prints a uuid or a number in one."""
    if masked.column.type.base not in TEXT_TYPES:
        return []
    is_folded = _compares_loosely(proof, masked.column) or masked.ref.column in folded_columns(
        proof.index.expressions
    )
    return [step for step in masked.canonical if not (step == "casefold" and is_folded)]


def _prove_expressions(proof: _Proof) -> Iterator[Finding]:
    """Only lower() and upper() of a collision-free mask are known to hold: its digest survives folding."""
    folded = folded_columns(proof.index.expressions)
    for name in proof.index.mentioned:
        if not any(mentions(expression, name) for expression in proof.index.expressions):
            continue
        if name in proof.documents:
            yield proof.refuse(name, "is decided by path and read by an expression", "keep the column")
        if _is_generated(proof, name):
            yield from _prove_generated(proof, name)
        masked = proof.masked.get(name)
        if masked is None or (name in folded and _is_null_harmless(proof, masked)):
            continue
        is_strong = masked.promise.uniqueness is Uniqueness.COLLISION_FREE and _is_proved(proof, masked)
        if name in folded and is_strong:
            yield from _remark_member(proof, masked)
        else:
            reason = f"is masked by {masked.mask.name}, and the index compares an expression of it"
            yield proof.refuse(name, reason, _instead(proof, masked))


def _prove_predicate(proof: _Proof) -> Iterator[Finding]:
    """A row that the predicate left out before must not come in: NULL stays NULL, '' stays '', and no more is known."""
    if proof.index.predicate is None:
        return
    for name in sorted({*proof.masked, *proof.documents}):
        masked = proof.masked.get(name)
        makes_null = masked is not None and masked.mask.makes_null
        needs_value = requires_value(proof.index.predicate, name)
        if makes_null and needs_value:
            continue  # NULL in every row: the index is empty
        may_be_null = makes_null or (name in proof.ruled.sometimes_null and not needs_value)
        keeps_empty = makes_null or _keeps_empty(proof, masked)
        rest = without_tests(proof.index.predicate, name, of_null=not may_be_null, of_emptiness=keeps_empty)
        if mentions(rest, name):
            reason = "is masked and read by its predicate, so other rows may come under it"
            yield proof.refuse(name, reason, "keep the column with a reason")


def _keeps_empty(proof: _Proof, masked: MaskedColumn | None) -> bool:
    """All masks leave an empty text alone but those that look at no value; not what equals it in char(n) or a collation."""
    if masked is None or masked.mask.expression or masked.ref.column in proof.ruled.divided:
        return False
    if masked.context.type.base == "bpchar" or not masked.column.collation_is_deterministic:
        return False
    return masked.promise.overlap is not Overlap.NOT_READ


def _prove_generated(proof: _Proof, name: str) -> Iterator[Finding]:
    """The target computes it anew, from the columns as they are masked."""
    expression = proof.relation.get_column(name).default or ""
    for source in sorted({*proof.masked, *proof.documents}):
        if mentions(expression, source):
            reason = f"is generated from {quote_identifier(source)}, which is masked"
            yield proof.refuse(
                name, reason, f"keep {quote_identifier(source)}, or drop the index in the target"
            )
