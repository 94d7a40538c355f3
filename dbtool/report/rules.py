"""What `dbtool rules check` found → JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dbtool.findings import Finding
from dbtool.masking.compile import MaskingPlan
from dbtool.refresh.manifest import SCHEMA, finding_as_json


def check_as_json(environment: str, plan: MaskingPlan, findings: Sequence[Finding]) -> dict[str, Any]:
    """``missing_rules`` is the YAML to paste for columns that no rule decides; empty where there are none."""
    return {
        "schema": SCHEMA,
        "command": "rules check",
        "status": "refused" if any(finding.is_error for finding in findings) else "ok",
        "environment": environment,
        "tables": [
            {"name": str(name), "masked_columns": list(masks.masked_columns)}
            for name, masks in sorted(plan.relations.items())
        ],
        "findings": [finding_as_json(finding) for finding in findings],
        "missing_rules": plan.coverage.missing_rules(),
    }
