import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.errors import (
    Busy,
    ConfigurationInvalid,
    DbtoolError,
    FindingsRefuse,
    Interrupted,
    PartlyDone,
    ServerFailed,
    VerificationFailed,
)
from dbtool.findings import Finding, Severity
from dbtool.masking.judgement import FixedRate
from dbtool.refresh.manifest import result_as_json, write_manifest
from dbtool.refresh.plan import ColumnPlanned, RefreshPlan, TablePlanned
from dbtool.refresh.result import RefreshResult, SequenceSet, SnapshotTaken, TableCopied, Verification
from dbtool.report.refresh import print_to, render_plan, render_result
from dbtool.report.refresh_json import failure_as_json, plan_as_json

USERS = RelationName("public", "users")
ODD = RelationName("public", "Order [/Details]")
WARNING = Finding("foreign-table", Severity.WARNING, "public.far", "its rows [b]stay[/x]", "SELECT 1;")
RESULT = RefreshResult(
    source="production",
    target="staging",
    status="ok",
    live="shop",
    previous=("shop_dbtool_previous_2",),
    made_at="20260102030405678",
    snapshot=SnapshotTaken("3-1B-1", "0/1A2B3C", "2026-01-02T03:04:05.000000Z"),
    tables=(
        TableCopied(ODD, 7, 700, 0.25),
        TableCopied(USERS, 12_345, 3 << 20, 1.2345, ("email", "[red]full name")),
    ),
    verification=Verification(
        by_chance=(
            FixedRate(ColumnRef(USERS, "city"), "city", 1000, 2, 0.001),
            FixedRate(ColumnRef(USERS, "first_name"), "first_name", 100, 1, 0.002),
        ),
        checked=("12,352 rows in 2 relations counted in the candidate",),
        not_checked=("short originals were compared with their own stand-in only",),
        findings=(),
    ),
    findings=(WARNING,),
    sequences=(SequenceSet(RelationName("public", "users_id_seq"), 13_345, is_called=True),),
    key_id="0123456789abcdef",
    rules_digest="fedcba9876543210fedcba98",
    pools_digest="aaaa",
    programs=("pg_dump of 18.6", "psql of 18.6"),
    stages=(("preflight", 0.5), ("stream", 61.26)),
    seconds=62.0,
)
PLAN = RefreshPlan(
    source="production",
    target="staging",
    live="shop",
    live_exists=True,
    needs_adoption=True,
    tables=(
        TablePlanned(ODD, -1, 8192, 1, binary=True, masked=()),
        TablePlanned(
            USERS,
            12_345,
            3 << 30,
            24,
            binary=False,
            masked=(ColumnPlanned("email", "email", "person_email"), ColumnPlanned("prefs", "json", "")),
        ),
    ),
    findings=(WARNING,),
    programs=("pg_dump of 18.6",),
)


def shown(renderable: RenderableType, width: int = 100) -> str:
    out = io.StringIO()
    print_to(Console(file=out, width=width), renderable)
    return out.getvalue()


def lines_of(renderable: RenderableType) -> list[str]:
    return [line.rstrip() for line in shown(renderable).splitlines()]


def test_a_result_reads_as_a_table_a_proof_and_a_summary() -> None:
    assert lines_of(render_result(RESULT)) == [
        "table                        rows     read  masked columns",
        'public."Order [/Details]"       7    700 B  -',
        "public.users               12,345  3.0 MiB  email, [red]full name",
        "",
        "verified",
        "  12,352 rows in 2 relations counted in the candidate",
        "  0 orphans, 0 surviving values",
        "  by chance equal to their original: at most 1.00% of distinct values (public.users.first_name; expected 0.20%)",
        "not verified",
        "  short originals were compared with their own stand-in only",
        "",
        "staging is a masked copy of production as of 2026-01-02T03:04:05.000000Z",
        "12,352 rows, 3.0 MiB in 1 min 02 s (199 rows/s): preflight 0.5 s, stream 61.3 s",
        "database shop; previous kept as shop_dbtool_previous_2",
        "snapshot 0/1A2B3C, key 0123456789abcdef, rules fedcba987654",
    ]


def test_partitions_are_told_in_one_line_under_their_root() -> None:
    root = RelationName("public", "events")
    parts = tuple(
        TableCopied(
            RelationName("public", f"events_{month}"), 1_000, 2048, 0.1, ("email",), partition_of=root
        )
        for month in range(1, 4)
    )
    text = shown(render_result(replace(RESULT, tables=(*RESULT.tables, *parts))))
    assert re.search(r"^public\.events \(3 partitions\) +3,000 +6\.0 KiB +email", text, re.MULTILINE)
    assert "events_1" not in text


def test_a_result_without_previous_or_chance_says_no_more_than_there_is() -> None:
    bare = replace(RESULT, previous=(), seconds=0.0, tables=(), verification=Verification())
    text = shown(render_result(bare))
    assert "no previous kept" in text
    assert "by chance" not in text
    assert "not verified" not in text
    assert "(0 rows/s)" in text


def test_a_column_that_kept_nothing_by_chance_is_not_told() -> None:
    rates = (FixedRate(ColumnRef(USERS, "city"), "city", 1000, 0, 0.001),)
    assert "by chance" not in shown(
        render_result(replace(RESULT, verification=Verification(by_chance=rates)))
    )


def test_a_plan_reads_as_a_table_and_what_would_follow() -> None:
    assert lines_of(render_plan(PLAN)) == [
        "table                      rows (estimate)     size  chunks  masked columns",
        'public."Order [/Details]"          unknown  8.0 KiB       1  - (binary)',
        "public.users                        12,345  3.0 GiB      24  email (email), prefs (json)",
        "",
        "production → staging: 2 tables, 3.0 GiB plus indexes",
        "  pg_dump of 18.6",
        "  a candidate is built and verified beside shop, then swapped in by rename",
        "  shop was never made by dbtool: the first run needs --yes",
        "nothing was written",
        "",
        "warning: public.far: its rows [b]stay[/x] [foreign-table]",
        "    SELECT 1;",
    ]


def test_a_plan_for_a_database_that_is_not_there_says_so() -> None:
    text = shown(render_plan(replace(PLAN, live_exists=False, needs_adoption=False, findings=())))
    assert "  shop does not exist yet and will be made\n" in text
    assert "--yes" not in text


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    name = RelationName(
        "a_schema_with_a_rather_long_name", "a_table_with_an_even_longer_name_than_its_schema"
    )
    table = TableCopied(name, 1, 1, 0.0, ("a_column_with_a_long_name", "another_column_with_a_long_name"))
    text = shown(render_result(replace(RESULT, tables=(table,))), width=80)
    assert str(name) in text
    assert "a_column_with_a_long_name, another_column_with_a_long_name" in text


RESULT_JSON: dict[str, Any] = {
    "schema": 1,
    "command": "refresh",
    "status": "ok",
    "source": "production",
    "target": "staging",
    "database": "shop",
    "previous": ["shop_dbtool_previous_2"],
    "made_at": "20260102030405678",
    "snapshot": {"lsn": "0/1A2B3C", "taken_at": "2026-01-02T03:04:05.000000Z"},
    "subset": None,
    "preserved": [],
    "tables": [
        {
            "name": 'public."Order [/Details]"',
            "rows": 7,
            "bytes": 700,
            "seconds": 0.25,
            "masked_columns": [],
            "kept_in_part": [],
        },
        {
            "name": "public.users",
            "rows": 12_345,
            "bytes": 3 << 20,
            "seconds": 1.234,
            "masked_columns": ["email", "[red]full name"],
            "kept_in_part": [],
        },
    ],
    "verification": {
        "orphans": 0,
        "surviving_values": 0,
        "by_chance": [
            {
                "column": "public.users.city",
                "mask": "city",
                "distinct": 1000,
                "fixed": 2,
                "rate": 0.002,
                "expected": 0.001,
            },
            {
                "column": "public.users.first_name",
                "mask": "first_name",
                "distinct": 100,
                "fixed": 1,
                "rate": 0.01,
                "expected": 0.002,
            },
        ],
        "checked": ["12,352 rows in 2 relations counted in the candidate"],
        "not_checked": ["short originals were compared with their own stand-in only"],
    },
    "findings": [
        {
            "check": "foreign-table",
            "severity": "warning",
            "where": "public.far",
            "message": "its rows [b]stay[/x]",
            "remedy": "SELECT 1;",
        }
    ],
    "sequences": [{"name": "public.users_id_seq", "value": 13_345, "is_called": True}],
    "key_id": "0123456789abcdef",
    "rules_digest": "fedcba9876543210fedcba98",
    "pools_digest": "aaaa",
    "programs": ["pg_dump of 18.6", "psql of 18.6"],
    "stages": {"preflight": 0.5, "stream": 61.26},
    "seconds": 62.0,
}


def test_a_result_as_json_is_the_contract() -> None:
    assert result_as_json(RESULT) == RESULT_JSON
    assert json.loads(json.dumps(result_as_json(RESULT))) == RESULT_JSON


def test_the_manifest_is_the_result_under_its_target_and_time(tmp_path: Path) -> None:
    path = write_manifest(tmp_path / "state", RESULT)
    assert path == tmp_path / "state" / "refresh" / "staging-20260102030405678.json"
    assert json.loads(path.read_text(encoding="utf-8")) == RESULT_JSON
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_verification_found_stands_among_the_findings() -> None:
    found = Finding("row-count", Severity.ERROR, "public.users", "m")
    result = replace(RESULT, verification=replace(RESULT.verification, findings=(found,)))
    assert [finding["check"] for finding in result_as_json(result)["findings"]] == [
        "foreign-table",
        "row-count",
    ]


def test_a_plan_as_json_is_the_contract() -> None:
    assert plan_as_json(PLAN) == {
        "schema": 1,
        "command": "refresh",
        "status": "planned",
        "source": "production",
        "target": "staging",
        "database": "shop",
        "needs_adoption": True,
        "subset": None,
        "preserved": [],
        "tables": [
            {
                "name": 'public."Order [/Details]"',
                "rows_estimated": -1,
                "bytes": 8192,
                "chunks": 1,
                "binary": True,
                "masked_columns": [],
            },
            {
                "name": "public.users",
                "rows_estimated": 12_345,
                "bytes": 3 << 30,
                "chunks": 24,
                "binary": False,
                "masked_columns": [
                    {"name": "email", "mask": "email", "domain": "person_email", "otherwise": None},
                    {"name": "prefs", "mask": "json", "domain": "", "otherwise": None},
                ],
            },
        ],
        "programs": ["pg_dump of 18.6"],
        "findings": RESULT_JSON["findings"],
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FindingsRefuse("m", ()), "refused"),
        (ConfigurationInvalid("m"), "refused"),
        (Busy("m"), "refused"),
        (VerificationFailed("m"), "failed"),
        (ServerFailed("m"), "failed"),
        (PartlyDone("m"), "failed"),
        (Interrupted("m"), "failed"),
        (Interrupted("m", 15), "failed"),
    ],
)
def test_a_failure_as_json_tells_whether_anything_had_begun(error: DbtoolError, status: str) -> None:
    assert failure_as_json("refresh", "production", "staging", error, error.exit_code) == {
        "schema": 1,
        "command": "refresh",
        "status": status,
        "source": "production",
        "target": "staging",
        "error": {"message": "m", "exit_code": error.exit_code},
        "findings": [],
    }


def test_a_failure_as_json_has_the_findings_that_it_carries() -> None:
    for error in (FindingsRefuse("m", [WARNING, "no finding"]), VerificationFailed("m", [WARNING])):
        assert failure_as_json("refresh", "a", "b", error, 1)["findings"] == RESULT_JSON["findings"]


def test_a_failure_as_json_tells_what_was_done_on_the_way_out() -> None:
    error = ServerFailed("m")
    error.add_note("the candidate was dropped")
    assert (
        failure_as_json("refresh", "a", "b", error, 3)["error"]["message"] == "m\nthe candidate was dropped"
    )


@pytest.mark.parametrize("renderable", [render_result(RESULT), render_plan(PLAN)])
def test_what_is_printed_ends_without_an_empty_line(renderable: object) -> None:
    out = io.StringIO()
    print_to(Console(file=out, width=100), renderable)  # type: ignore[arg-type]
    assert out.getvalue().endswith("\n")
    assert not out.getvalue().endswith("\n\n")
