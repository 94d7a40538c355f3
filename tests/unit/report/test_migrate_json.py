"""The shape of what programs read: names, order and types are a promise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from dbtool.errors import Busy, CloneImpossible, DbtoolError, EvidenceRefused, PartlyDone
from dbtool.locks.trace import ColumnChange, RowChange, StatementTrace
from dbtool.migrate.result import Rehearsal
from dbtool.report.migrate_json import failure_as_json, new_as_json, rehearsal_as_json, spell_time
from tests.unit.report.rehearsals import FAILING, INDEX_BUILT, NOT_COVERED, NOTHING, PASSING

NUMBER = (int, float)
OPTIONAL_TEXT = (str, type(None))
FINDING = {"check": str, "severity": str, "where": str, "message": str, "remedy": str}
LOCK = {
    "relation": str,
    "mode": str,
    "held_s": NUMBER,
    "measured": bool,
    "kind": str,
    "blocks_reads": bool,
    "blocks_writes": bool,
}
STATEMENT = {
    "ordinal": int,
    "line": (int, type(None)),
    "sql": str,
    "seconds": NUMBER,
    "in_transaction": bool,
    "error": (dict, type(None)),
    "locks": [LOCK],
    "rewrites": [str],
    "scans": [str],
    "index_builds": [{"index": str, "table": str, "concurrently": bool}],
    "rows": int,
    "row_changes": [{"relation": str, "inserted": int, "updated": int, "deleted": int, "truncated": bool}],
    "column_changes": [{"relation": str, "column": str, "change": str, "was": OPTIONAL_TEXT}],
    "created": [str],
    "dropped": [str],
    "renamed": [{"from": str, "to": str}],
    "findings": [FINDING],
}
REVISION = {
    "id": str,
    "file": str,
    "status": str,
    "seconds": NUMBER,
    "statements": [STATEMENT],
    "findings": [FINDING],
}
REHEARSAL = {
    "schema": int,
    "command": str,
    "status": str,
    "target": str,
    "verdict": str,
    "current": [str],
    "heads": [str],
    "revisions": [REVISION],
    "findings": [FINDING],
    "waived": [{**FINDING, "reason": str}],
    "not_rehearsed": [str],
    "clone": (dict, type(None)),
    "relations": [{"name": str, "clone": (dict, type(None)), "target": (dict, type(None))}],
    "evidence": (dict, type(None)),
    "seconds": NUMBER,
}


def assert_shape(value: Any, shape: Any) -> None:
    if isinstance(shape, dict):
        assert list(value) == list(shape)
        for name, inner in shape.items():
            assert_shape(value[name], inner)
    elif isinstance(shape, list):
        assert isinstance(value, list)
        for each in value:
            assert_shape(each, shape[0])
    else:
        assert isinstance(value, shape), (value, shape)


def read_back(rehearsal: Rehearsal) -> Any:
    return json.loads(json.dumps(rehearsal_as_json(rehearsal)))


@pytest.mark.parametrize("rehearsal", [FAILING, PASSING, NOTHING])
def test_a_rehearsal_has_its_shape_and_its_order(rehearsal: Rehearsal) -> None:
    assert_shape(read_back(rehearsal), REHEARSAL)


@pytest.mark.parametrize("rehearsal", [FAILING, PASSING, NOTHING], ids=["failing", "passing", "nothing"])
def test_a_rehearsal_is_written_as_kept(rehearsal: Rehearsal, snapshot: SnapshotAssertion) -> None:
    assert json.dumps(rehearsal_as_json(rehearsal), indent=2) == snapshot


DOCUMENTED = (Path(__file__).parents[3] / "docs" / "migrate.md").read_text(encoding="utf-8")


def names_in(shape: Any) -> set[str]:
    if isinstance(shape, dict):
        return {*shape, *(name for inner in shape.values() for name in names_in(inner))}
    return {name for inner in shape for name in names_in(inner)} if isinstance(shape, list) else set()


def test_every_field_is_documented() -> None:
    given = rehearsal_as_json(PASSING)
    names = names_in(REHEARSAL) | set(given["clone"]) | set(given["evidence"])
    assert {name for name in names if f"`{name}`" not in DOCUMENTED} == set()


def test_the_status_is_that_of_the_exit_code() -> None:
    assert [read_back(one)["status"] for one in (FAILING, PASSING, NOTHING)] == ["failed", "ok", "ok"]
    assert read_back(PASSING)["schema"] == 1
    assert read_back(PASSING)["command"] == "migrate rehearse"


def test_every_change_of_a_statement_is_told() -> None:
    statement = StatementTrace(
        3,
        "ALTER …",
        0.12345,
        row_changes=(RowChange("public.t", 1, 2, 3, truncated=True),),
        column_changes=(ColumnChange("public.t", "b", "renamed", "a"),),
        renamed=(("public.a", "public.b"),),
    )
    told = read_back(replace(PASSING, revisions=(replace(INDEX_BUILT, statements=(statement,)),)))
    assert_shape(told, REHEARSAL)
    (only,) = told["revisions"][0]["statements"]
    assert only["rows"] == 6
    assert only["line"] is None
    assert only["seconds"] == 0.123
    assert only["row_changes"][0]["truncated"] is True
    assert only["column_changes"] == [
        {"relation": "public.t", "column": "b", "change": "renamed", "was": "a"}
    ]
    assert only["renamed"] == [{"from": "public.a", "to": "public.b"}]


def test_the_output_of_env_py_is_not_told_to_programs() -> None:
    assert "alembic.runtime" not in json.dumps(rehearsal_as_json(FAILING))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EvidenceRefused("m"), "refused", 5),
        (Busy("m"), "refused", 6),
        (PartlyDone("m"), "failed", 7),
        (CloneImpossible("m", [NOT_COVERED]), "failed", 3),
    ],
)
def test_a_failure_says_whether_anything_was_begun(error: DbtoolError, status: str, code: int) -> None:
    told = failure_as_json("apply", "production", error)
    assert list(told) == ["schema", "command", "status", "target", "error", "findings"]
    assert (told["command"], told["status"], told["target"]) == ("migrate apply", status, "production")
    assert told["error"] == {"message": "m", "exit_code": code}
    assert [one["check"] for one in told["findings"]] == (
        ["column-not-covered"] if isinstance(error, CloneImpossible) else []
    )


def test_a_failure_without_a_target_names_none() -> None:
    assert failure_as_json("status", None, Busy("m"))["target"] is None


def test_moments_are_told_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert spell_time(datetime(2026, 11, 23, 9, 35, tzinfo=east)) == "2026-11-23T07:35:00Z"
    assert spell_time(datetime(2026, 11, 23, 7, 35, tzinfo=UTC)) == "2026-11-23T07:35:00Z"


def test_a_new_file_is_named() -> None:
    assert new_as_json("migrations/versions/a.py") == {
        "schema": 1,
        "command": "migrate new",
        "status": "ok",
        "file": "migrations/versions/a.py",
    }
