from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from dbtool.demo.result import Availability, Comparison, DemoResult, Field, KeptDemo, MigrationStory
from dbtool.errors import DbtoolError, ServerUnreachable, VerificationFailed
from dbtool.findings import Finding, Severity
from dbtool.locks.trace import Population
from dbtool.migrate.result import Application, Rehearsal
from dbtool.refresh.result import RefreshResult, SnapshotTaken, Verification
from dbtool.report.demo import Story, demo_as_json, print_demo, print_failure

REFRESH = RefreshResult(
    source="production",
    target="staging",
    status="ok",
    live="shop",
    previous=(),
    made_at="20240108091244000",
    snapshot=SnapshotTaken("1", "0/1", "2024-01-08"),
    tables=(),
    verification=Verification(),
    findings=(),
    sequences=(),
    key_id="0123456789abcdef",
    rules_digest="00",
    pools_digest="00",
    programs=(),
    stages=(),
    seconds=1.0,
)
COMPARISON = Comparison(
    customers=((Field("name", "Ada [bold]Lovelace", "Rita Francis"), Field("orders", "3", "3")),),
    review=None,
    counts=(Field("orders", "3", "3"),),
    revenue=(Field("2024-01", "9.50", "9.50"),),
    needles=1,
    found=(2, 0),
)
REHEARSED = Rehearsal("production", "fail", ("r1",), ("r1",), (), None, Population("staging"))
STORY = MigrationStory(
    refused=REHEARSED,
    passed=replace(REHEARSED, verdict="pass"),
    applied=(Application("staging", "ok", ("r1",), ("r2",), (), "run-1"),),
    history=(),
)
RESULT = DemoResult(500, REFRESH, Availability(40, 1, 0.25, (9, 3)), COMPARISON, STORY, None, 4.0)


def printed(result: DemoResult) -> str:
    stream = io.StringIO()
    print_demo(result, stream, as_json=False)
    return stream.getvalue()


def line_with(text: str, lines: str) -> list[str]:
    return next(line for line in lines.splitlines() if text in line).split()


def test_each_value_stands_beside_its_stand_in_and_is_no_markup() -> None:
    shown = printed(RESULT)
    assert line_with("name", shown) == ["name", "Ada", "[bold]Lovelace", "Rita", "Francis", "masked"]
    assert line_with("orders   ", shown)[-3:] == ["3", "3", "same"]


def test_a_report_that_disagrees_is_said_to_be_different() -> None:
    disagreeing = replace(COMPARISON, revenue=(Field("2024-01", "9.50", "9.40"),))
    shown = printed(replace(RESULT, comparison=disagreeing))
    assert line_with("revenue 2024-01", shown)[-1] == "DIFFERENT"
    assert "NOT as promised" in shown


def test_of_many_tables_the_first_are_shown_and_those_that_differ() -> None:
    counts = tuple(Field(f"table_{place:02}", "7", "7" if place != 25 else "6") for place in range(30))
    shown = printed(replace(RESULT, comparison=replace(COMPARISON, counts=counts)))
    assert "rows of table_10" in shown
    assert "rows of table_11" not in shown
    assert line_with("rows of table_25", shown)[-1] == "DIFFERENT"
    assert "as many rows stand in 29 of 30 tables" in shown


def test_an_address_found_in_staging_is_not_as_promised() -> None:
    assert COMPARISON.holds
    assert not replace(COMPARISON, found=(2, 1)).holds


def test_a_search_that_finds_nothing_in_production_proves_nothing() -> None:
    assert not replace(COMPARISON, found=(0, 0)).holds


def test_a_kept_demo_says_how_to_look_and_how_to_stop_without_the_password() -> None:
    kept = KeptDemo(Path("/home/x/my demo"), Path("/home/x/my demo/pg_service.conf"), Path("/programs/psql"))
    shown = " ".join(printed(replace(RESULT, kept=kept)).split())
    assert "PGSERVICEFILE='/home/x/my demo/pg_service.conf'" in shown
    assert "service=staging" in shown
    assert "dbtool demo --stop --folder '/home/x/my demo'" in shown
    assert "are gone again" not in shown


def test_json_says_whether_it_holds() -> None:
    assert demo_as_json(RESULT)["status"] == "ok"
    leaking = replace(RESULT, comparison=replace(COMPARISON, found=(2, 1)))
    assert demo_as_json(leaking)["status"] == "failed"
    assert demo_as_json(RESULT)["comparison"]["customers"][0][1] == {
        "label": "orders",
        "production": "3",
        "staging": "3",
    }


def failure_of(error: DbtoolError, *, as_json: bool = False) -> tuple[str, str]:
    output, messages = io.StringIO(), io.StringIO()
    print_failure(error, as_json=as_json, output=output, messages=messages)
    return output.getvalue(), messages.getvalue()


def test_what_stopped_the_refresh_is_named() -> None:
    finding = Finding("surviving-value", Severity.ERROR, "public.a.b", "1 distinct original stands here")
    output, messages = failure_of(VerificationFailed("failed", [finding]))
    assert "public.a.b: 1 distinct original stands here" in messages
    assert output == ""


def test_other_failures_have_nothing_to_add() -> None:
    assert failure_of(ServerUnreachable("gone")) == ("", "")


def test_a_failure_is_json_where_json_was_asked_for() -> None:
    output, messages = failure_of(ServerUnreachable("gone"), as_json=True)
    assert json.loads(output)["error"] == {"message": "gone", "exit_code": 3}
    assert messages == ""


def test_a_step_is_told_with_its_time_and_details_only_when_it_takes_long() -> None:
    told: list[str] = []
    clock = iter([0.0, 1.0, 1.5, 3.0])
    story = Story(told.append, lambda: next(clock))
    story.step("fill")
    story.detail("quick")
    story.detail("slow")
    assert told == ["   1.0 s  fill", "   3.0 s    slow"]
