"""Why a mask cannot serve a column, as far as the types and the rules alone tell."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import ColumnRef, ColumnType, Relation, TypeKind, quote_identifier
from dbtool.masking.coverage import Coverage
from dbtool.masking.inner_values import has_moving_bounds, inner_type
from dbtool.masking.mask import Mask
from dbtool.masking.resolve import MaskedColumn
from dbtool.masking.shared_keys import find_mismatch
from dbtool.rules.model import Keep, MaskUse
from dbtool.spelling import did_you_mean

Objection = tuple[str, str]  # (reason, remedy); an empty remedy: the usual ones

_INSTEAD_FOR_RANGES = "use mask: null or constant, or keep the column with a reason"
_INSTEAD_FOR_DATES = f"use mask: shift_date, which moves both bounds together; or {_INSTEAD_FOR_RANGES}"
_ODDLY_SEPARATED = frozenset({"box", "geometry", "geography"})  # pg_type.typdelim is no comma


def find_objections(masked: MaskedColumn, coverage: Coverage) -> Iterator[Objection]:
    """What the types alone forbid. Binding finds what depends on options."""
    column, key = masked.column, masked.decision.inherited_from
    if masked.mask.expression is not None and key is not None:
        yield (
            f"it is an expression over the columns of {key}, and this column refers to that",
            "mask the key otherwise",
        )
    if masked.mask.makes_null and column.not_null and not masked.use.each:
        yield "the column is NOT NULL", "use mask: constant with a value"
    inner = inner_type(column.type, masked.mask, each=masked.use.each)
    if masked.use.each:
        yield from _each_objections(masked)
    if key is None:
        yield from _type_objections(masked.mask, inner)
    elif mismatch := find_mismatch(inner, masked.context.type):
        yield (
            f"it must hold the stand-ins of {key}, and {mismatch}",
            f"give both columns one type, or keep {key}",
        )
    yield from _by_objections(masked.relation, masked.use)
    yield from _shown_objections(masked, coverage)


def _each_objections(masked: MaskedColumn) -> Iterator[Objection]:
    if not masked.column.type.is_array:
        yield (
            f"each is for arrays, and the column is {masked.column.type.sql}",
            f"write {{mask: {masked.mask.name}}} without each",
        )
    if masked.mask.makes_null:
        left = f"of {masked.column.type.sql} an array of NULLs would be left, as long as the original"
        yield left, "use mask: null without each"
    if masked.column.type.base in _ODDLY_SEPARATED:
        yield f"the elements of {masked.column.type.sql} are not separated by commas", "use mask: null"
    if masked.mask.expression is not None:
        kind = masked.column.type.sql
        yield f"the source evaluates it in place of a whole column, and this is within {kind}", ""


def _type_objections(mask: Mask, column: ColumnType) -> Iterator[Objection]:
    if not mask.types:
        return
    if column.is_array:
        yield (
            f"the column is an array ({column.sql}), and the mask is for single values",
            f"write {{each: {{mask: {mask.name}}}}}, which masks every element, or use mask: null",
        )
    elif column.kind in (TypeKind.RANGE, TypeKind.MULTIRANGE):
        yield (
            f"the column is a {column.kind} ({column.sql}), and the mask could turn its bounds around",
            _INSTEAD_FOR_DATES if has_moving_bounds(column) else _INSTEAD_FOR_RANGES,
        )
    elif column.kind is TypeKind.COMPOSITE:
        yield f"the column is a {column.kind} ({column.sql}), which cannot be masked yet", "use mask: null"
    elif column.base not in mask.types and column.kind not in mask.types:
        yield f"it serves {', '.join(sorted(mask.types))}, and the column is {column.sql}", ""


def _by_objections(relation: Relation, use: MaskUse) -> Iterator[Objection]:
    copied = {column.name for column in relation.copied_columns}
    for name in use.by:
        if name not in copied:
            yield (
                f"{relation.name} has no column {quote_identifier(name)} to go by{did_you_mean(name, copied)}",
                "name a column of the table",
            )


def _shown_objections(masked: MaskedColumn, coverage: Coverage) -> Iterator[Objection]:
    """What a stand-in shows of another column must be no secret there either."""
    for name in masked.use.by if masked.mask.shows_by else ():
        decided = coverage.decisions.get(ColumnRef(masked.relation.name, name))
        if decided is not None and not isinstance(decided.decision, Keep):
            yield (
                f"it would show {quote_identifier(name)} as it is, which is not kept",
                "name a column that is kept",
            )
