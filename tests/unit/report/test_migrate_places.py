"""Applications, environments side by side, and ledgers, as people read them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console, RenderableType

from dbtool.findings import Finding, Severity
from dbtool.ledger import LedgerEntry
from dbtool.migrate.result import Application, AppliedRevision, EnvironmentStatus, Status
from dbtool.report.migrate_json import (
    accept_as_json,
    application_as_json,
    history_as_json,
    status_as_json,
)
from dbtool.report.migrate_ledger import (
    describe_drift,
    render_accepted,
    render_application,
    render_history,
    render_status,
    unread,
)
from dbtool.report.refresh import print_to

ENTRY = LedgerEntry(
    event="finish",
    run_id="20261123T073500-5f2c",
    revision="8f2c1a9b3d10",
    digest="d1",
    actor="ada",
    git_commit="0123456789abcdef",
    evidence_id="e1",
    duration_s=4.6,
    detail="[bold]",
    target="production",
    at=datetime(2026, 11, 23, 7, 35, tzinfo=UTC),
)
APPLICATION = Application(
    target="production",
    status="ok",
    before=("1b7e",),
    after=("c41d",),
    revisions=(
        AppliedRevision("8f2c", "versions/a.py", 4.6, attempts=3),
        AppliedRevision("c41d", "versions/b.py", 0.02, skipped_statements=1),
    ),
    run_id="20261123T073500-5f2c",
    evidence_id="e1",
    findings=(Finding("x", Severity.INFO, "public.t", "remark"),),
    seconds=5.2,
)
PRODUCTION = EnvironmentStatus("production", "production", ("1b7e",), ("8f2c", "c41d"), last=ENTRY)
STAGING = EnvironmentStatus("staging", "staging", ("c41d",))
STATUS = Status(
    (("1b7e", "first"), ("8f2c", "add currency"), ("c41d", "index [it]")), ("c41d",), (PRODUCTION, STAGING)
)


def lines_of(renderable: RenderableType, width: int = 100) -> list[str]:
    stream = io.StringIO()
    print_to(Console(file=stream, width=width), renderable)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_an_application_says_what_was_done_and_on_what_evidence() -> None:
    assert lines_of(render_application(APPLICATION)) == [
        "production: 2 revisions applied in 5.2 s, 1b7e → c41d",
        "  8f2c versions/a.py: 4.6 s, 3 attempts",
        "  c41d versions/b.py: 20 ms, without 1 statement that an earlier run had committed",
        "info: public.t: remark [x]",
        "run 20261123T073500-5f2c, evidence e1",
    ]


def test_an_application_of_nothing_says_so() -> None:
    nothing = replace(APPLICATION, status="nothing", revisions=(), findings=(), evidence_id=None)
    assert lines_of(render_application(nothing)) == [
        "production: nothing is pending, it is at c41d",
        "run 20261123T073500-5f2c, without evidence",
    ]
    assert application_as_json(nothing)["status"] == "nothing"


def test_environments_stand_side_by_side_with_what_they_lack() -> None:
    assert lines_of(render_status(STATUS)) == [
        "environment  tier        revision  pending  last event",
        "production   production  1b7e            2  2026-11-23 07:35 UTC finish by ada",
        "staging      staging     c41d            0  -",
        "",
        "the files: 3 revisions, head c41d",
        "production lacks",
        "  8f2c add currency",
        "  c41d index [it]",
    ]


def test_an_environment_that_cannot_be_read_does_not_hide_the_others() -> None:
    gone = EnvironmentStatus("qa", "scratch", problem="cannot connect: nobody\nlistens")
    status = replace(STATUS, environments=(gone, STAGING))
    lines = lines_of(render_status(status))
    assert lines[1].split() == ["qa", "scratch", "cannot", "be", "read", "-", "-"]
    assert lines[2].startswith("staging ")
    assert "qa: cannot connect: nobody listens" in lines
    assert unread(status) == "qa"
    assert unread(STATUS) == ""


def test_unknown_and_edited_revisions_are_marked_and_are_drift() -> None:
    marked = replace(STAGING, unknown=("ffff",), edited=("8f2c", "1b7e"))
    status = replace(STATUS, environments=(marked,))
    assert "c41d (1 unknown and 2 edited)" in lines_of(render_status(status))[1]
    drift = describe_drift(status)
    assert "staging holds ffff, which the files do not have" in drift
    assert "8f2c and 1b7e changed after staging applied it" in drift
    assert "dbtool migrate accept 8f2c --target staging --reason" in drift


def test_several_heads_are_drift_unless_declared() -> None:
    status = replace(STATUS, heads=("c41d", "dddd"))
    assert describe_drift(status).startswith("the files have 2 heads: c41d and dddd. Merge them")
    assert describe_drift(status, several_heads=True) == ""
    assert describe_drift(STATUS) == ""


def test_a_long_list_of_pending_revisions_is_folded_until_asked_for() -> None:
    many = tuple(f"r{number}" for number in range(9))
    status = replace(STATUS, environments=(replace(PRODUCTION, pending=many),))
    assert lines_of(render_status(status))[-1] == "  and 4 more (-v shows them)"
    assert lines_of(render_status(status, verbose=True))[-1] == "  r8"


def test_a_ledger_reads_line_by_line_with_what_each_rests_on() -> None:
    start = replace(ENTRY, event="start", duration_s=None, git_commit=None, evidence_id=None, detail="")
    assert lines_of(render_history("production", [start, ENTRY]), 80) == [
        "2026-11-23 07:35:00 UTC  start   8f2c1a9b3d10  -      ada",
        "2026-11-23 07:35:00 UTC  finish  8f2c1a9b3d10  4.6 s  ada",
        "    commit 0123456789, evidence e1, [bold]",
    ]


def test_an_empty_ledger_is_no_empty_table() -> None:
    assert lines_of(render_history("production", [])) == [
        "production has no ledger yet: dbtool has applied nothing there"
    ]


def test_what_was_accepted_is_told_with_its_reason() -> None:
    entry = replace(ENTRY, event="accept", detail="a comment was mended")
    (line,) = lines_of(render_accepted("production", entry), 200)
    assert line == (
        "production: revision 8f2c1a9b3d10 may differ from what was applied; on record since 2026-11-23 07:35 UTC by ada: "
        "a comment was mended"
    )


ENTRY_JSON = {
    "at": "2026-11-23T07:35:00Z",
    "event": "finish",
    "run_id": "20261123T073500-5f2c",
    "revision": "8f2c1a9b3d10",
    "digest": "d1",
    "actor": "ada",
    "git_commit": "0123456789abcdef",
    "evidence_id": "e1",
    "duration_s": 4.6,
    "detail": "[bold]",
}


def test_programs_read_the_same() -> None:
    head = {"schema": 1, "command": "migrate history", "status": "ok", "target": "production"}
    assert history_as_json("production", [ENTRY]) == {**head, "entries": [ENTRY_JSON]}
    assert accept_as_json("production", replace(ENTRY, duration_s=None)) == {
        **head,
        "command": "migrate accept",
        "entry": {**ENTRY_JSON, "duration_s": None},
    }
    assert application_as_json(APPLICATION) == {
        **head,
        "command": "migrate apply",
        "before": ["1b7e"],
        "after": ["c41d"],
        "revisions": [
            {"id": "8f2c", "file": "versions/a.py", "seconds": 4.6, "attempts": 3, "skipped_statements": 0},
            {"id": "c41d", "file": "versions/b.py", "seconds": 0.02, "attempts": 1, "skipped_statements": 1},
        ],
        "run_id": "20261123T073500-5f2c",
        "evidence_id": "e1",
        "findings": [
            {"check": "x", "severity": "info", "where": "public.t", "message": "remark", "remedy": ""}
        ],
        "seconds": 5.2,
    }


def test_programs_read_the_environments_side_by_side() -> None:
    told = status_as_json(STATUS)
    assert list(told) == ["schema", "command", "status", "revisions", "heads", "environments", "drift"]
    assert told["status"] == "ok"
    assert told["revisions"][1] == {"id": "8f2c", "message": "add currency"}
    assert told["environments"][0] == {
        "name": "production",
        "tier": "production",
        "heads": ["1b7e"],
        "pending": ["8f2c", "c41d"],
        "unknown": [],
        "edited": [],
        "last": ENTRY_JSON,
        "problem": None,
    }
    assert status_as_json(STATUS, drift="d")["status"] == "drift"
