"""What a refresh did, would do or refused to do, as documents for programs. A result's own is refresh/manifest.py's."""

from __future__ import annotations

from typing import Any

from dbtool.errors import DbtoolError, VerificationFailed
from dbtool.findings import Finding
from dbtool.refresh.manifest import SCHEMA, finding_as_json, result_as_json, subset_as_json
from dbtool.refresh.plan import RefreshPlan

__all__ = ["BROKEN", "failure_as_json", "findings_of", "plan_as_json", "result_as_json"]

BROKEN = frozenset({3, 7, 70, 130, 143})


def plan_as_json(plan: RefreshPlan) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "command": "refresh",
        "status": "planned",
        "source": plan.source,
        "target": plan.target,
        "database": plan.live,
        "needs_adoption": plan.needs_adoption,
        "subset": subset_as_json(plan.subset) if plan.subset else None,
        "tables": [
            {
                "name": str(table.name),
                "rows_estimated": table.rows,
                **({} if table.chosen is None else {"rows": table.chosen}),
                "bytes": table.bytes,
                "chunks": table.chunks,
                "binary": table.binary,
                "masked_columns": [
                    {"name": c.name, "mask": c.mask, "domain": c.domain, "otherwise": c.otherwise}
                    for c in table.masked
                ],
            }
            for table in plan.tables
        ],
        "preserved": [str(name) for name in plan.preserved],
        "programs": list(plan.programs),
        "findings": [finding_as_json(finding) for finding in plan.findings],
    }


def findings_of(error: DbtoolError) -> tuple[Finding, ...]:
    """Those that the error carries, of whatever kind it is."""
    return tuple(finding for finding in getattr(error, "findings", ()) if isinstance(finding, Finding))


def failure_as_json(
    command: str, source: str, target: str, error: DbtoolError, exit_code: int
) -> dict[str, Any]:
    """``refused`` where nothing was begun, ``failed`` where the run broke; both left the target as it was."""
    return {
        "schema": SCHEMA,
        "command": command,
        "status": "failed" if isinstance(error, VerificationFailed) or exit_code in BROKEN else "refused",
        "source": source,
        "target": target,
        "error": {"message": _message_of(error), "exit_code": exit_code},
        "findings": [finding_as_json(finding) for finding in findings_of(error)],
    }


def _message_of(error: DbtoolError) -> str:
    """With the notes of what was done on the way out."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])
