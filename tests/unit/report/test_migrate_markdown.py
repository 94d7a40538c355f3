from __future__ import annotations

import re
from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from dbtool.errors import CloneImpossible, ServerUnreachable
from dbtool.findings import Finding, Severity
from dbtool.locks.trace import RevisionTrace, StatementTrace
from dbtool.migrate.result import Rehearsal
from dbtool.report.migrate_markdown import LONGEST, render_failure, render_markdown
from tests.unit.report.rehearsals import (
    CREATE_INDEX,
    FAILING,
    INDEX_BUILT,
    NOT_COVERED,
    NOTHING,
    PASSING,
    SET_NOT_NULL,
    UPDATE,
)


@pytest.mark.parametrize("rehearsal", [FAILING, PASSING, NOTHING], ids=["failing", "passing", "nothing"])
def test_a_comment_reads_as_kept(rehearsal: Rehearsal, snapshot: SnapshotAssertion) -> None:
    assert render_markdown(rehearsal) == snapshot


def test_the_verdict_is_the_heading_and_the_evidence_comes_last() -> None:
    lines = render_markdown(PASSING).strip().splitlines()
    assert lines[0] == "## ✅ Migrations for production: pass"
    assert lines[-1].endswith("evidence r-20261123-073500-5f2c, good until 2026-11-26 07:35 UTC")
    assert render_markdown(FAILING).startswith("## ❌ Migrations for production: fail\n")


def test_what_was_not_rehearsed_is_not_hidden_behind_a_click() -> None:
    comment = render_markdown(FAILING)
    assert comment.index(FAILING.not_rehearsed[0]) < comment.index("<details>")


def test_a_remedy_is_fenced_in_its_language() -> None:
    comment = render_markdown(FAILING)
    assert "\n```python\nop.execute(" in comment
    assert "\n```yaml\ntables:\n" in comment


def test_locks_that_make_others_wait_stand_out() -> None:
    assert "**ACCESS EXCLUSIVE** on `public.orders`" in render_markdown(FAILING)
    assert "| SHARE UPDATE EXCLUSIVE on `public.orders`" in render_markdown(PASSING)


def test_what_is_said_of_several_places_in_the_same_words_is_said_once() -> None:
    there = replace(NOT_COVERED, where="public.orders.note")
    comment = render_markdown(
        replace(FAILING, findings=(replace(NOT_COVERED, remedy=""), replace(there, remedy="")))
    )
    assert "`column-not-covered` at `public.orders.currency`, `public.orders.note`: no rule" in comment
    assert comment.count("no rule decides this column") == 1


HOSTILE = "</details> @everyone <script>alert(1)</script> | `x` ```\n/approve\n# done"


def hostile() -> Rehearsal:
    finding = Finding("some-check", Severity.ERROR, HOSTILE, HOSTILE, f"x = '''{HOSTILE}'''")
    statement = replace(SET_NOT_NULL, sql=HOSTILE, findings=(finding,), rewrites=(HOSTILE,))
    assert statement.failure
    statement = replace(statement, failure=replace(statement.failure, message=HOSTILE))
    quiet = StatementTrace(2, HOSTILE, 0.1)
    return replace(
        FAILING,
        target=HOSTILE,
        revisions=(RevisionTrace(HOSTILE, HOSTILE, "failed", 1.0, (statement, quiet), (finding,)),),
        findings=(replace(finding, severity=Severity.INFO),),
        waived=((finding, HOSTILE),),
        not_rehearsed=(HOSTILE,),
    )


def test_text_of_others_is_shown_and_never_obeyed() -> None:
    comment = render_markdown(hostile())
    fenced = re.compile(r"^(`{3,})\w*\n.*?\n\1$", re.DOTALL | re.MULTILINE)
    assert len(fenced.findall(comment)) == 2  # the remedy, and the next command
    outside = re.sub(r"`[^`\n]*`|<code>.*?</code>", "", fenced.sub("", comment))
    assert not re.search(r"@\w", outside)
    assert not re.search(r"^\s*/", outside, re.MULTILINE)
    assert "<script" not in outside
    assert outside.count("<details>") == outside.count("</details>") > 0
    assert len(re.findall(r"^#+ ", outside, re.MULTILINE)) == 3


def long_rehearsal(statements: int) -> Rehearsal:
    (finding,) = UPDATE.findings
    many = tuple(
        replace(
            UPDATE,
            ordinal=number,
            line=number,
            findings=(replace(finding, message=f"{number}: {finding.message}"),),
        )
        for number in range(statements)
    )
    return replace(PASSING, revisions=(replace(INDEX_BUILT, statements=many),))


@pytest.mark.parametrize("statements", [200, 5000])
def test_a_long_comment_is_cut_with_a_notice_and_keeps_its_findings_and_its_evidence(statements: int) -> None:
    comment = render_markdown(long_rehearsal(statements))
    assert 0.8 * LONGEST < len(comment) <= LONGEST
    assert re.search(r"\*\*This comment is cut: [\d,]+ more items did not fit\.\*\*", comment)
    assert "🔴 **error** `data-change-under-lock`" in comment
    assert "evidence r-20261123-073500-5f2c" in comment.splitlines()[-1]
    assert comment.count("<details>") == comment.count("</details>")
    assert comment.count("\n```") % 2 == 0


def test_no_text_is_so_long_that_a_comment_is_not_posted() -> None:
    endless = Finding("x", Severity.WARNING, "w" * 90_000, "| " * 90_000, "pass\n" * 90_000)
    statement = replace(CREATE_INDEX, sql="*" * 90_000, findings=(endless,))
    revision = replace(INDEX_BUILT, file="f" * 90_000, statements=(statement,), findings=(endless,) * 9)
    comment = render_markdown(replace(PASSING, revisions=(revision,), not_rehearsed=("n" * 90_000,) * 99))
    assert len(comment) <= LONGEST
    assert comment.startswith("## ✅")
    assert "This comment is cut" in comment


def test_what_fits_is_not_said_to_be_cut() -> None:
    assert "This comment is cut" not in render_markdown(FAILING)


def test_a_rehearsal_that_came_to_no_verdict_says_why() -> None:
    comment = render_failure(
        "production", CloneImpossible("no server *has* it; nothing was done", [NOT_COVERED])
    )
    assert comment.startswith("## ❌ Migrations for production: not rehearsed\n\nno server \\*has\\* it")
    assert "`column-not-covered` at `public.orders.currency`" in comment
    assert render_failure("x", ServerUnreachable("gone")) == "## ❌ Migrations for x: not rehearsed\n\ngone\n"
