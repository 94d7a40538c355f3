"""What `dbtool rules accept` wrote → text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbtool.refresh.accept_rules import Acceptance
from dbtool.refresh.manifest import SCHEMA
from dbtool.rules.lockfile import KeptColumn


def render_acceptance(acceptance: Acceptance) -> str:
    return "\n".join(_lines(acceptance))


def _lines(acceptance: Acceptance) -> Iterator[str]:
    yield from (f"+ {one}" for one in acceptance.added)
    yield from (f"- {one}" for one in acceptance.removed)
    yield from (f"  {one}   accepted before, and still is" for one in acceptance.beside)
    count = "1 line" if acceptance.lines == 1 else f"{acceptance.lines} lines"
    if acceptance.added or acceptance.removed:
        changes = f"{len(acceptance.added)} added, {len(acceptance.removed)} removed"
        yield f"{acceptance.file} has {count} now: {changes}; have its diff reviewed with the rules"
    else:
        yield f"{acceptance.file} has all of it: {count}, none added or removed"


def acceptance_as_json(environment: str, acceptance: Acceptance) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "command": "rules accept",
        "status": "ok",
        "environment": environment,
        "file": str(acceptance.file),
        "added": [_as_json(one) for one in acceptance.added],
        "beside": [_as_json(one) for one in acceptance.beside],
        "removed": [_as_json(one) for one in acceptance.removed],
        "lines": acceptance.lines,
    }


def _as_json(one: KeptColumn) -> dict[str, Any]:
    return {"column": str(one.column), "type": one.type, "key": one.is_key}
