"""What `dbtool migrate` ends in → JSON. The fields are documented in docs/migrate.md and only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dbtool.errors import DbtoolError
from dbtool.findings import Finding
from dbtool.ledger import LedgerEntry
from dbtool.locks.trace import HeldLock, RevisionTrace, RowChange, StatementTrace
from dbtool.migrate.result import (
    Application,
    CloneDescription,
    EnvironmentStatus,
    EvidenceReceipt,
    Rehearsal,
    Status,
)
from dbtool.refresh.manifest import finding_as_json
from dbtool.report.refresh_json import failure_as_json as refresh_failure_as_json
from dbtool.report.statement_text import shown
from dbtool.report.verdict import passed

SCHEMA = 1


def _head(command: str, status: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "command": f"migrate {command}", "status": status}


def rehearsal_as_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """``status`` is that of the run; ``verdict`` that of the migrations."""
    return {
        **_head("rehearse", "ok" if passed(rehearsal) else "failed"),
        "target": rehearsal.target,
        "verdict": rehearsal.verdict,
        "current": list(rehearsal.current),
        "heads": list(rehearsal.heads),
        "revisions": [_revision(one) for one in rehearsal.revisions],
        "findings": _findings(rehearsal.findings),
        "waived": [{**finding_as_json(finding), "reason": reason} for finding, reason in rehearsal.waived],
        "not_rehearsed": list(rehearsal.not_rehearsed),
        "clone": _clone(rehearsal.clone, masked=rehearsal.population.masked) if rehearsal.clone else None,
        "relations": _relations(rehearsal),
        "evidence": _evidence(rehearsal.evidence) if rehearsal.evidence else None,
        "seconds": _rounded(rehearsal.seconds),
    }


def _revision(revision: RevisionTrace) -> dict[str, Any]:
    return {
        "id": revision.id,
        "file": revision.file,
        "status": revision.status,
        "seconds": _rounded(revision.seconds),
        "statements": [_statement(one) for one in revision.statements],
        "findings": _findings(revision.findings),
    }


def _statement(statement: StatementTrace) -> dict[str, Any]:
    failure = statement.failure
    return {
        "ordinal": statement.ordinal,
        "line": statement.line or None,
        "sql": shown(statement.sql),
        "seconds": _rounded(statement.seconds),
        "in_transaction": statement.in_transaction,
        "error": {"sqlstate": failure.sqlstate, "message": failure.message} if failure else None,
        "locks": [_lock(lock) for lock in statement.locks],
        "rewrites": list(statement.rewrites),
        "scans": list(statement.scans),
        "index_builds": [
            {"index": one.index, "table": one.table, "concurrently": one.concurrently}
            for one in statement.index_builds
        ],
        "rows": statement.rows,
        "row_changes": [_row_change(one) for one in statement.row_changes],
        "column_changes": [
            {"relation": one.relation, "column": one.column, "change": one.change, "was": one.was or None}
            for one in statement.column_changes
        ],
        "created": list(statement.created),
        "dropped": list(statement.dropped),
        "renamed": [{"from": before, "to": after} for before, after in statement.renamed],
        "findings": _findings(statement.findings),
    }


def _lock(lock: HeldLock) -> dict[str, Any]:
    return {
        "relation": lock.relation,
        "mode": str(lock.mode),
        "held_s": _rounded(lock.held_s),
        "measured": lock.measured,
        "kind": lock.kind,
        "blocks_reads": lock.mode.blocks_reads,
        "blocks_writes": lock.mode.blocks_writes,
    }


def _row_change(change: RowChange) -> dict[str, Any]:
    return {
        "relation": change.relation,
        "inserted": change.inserted,
        "updated": change.updated,
        "deleted": change.deleted,
        "truncated": change.truncated,
    }


def _clone(clone: CloneDescription, *, masked: bool) -> dict[str, Any]:
    return {
        "provider": clone.provider,
        "version": clone.version,
        "target_version": clone.target_version,
        "data": clone.data,
        "profile": clone.profile,
        "masked": masked,
        "rows": clone.rows,
        "bytes": clone.bytes,
        "guard": clone.guard,
        "seconds": _rounded(clone.seconds),
    }


def _relations(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """``rows`` and ``bytes`` (heap, TOAST and indexes) of each relation, on the clone and on the target."""
    population = rehearsal.population
    return [
        {
            "name": name,
            **{
                end: {"rows": size.rows, "bytes": size.bytes + size.index_bytes} if size else None
                for end, size in (
                    ("clone", population.clone.get(name)),
                    ("target", population.target.get(name)),
                )
            },
        }
        for name in sorted({*population.clone, *population.target})
    ]


def _evidence(evidence: EvidenceReceipt) -> dict[str, Any]:
    return {
        "id": evidence.id,
        "made_at": spell_time(evidence.made_at),
        "valid_until": spell_time(evidence.valid_until),
        "file": str(evidence.file) if evidence.file else None,
    }


def application_as_json(application: Application) -> dict[str, Any]:
    return {
        **_head("apply", application.status),
        "target": application.target,
        "before": list(application.before),
        "after": list(application.after),
        "revisions": [
            {
                "id": one.id,
                "file": one.file,
                "seconds": _rounded(one.seconds),
                "attempts": one.attempts,
                "skipped_statements": one.skipped_statements,
            }
            for one in application.revisions
        ],
        "run_id": application.run_id,
        "evidence_id": application.evidence_id,
        "findings": _findings(application.findings),
        "seconds": _rounded(application.seconds),
    }


def status_as_json(status: Status, *, drift: str = "") -> dict[str, Any]:
    return {
        **_head("status", "drift" if drift else "ok"),
        "revisions": [{"id": id_, "message": message} for id_, message in status.revisions],
        "heads": list(status.heads),
        "environments": [_environment(one) for one in status.environments],
        "drift": drift or None,
    }


def _environment(one: EnvironmentStatus) -> dict[str, Any]:
    return {
        "name": one.name,
        "tier": one.tier,
        "heads": list(one.heads),
        "pending": list(one.pending),
        "unknown": list(one.unknown),
        "edited": list(one.edited),
        "last": _entry(one.last) if one.last else None,
        "problem": one.problem or None,
    }


def history_as_json(target: str, entries: Iterable[LedgerEntry]) -> dict[str, Any]:
    return {**_head("history", "ok"), "target": target, "entries": [_entry(entry) for entry in entries]}


def accept_as_json(target: str, entry: LedgerEntry) -> dict[str, Any]:
    return {**_head("accept", "ok"), "target": target, "entry": _entry(entry)}


def new_as_json(file: str) -> dict[str, Any]:
    return {**_head("new", "ok"), "file": file}


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "at": spell_time(entry.at),
        "event": str(entry.event),
        "run_id": entry.run_id,
        "revision": entry.revision,
        "digest": entry.digest,
        "actor": entry.actor,
        "git_commit": entry.git_commit,
        "evidence_id": entry.evidence_id,
        "duration_s": _rounded(entry.duration_s) if entry.duration_s is not None else None,
        "detail": entry.detail,
    }


def failure_as_json(command: str, target: str | None, error: DbtoolError) -> dict[str, Any]:
    """``refused`` where nothing was begun, ``failed`` where the run broke. ``target`` None: no single one was named."""
    told = refresh_failure_as_json(f"migrate {command}", "", target or "", error, error.exit_code)
    del told["source"]
    return {**told, "target": target}


def spell_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _findings(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [finding_as_json(finding) for finding in findings]


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
