"""A rehearsal without a clone: what would have been seen, and what it is judged by."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from dbtool.catalog.catalog import build_catalog
from dbtool.locks.trace import Population, RevisionTrace, StatementTrace
from dbtool.masking.masks import MASKS
from dbtool.migrate.clone.request import Clone
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.rehearse.aftermath import State
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.rehearse.verdict import Yardstick
from dbtool.migrate.request import RehearseRequest
from dbtool.migrate.runner.outcome import Outcome
from tests.unit.masking.coverage_cases import table
from tests.unit.migrate.application_cases import DDL, STAGING
from tests.unit.migrate.evidence_cases import MADE_AT

EMPTY = build_catalog(180000, [])


def state(*columns: str, heads: tuple[str, ...] = ("r2",), **fields: Any) -> State:
    """``columns`` of public.parcel; none: there is no table."""
    catalog = build_catalog(180000, [table("parcel", " ".join(columns))] if columns else [])
    return State(**{"catalog": catalog, "unfinished": (), "heads": heads, **fields})


def traced(name: str, *statements: StatementTrace, status: str = "ok", **fields: Any) -> RevisionTrace:
    return RevisionTrace(name, f"versions/{name}.py", status, 1.0, statements, **fields)


def ran(*revisions: RevisionTrace, **fields: Any) -> Ran:
    given: dict[str, Any] = {
        "outcome": Outcome(completed=[one.id for one in revisions], guard="network namespace"),
        "before": state(heads=()),
        "after": state(),
        "ddl_before": DDL,
        "ddl_after": DDL,
        "drift": (),
    }
    return Ran(revisions=revisions, **{**given, **fields})


def yardstick(**fields: Any) -> Yardstick:
    given: dict[str, Any] = {
        "population": Population("staging"),
        "major": 18,
        "rules": None,
        "registry": MASKS,
        "expected_heads": ("r2",),
        "today": date(2026, 11, 23),
        "ddl": DDL,
    }
    return Yardstick(**{**given, **fields})


def request(folder: Path, **fields: Any) -> RehearseRequest:
    return RehearseRequest(STAGING, MigrationProject(folder), folder, **{"now": lambda: MADE_AT, **fields})


def clone(**fields: Any) -> Clone:
    given: dict[str, Any] = {
        "url": "",
        "superuser_url": "",
        "database": "shop",
        "oid": 1,
        "system_identifier": 1,
        "nonce": "n",
        "role": "owner",
        "provider": "embedded",
        "version": "17.2",
        "target_version": "18.6",
        "data": "staging",
        "rows": 10,
        "bytes": 8192,
        "seconds": 1.0,
        "catalog_before": EMPTY,
        "population": Population("staging"),
    }
    return Clone(**{**given, **fields})
