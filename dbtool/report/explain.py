"""Why a row is in a subset, or why it is not → text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dbtool.errors import DbtoolError
from dbtool.refresh.explain_row import Explanation, RowShown
from dbtool.refresh.manifest import SCHEMA, finding_as_json
from dbtool.report.page import printable
from dbtool.report.refresh_json import BROKEN, findings_of
from dbtool.subset.explain import Hindrance

_SHOWN = 12  # rows of a way; of a longer one both ends are told
_REASONS = {
    "all": "every row of its table is copied",
    "root": "root: {}",
    "referencing": "refers to it by {}",
    "referenced": "it refers to this by {}",
}
_HINDRANCES = {
    "empty": "the rules leave {} empty",
    "skip": "the rules skip {}",
    "no-root": "no root selects rows of {}",
    "not-selected": "the root {} does not select it",
    "refers-to-nothing": "{}: refers to nothing",
    "not-followed": "{}: by the rules nothing follows along this reference",
    "refers-outside": "{}: the row that it refers to is not in the subset",
    "followed-no-further": "{}: the row that it refers to is in the subset only because others refer to it or its table is copied "
    "whole; nothing follows such a row",
    "over-the-cap": "{}: the row that it refers to has {} others before it, the most that follow (max_per_row)",
    "unreferenced": "{}: nothing refers to it",
    "referenced-from-outside": "{}: no row of the subset refers to it",
    "nulled": "{}: rows of the subset refer to it, and become NULL there by the rules",
}


def render_explanation(explanation: Explanation) -> str:
    return "\n".join(_lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    row = _spell_row(str(explanation.table), explanation.key, explanation.ids)
    if explanation.copies_all:
        yield f"{row} is copied: the rules have no subset, so every row is"
        return
    subset = "the subset" if explanation.profile is None else f"the subset {explanation.profile}"
    if explanation.way:
        yield f"{row} is in {subset}"
        yield from _render_way(explanation.way)
        return
    yield f"{row} is not in {subset}"
    for hindrance in explanation.hindrances:
        yield f"  {describe_hindrance(hindrance)}"


def _render_way(way: Sequence[RowShown]) -> Iterator[str]:
    half = _SHOWN // 2
    shown = way if len(way) <= _SHOWN else [*way[:half], *way[-half:]]
    rows = [
        _branch(depth) + _spell_row(str(one.table), one.key, one.values) for depth, one in enumerate(shown)
    ]
    width = max(map(len, rows))
    for depth, (text, one) in enumerate(zip(rows, shown, strict=True)):
        if depth == half and len(shown) < len(way):
            yield f"  {'  ' * depth}… {len(way) - len(shown):,} rows between"
        yield f"  {text:<{width}}   {_REASONS[one.reason].format(one.what)}"


def _branch(depth: int) -> str:
    return f"{'  ' * (depth - 1)}└ " if depth else ""


def _spell_row(table: str, key: Sequence[str], values: Sequence[str | None]) -> str:
    named = ", ".join(
        f"{column} {'…' if text is None else printable(text)}"
        for column, text in zip(key, values, strict=True)
    )
    return f"{table} {named}".rstrip()


def describe_hindrance(hindrance: Hindrance) -> str:
    return _HINDRANCES[hindrance.kind].format(hindrance.what, hindrance.most)


def explanation_as_json(environment: str, explanation: Explanation) -> dict[str, Any]:
    """``path`` is None where every row is copied. A value that the rules mask is null."""
    return {
        "schema": SCHEMA,
        "command": "rules explain",
        "status": "ok",
        "environment": environment,
        "table": str(explanation.table),
        "key": list(explanation.key),
        "ids": list(explanation.ids),
        "profile": explanation.profile,
        "in_subset": explanation.is_copied,
        "path": None if explanation.copies_all else [_row_as_json(one) for one in explanation.way],
        "why_not": [
            {
                "reason": one.kind,
                "what": one.what,
                "max_per_row": one.most,
                "message": describe_hindrance(one),
            }
            for one in explanation.hindrances
        ],
    }


def failure_as_json(command: str, environment: str, error: DbtoolError) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "command": command,
        "status": "failed" if error.exit_code in BROKEN else "refused",
        "environment": environment,
        "error": {"message": str(error), "exit_code": error.exit_code},
        "findings": [finding_as_json(finding) for finding in findings_of(error)],
    }


def _row_as_json(row: RowShown) -> dict[str, Any]:
    return {
        "table": str(row.table),
        "key": dict(zip(row.key, row.values, strict=True)),
        "reason": row.reason,
        "what": row.what,
    }
