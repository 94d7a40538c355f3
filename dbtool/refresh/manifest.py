"""The record of a refresh: in the refreshed database itself and in the state folder. No value of any row."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from dbtool.errors import EnvironmentFailed
from dbtool.findings import Finding
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.stamp import write_stamp
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import RefreshResult, TableCopied, TablePreserved, Verification
from dbtool.subset.plan import Advice, EdgePull, SubsetPlan, TableShare

SCHEMA = 1
_FOLDER = "refresh"
_MANIFEST_BYTES = 512 << 10  # of some thousand tables


def finding_as_json(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "severity": str(finding.severity),
        "where": finding.where,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _table_as_json(table: TableCopied) -> dict[str, Any]:
    return {
        "name": str(table.name),
        "rows": table.rows,
        "bytes": table.bytes,
        "seconds": round(table.seconds, 3),
        "masked_columns": list(table.masked_columns),
        "kept_in_part": list(table.kept_in_part),
    }


def _preserved_as_json(table: TablePreserved) -> dict[str, Any]:
    return {
        "name": str(table.name),
        "rows": table.rows,
        "bytes": table.bytes,
        "seconds": round(table.seconds, 3),
        "made_as": "target" if table.made_as_there else "source",
    }


def _verification_as_json(verification: Verification) -> dict[str, Any]:
    return {
        "orphans": verification.orphans,
        "surviving_values": verification.surviving_values,
        "by_chance": [
            {
                "column": str(rate.column),
                "mask": rate.mask,
                "distinct": rate.distinct,
                "fixed": rate.fixed,
                "rate": rate.rate,
                "expected": rate.expected,
            }
            for rate in verification.by_chance
        ],
        "checked": list(verification.checked),
        "not_checked": list(verification.not_checked),
    }


def subset_as_json(subset: SubsetPlan) -> dict[str, Any]:
    """The same in a plan, a result and the manifest."""
    return {
        "profile": subset.profile,
        "roots": [{"root": root, "rows": rows} for root, rows in subset.roots],
        "tables": [_table_share_as_json(table) for table in subset.tables],
        "edges": [_edge_as_json(pull) for pull in subset.pulls],
        "orphans": [{"edge": edge, "rows": rows} for edge, rows in subset.orphans],
        "advice": _advice_as_json(subset.advice) if subset.advice else None,
        "seconds": round(subset.seconds, 3),
    }


def _table_share_as_json(table: TableShare) -> dict[str, Any]:
    return {
        "name": str(table.name),
        "state": table.state,
        "rows": table.rows,
        "of_rows_estimated": table.of_rows,
        "bytes": table.bytes,
        "nulled": table.nulled,
        "why": [{"reason": each.reason, "what": each.what, "rows": each.rows} for each in table.shares],
    }


def _edge_as_json(pull: EdgePull) -> dict[str, Any]:
    return {
        "edge": pull.edge,
        "direction": pull.direction,
        "table": str(pull.table),
        "from_rows": pull.from_rows,
        "rows": pull.rows,
        "bytes": pull.bytes,
        "rounds": pull.rounds,
        "max_per_row": pull.most,
    }


def _advice_as_json(advice: Advice) -> dict[str, Any]:
    return {
        "table": str(advice.table),
        "share": round(advice.share, 4),
        "edge": advice.edge,
        "mean_rows": round(advice.mean_rows, 2),
        "yaml": advice.yaml,
    }


def result_as_json(result: RefreshResult) -> dict[str, Any]:
    """The stable, versioned form: what ``--format json`` prints and the manifest keeps."""
    return {
        "schema": SCHEMA,
        "command": "refresh",
        "status": result.status,
        "source": result.source,
        "target": result.target,
        "database": result.live,
        "previous": list(result.previous),
        "made_at": result.made_at,
        "snapshot": {"lsn": result.snapshot.lsn, "taken_at": result.snapshot.taken_at},
        "subset": subset_as_json(result.subset) if result.subset else None,
        "tables": [_table_as_json(table) for table in result.tables],
        "preserved": [_preserved_as_json(table) for table in result.preserved],
        "verification": _verification_as_json(result.verification),
        "findings": [
            finding_as_json(finding) for finding in (*result.findings, *result.verification.findings)
        ],
        "sequences": [
            {"name": str(each.name), "value": each.value, "is_called": each.is_called}
            for each in result.sequences
        ],
        "key_id": result.key_id,
        "rules_digest": result.rules_digest,
        "pools_digest": result.pools_digest,
        "programs": list(result.programs),
        "stages": {name: round(seconds, 3) for name, seconds in result.stages},
        "seconds": round(result.seconds, 3),
    }


def stamp_candidate(request: RefreshRequest, candidate: str, result: RefreshResult) -> None:
    """Write into the candidate which refresh it is; its commit flushes all the load before it."""
    stamp = {
        "made_at": result.made_at,
        "source": result.source,
        "key_id": result.key_id,
        "rules_digest": result.rules_digest,
        "snapshot_lsn": result.snapshot.lsn,
        "snapshot_taken_at": result.snapshot.taken_at,
        "manifest": result_as_json(result),
    }
    with candidate_session(request.target, candidate) as connection:
        write_stamp(connection, stamp)


def refuse_unwritable(state: Path) -> None:
    """:raises EnvironmentFailed: there would be no place for the manifest, when it is too late to stop."""
    folder = state / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_MANIFEST_BYTES))
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise EnvironmentFailed(
            f"the state folder {folder} cannot be written ({reason}); nothing was done. Make it writable, make room, or "
            "name another as state in dbtool.toml."
        ) from None


def write_manifest(state: Path, result: RefreshResult) -> Path:
    """Write the manifest to ``state``/refresh, whole or not at all; returns its path."""
    folder = state / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.target}-{result.made_at}.json"
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(result_as_json(result), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path
