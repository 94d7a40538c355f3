"""What the rules decide for the columns of a table → text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dbtool.findings import Finding, Severity
from dbtool.masking.coverage import spell
from dbtool.masking.explain import ColumnExplained, IndexExplained, PathExplained, spell_index
from dbtool.masking.mask import Overlap, Uniqueness
from dbtool.masking.resolve import MaskedColumn
from dbtool.refresh.explain_rules import TableExplained
from dbtool.refresh.manifest import SCHEMA, finding_as_json
from dbtool.rules.model import Choice, Decision, DocumentPaths, Keep, MaskUse


def render_table_explained(explained: TableExplained) -> str:
    return "\n".join(_lines(explained))


def _lines(explained: TableExplained) -> Iterator[str]:
    if explained.skipped:
        yield f"{explained.table} is in no copy: every subset of the rules skips it"
    if explained.asked != explained.table:
        yield f"{explained.asked} is a partition, whose rules are those of {explained.table}"
    for column in explained.columns:
        yield f"{column.column}  {column.type}"
        yield from (f"  {line}" for line in _column_lines(column))


def _column_lines(column: ColumnExplained) -> Iterator[str]:
    if column.generated is not None:
        yield f"generated, and computed by the target from what it depends on: {column.generated}"
    elif column.decision is None:
        yield "undecided: no rule says what becomes of it"
    else:
        yield from _decision_lines(column.decision.decision, column.paths, column.other_paths)
        yield f"written at {column.decision.at}"
    if column.chain:
        yield f"inherited: {' → '.join(map(str, column.chain))}"
    yield from _promise_lines(column)
    yield from _lock_lines(column)
    for index in column.indexes:
        yield from _index_lines(index)
    yield from _finding_lines(column.findings)


Paths = Mapping[str, PathExplained]


def _decision_lines(decision: Decision, promised: Paths, otherwise_promised: Paths) -> Iterator[str]:
    match decision:
        case Keep(reason=reason):
            yield f"kept: {reason}" if reason else "kept"
        case MaskUse():
            yield from _use_lines(decision)
        case DocumentPaths(paths=paths, unknown=unknown, part=part):
            yield f"decided by {part}; what no {part} decides: {unknown}"
            if decision.namespaces:
                told = (f"{prefix or 'none'} is {uri}" for prefix, uri in decision.namespaces.items())
                yield f"prefixes: {', '.join(told)}"
            for path, one in paths.items():
                yield f"  {path}: {spell(one)}"
                if path in promised:
                    yield from (f"    {line}" for line in _promise_of(promised[path]))
        case Choice(when=when, chosen=chosen, otherwise=otherwise):
            yield f"where {when.text}"
            yield from (f"  {line}" for line in _decision_lines(chosen, promised, {}))
            yield "otherwise, and where that is NULL"
            yield from (f"  {line}" for line in _decision_lines(otherwise, otherwise_promised, {}))


def _use_lines(use: MaskUse) -> Iterator[str]:
    yield spell(use)
    if use.options:
        yield f"options: {', '.join(f'{name}: {value}' for name, value in use.options.items())}"
    if use.by:
        yield f"by: {', '.join(use.by)}"


def _promise_lines(column: ColumnExplained) -> Iterator[str]:
    is_divided = column.decision is not None and isinstance(column.decision.decision, Choice)
    for case, masked in (("where it is true: ", column.masked), ("otherwise: ", column.otherwise)):
        if masked is not None:
            yield from (f"{case if is_divided else ''}{line}" for line in _promise_of(masked))


def _promise_of(masked: MaskedColumn | PathExplained) -> Iterator[str]:
    promise = masked.promise
    space = (
        "" if promise.overlap is Overlap.NOT_READ else f"; space: {promise.space}"
    )  # one value is no space
    yield (
        f"promise: unique: {promise.uniqueness}; overlap: {promise.overlap}{space}"
        f"{_spell_capacity(masked.capacity, promise.uniqueness)}"
    )
    if masked.canonical:
        yield f"canonical: {', '.join(masked.canonical)}"


def _spell_capacity(capacity: int | None, uniqueness: Uniqueness) -> str:
    if capacity is None:
        return "" if uniqueness is Uniqueness.LOSSY else ", as many stand-ins as values"
    return f", {capacity:,} stand-in{'s' * (capacity != 1)}"


def _lock_lines(column: ColumnExplained) -> Iterator[str]:
    if column.kept is not None and column.accepted is not None:
        told = [
            f"{one.type}{', part of a key' if one.is_key else ''} ({at})"
            for one, at in column.accepted.items()
        ]
        yield f"accepted: {' or '.join(told) or 'by nobody yet'}"


def _index_lines(index: IndexExplained) -> Iterator[str]:
    if not index.findings:
        yield f"{spell_index(index)} holds"
    yield from _finding_lines(index.findings)


def _finding_lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    for one in findings:
        yield f"{_NAMES[one.severity]}: {one.message} [{one.check}]"
        yield from (f"  {line}" for line in one.remedy.splitlines())


_NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def table_explained_as_json(environment: str, explained: TableExplained) -> dict[str, Any]:
    """``decision`` is keep, mask, json, hstore or xml; null where no rule decides, or none has to."""
    return {
        "schema": SCHEMA,
        "command": "rules explain",
        "status": "refused" if any(one.stops for one in explained.columns) else "ok",
        "environment": environment,
        "table": str(explained.table),
        "skipped": explained.skipped,
        "columns": [_column_as_json(one) for one in explained.columns],
    }


def _column_as_json(one: ColumnExplained) -> dict[str, Any]:
    decision = one.decision
    return {
        "column": str(one.column),
        "type": one.type,
        "generated": one.generated,
        "when": None,
        "otherwise": None,
        **_decision_as_json(decision.decision if decision else None),
        "written_at": str(decision.at) if decision else None,
        "inherited": [str(ref) for ref in one.chain],
        "promise": _promise_as_json(one.masked),
        "promise_otherwise": _promise_as_json(one.otherwise),
        "promise_by_path": {path: _promise_as_json(promised) for path, promised in one.paths.items()},
        "promise_by_path_otherwise": {
            path: _promise_as_json(promised) for path, promised in one.other_paths.items()
        },
        "key": one.kept.is_key if one.kept else None,
        "accepted": None
        if one.accepted is None
        else [{"type": line.type, "key": line.is_key, "at": str(at)} for line, at in one.accepted.items()],
        "unique": [
            {
                "index": str(index.name),
                "kind": index.kind,
                "holds": index.holds,
                "findings": [finding_as_json(finding) for finding in index.findings],
            }
            for index in one.indexes
        ],
        "findings": [finding_as_json(finding) for finding in one.findings],
    }


def _decision_as_json(decision: Decision | None) -> dict[str, Any]:
    match decision:
        case Keep(reason=reason):
            return {"decision": "keep", "reason": reason}
        case MaskUse():
            return {
                "decision": "mask",
                "mask": decision.mask,
                "domain": decision.domain,
                "options": dict(decision.options),
                "by": list(decision.by),
                "each": decision.each,
            }
        case DocumentPaths(paths=paths, unknown=unknown, writing=writing):
            told = {path: _decision_as_json(one) for path, one in paths.items()}
            found = {"decision": writing, "paths": told, "unknown": unknown}
            return {**found, "namespaces": dict(decision.namespaces)} if writing == "xml" else found
        case Choice(when=when, chosen=chosen, otherwise=otherwise):
            return {
                **_decision_as_json(chosen),
                "when": when.text,
                "otherwise": _decision_as_json(otherwise),
            }
        case None:
            return {"decision": None}


def _promise_as_json(masked: MaskedColumn | PathExplained | None) -> dict[str, Any] | None:
    if masked is None:
        return None
    promise = masked.promise
    return {
        "unique": str(promise.uniqueness),
        "overlap": str(promise.overlap),
        "space": str(promise.space),
        "stand_ins": masked.capacity,
        "canonical": list(masked.canonical),
    }
