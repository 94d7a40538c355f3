"""Bind each masked column's mask, or say why it cannot serve that column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, ColumnType, TypeKind, quote_identifier
from dbtool.masking.alternatives import spell_alternatives
from dbtool.masking.coverage import ColumnDecision, Coverage
from dbtool.masking.fit import TooLong
from dbtool.masking.hstore_text import bind_hstore
from dbtool.masking.inner_values import inner_type, mask_within
from dbtool.masking.json_paths import bind_json
from dbtool.masking.mask import BoundMask, DoesNotFit, Mask, Overlap
from dbtool.masking.objections import find_objections
from dbtool.masking.recorded import Branch
from dbtool.masking.resolve import VALUE_WITHIN, MaskedColumn, Workshop, resolve_use
from dbtool.masking.xml_paths import bind_xml
from dbtool.rules.model import Choice, DocumentPaths, Keep, MaskUse, Writing

_TYPES: Mapping[Writing, frozenset[str]] = {
    "json": frozenset({"json", "jsonb"}),
    "hstore": frozenset({"hstore"}),
    "xml": frozenset({"xml", "text", "varchar", "citext"}),
}
_PARTS: Mapping[Writing, str] = {"json": "path", "hstore": "key", "xml": "path of XML"}
_INSTEAD = "choose another mask, mask: null, or keep the column with a reason"


@dataclass(frozen=True, slots=True)
class BoundColumn:
    """``masked`` is None for a document that is masked path by path, and for what is kept in some rows of a column.
    ``by`` are columns of the same relation.
    """

    masked: MaskedColumn | None
    bound: BoundMask
    by: tuple[str, ...] = ()
    source_sql: str | None = None
    kept: bool = False

    @property
    def records_originals(self) -> bool:
        """Of a document, perhaps."""
        if self.masked is None:
            return not self.kept
        return self.masked.promise.overlap is Overlap.DISJOINT


KEPT = BoundColumn(None, lambda values, _by: values, kept=True)


def bind_columns(
    catalog: Catalog,
    coverage: Coverage,
    masked: Mapping[ColumnRef, MaskedColumn],
    workshop: Workshop,
    whole: Coverage,
    *,
    holds: bool,
) -> dict[ColumnRef, BoundColumn]:
    """``coverage`` is one case of ``whole``: where conditions hold, or where they do not."""
    found: dict[ColumnRef, BoundColumn] = {}
    for ref, decision in coverage.decisions.items():
        column = catalog.relations[ref.relation].get_column(ref.column)
        is_chosen = isinstance(whole.decisions[ref].decision, Choice)
        shop = replace(workshop, branch=Branch(ref, holds)) if is_chosen else workshop
        bound = None
        if ref in masked:
            bound = _bind_column(masked[ref], whole, shop)
        elif isinstance(decision.decision, DocumentPaths):
            bound = _bind_document(decision, decision.decision, column, shop)
        elif isinstance(decision.decision, Keep) and shop.branch is not None:
            bound = KEPT
        if bound is not None:
            found[ref] = bound
    return found


def _bind_column(masked: MaskedColumn, coverage: Coverage, workshop: Workshop) -> BoundColumn | None:
    refused = False
    for reason, instead in find_objections(masked, coverage):
        refused = True
        message = f"mask {masked.mask.name} at {masked.use.at} does not fit: {reason}"
        workshop.refuse(
            "mask-does-not-fit", masked.ref, message, instead or f"use {spell_alternatives(masked, workshop)}"
        )
    if refused:
        return None
    try:
        bound = masked.mask.bind(masked.options, masked.context)
        literal = _source_literal(masked, bound)
    except DoesNotFit as error:
        message = f"mask {masked.mask.name} at {masked.use.at} does not fit: {error.reason}"
        instead = _spell_instead(error.alternative)
        if isinstance(error, TooLong):
            instead = f"{instead}; or {spell_alternatives(masked, workshop)}"
        workshop.refuse("mask-does-not-fit", masked.ref, message, instead)
        return None
    bound = _recording(bound, masked.mask, masked.promise.overlap, workshop)
    inner = inner_type(masked.column.type, masked.mask, each=masked.use.each)
    bound = mask_within(masked.layers, _null_stays_null(bound, inner), masked.use.by)
    return BoundColumn(masked, bound, masked.use.by, literal)


def _recording(bound: BoundMask, mask: Mask, overlap: Overlap, workshop: Workshop) -> BoundMask:
    """Hand the originals of a disjoint mask to whoever will look for survivors; reserved ones are nobody's."""
    recorder, in_space, branch = workshop.recorder, mask.in_space, workshop.branch
    if recorder is None or overlap is not Overlap.DISJOINT:
        return bound

    def recorded(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        recorder.record_originals(values if in_space is None else values.filter(~in_space(values)), branch)
        return bound(values, by)

    return recorded


def _spell_instead(alternative: str) -> str:
    return f"use {alternative}" if alternative else _INSTEAD


def _source_literal(masked: MaskedColumn, bound: BoundMask) -> str | None:
    """What the source selects in the column's place, for a mask that does not read it. NULL stays NULL.

    A mask that reads nothing gives every value the same stand-in, so one probe tells which.
    """
    literal: str | None
    if masked.layers:
        return None  # what is around the values has to be read
    if masked.mask.expression is not None:
        literal = (
            f"(\n{masked.mask.expression(masked.options)}\n)"  # the line of its own ends a comment in it
        )
    elif masked.promise.overlap is not Overlap.NOT_READ:
        return None
    elif masked.mask.source_sql is not None:
        literal = masked.mask.source_sql(masked.options, masked.context)
    else:
        probe = bound(pl.Series("probe", ["x"], dtype=pl.String), pl.DataFrame())
        literal = quote_literal(probe.item())
    if literal is None or literal == "NULL":
        return literal
    # A row with a NULL in it is not NULL, and IS NOT NULL is false of it.
    is_there = "IS DISTINCT FROM NULL" if masked.column.type.kind is TypeKind.COMPOSITE else "IS NOT NULL"
    return f"CASE WHEN {quote_identifier(masked.column.name)} {is_there} THEN {literal} END"


def quote_literal(text: str | None) -> str:
    """An SQL literal whatever standard_conforming_strings says."""
    if text is None:
        return "NULL"
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return f"E{quoted}" if "\\" in text else quoted


def _null_stays_null(bound: BoundMask, column: ColumnType) -> BoundMask:
    """char(n) pads with blanks that are no part of the value; its key, if that is text, has none."""
    is_padded = column.base == "bpchar" and not column.is_array

    def masked(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        outputs = bound(values.str.strip_chars_end(" ") if is_padded else values, by)
        if (values.is_null() & outputs.is_not_null()).any():
            outputs = outputs.zip_with(values.is_not_null(), values)
        return outputs

    return masked


def _bind_document(
    decision: ColumnDecision, paths: DocumentPaths, column: Column, workshop: Workshop
) -> BoundColumn | None:
    is_served = column.type.base in _TYPES[paths.writing] and not column.type.is_array
    if not is_served or column.type.length is not None:  # which a document with other values could pass
        message = f"{decision.ref} at {paths.at} is decided by {_PARTS[paths.writing]}, but its type is {column.type.sql}"
        workshop.refuse("mask-does-not-fit", decision.ref, message, "decide the whole column")
        return None
    uses = {path: use for path, use in paths.paths.items() if isinstance(use, MaskUse)}
    bound = {path: _bind_path(decision, path, use, workshop) for path, use in uses.items()}
    wrong = [path for path in paths.paths if not _is_path(path, decision, paths, workshop)]
    if wrong or None in bound.values():
        return None
    mask_documents = _bind_within(paths, {path: bound.get(path) for path in paths.paths})
    return BoundColumn(None, _null_stays_null(_ignoring_by(mask_documents), column.type))


def _bind_within(
    paths: DocumentPaths, bound: Mapping[str, BoundMask | None]
) -> Callable[[pl.Series], pl.Series]:
    """:raises DoesNotFit: something is no path."""
    if paths.writing == "xml":
        return bind_xml(bound, paths.unknown, paths.namespaces)
    return (bind_hstore if paths.writing == "hstore" else bind_json)(bound, paths.unknown)


def _is_path(path: str, decision: ColumnDecision, paths: DocumentPaths, workshop: Workshop) -> bool:
    try:
        _bind_within(paths, {path: None})
    except DoesNotFit as error:
        message = f"a path of {decision.ref} at {paths.paths[path].at} does not fit: {error.reason}"
        workshop.refuse("mask-does-not-fit", decision.ref, message, _spell_instead(error.alternative))
        return False
    return True


def _bind_path(decision: ColumnDecision, path: str, use: MaskUse, workshop: Workshop) -> BoundMask | None:
    where = f"{decision.ref} {path}"
    if (parts := resolve_use(use, VALUE_WITHIN, where, workshop)) is None:
        return None
    mask, options, context = parts
    if mask.expression is not None:
        message = f"mask {mask.name} at {use.at} does not fit {path}: the source evaluates it in place of a whole column"
        workshop.refuse("mask-does-not-fit", decision.ref, message, _INSTEAD)
        return None
    try:
        return _recording(mask.bind(options, context), mask, mask.promise(options, context).overlap, workshop)
    except DoesNotFit as error:
        message = f"mask {mask.name} at {use.at} does not fit {path}: {error.reason}"
        workshop.refuse("mask-does-not-fit", decision.ref, message, _spell_instead(error.alternative))
        return None


def _ignoring_by(mask_documents: Callable[[pl.Series], pl.Series]) -> BoundMask:
    return lambda values, _by: mask_documents(values)
