from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from dbtool.findings import Finding, Severity
from dbtool.locks.trace import Population, RelationSize
from dbtool.migrate.result import EvidenceReceipt, Rehearsal
from dbtool.report.migrate import render_rehearsal
from dbtool.report.page import print_page
from tests.unit.report.rehearsals import (
    ADD_COLUMN,
    CLONE,
    CREATE_INDEX,
    EVIDENCE,
    FAILING,
    INDEX_BUILT,
    NOT_COVERED,
    NOTHING,
    PASSING,
)


def shown(rehearsal: Rehearsal, width: int | None = None, *, verbose: bool = False) -> str:
    return render_rehearsal(rehearsal, verbose=verbose)(width).plain


@pytest.mark.parametrize("width", [80, 120, None])
@pytest.mark.parametrize("rehearsal", [FAILING, PASSING, NOTHING], ids=["failing", "passing", "nothing"])
def test_a_rehearsal_reads_as_kept(
    rehearsal: Rehearsal, width: int | None, snapshot: SnapshotAssertion
) -> None:
    assert shown(rehearsal, width) == snapshot


def test_a_rehearsal_in_all_its_words_reads_as_kept(snapshot: SnapshotAssertion) -> None:
    assert shown(FAILING, 80, verbose=True) == snapshot


@pytest.mark.parametrize("rehearsal", [FAILING, PASSING, NOTHING])
def test_the_verdict_comes_first(rehearsal: Rehearsal) -> None:
    assert shown(rehearsal).startswith(f"{rehearsal.verdict.upper()} production: ")


def test_what_is_to_be_pasted_is_not_broken_at_the_edge() -> None:
    for finding in FAILING.all_findings:
        for line in finding.remedy.splitlines():
            assert f"{line}\n" in shown(FAILING, 40)


def test_words_are_broken_before_the_edge_and_code_is_not() -> None:
    code = {line.strip() for finding in FAILING.all_findings for line in finding.remedy.splitlines()}
    too_long = [line for line in shown(FAILING, 80).splitlines() if len(line) > 80]
    assert [line for line in too_long if line.strip() not in code] == []


def test_what_kept_nobody_waiting_is_folded_until_asked_for() -> None:
    assert "COMMENT ON" not in shown(FAILING)
    assert "1 statement kept nobody waiting (-v shows them)" in shown(FAILING)
    assert "COMMENT ON" in shown(FAILING, verbose=True)


def test_remarks_are_for_those_who_ask() -> None:
    assert "[lock-queue]" not in shown(FAILING)
    assert "[lock-queue]" in shown(FAILING, verbose=True)


def test_the_output_of_env_py_is_for_those_who_ask() -> None:
    assert "alembic.runtime" not in shown(FAILING)
    assert "alembic.runtime" in shown(FAILING, verbose=True)


def test_the_place_is_not_repeated_under_the_statement_itself() -> None:
    elsewhere = replace(ADD_COLUMN.findings[0], severity=Severity.WARNING, where="public.users")
    here = replace(elsewhere, where=f"{INDEX_BUILT.file}:{ADD_COLUMN.line}")
    statement = replace(ADD_COLUMN, findings=(elsewhere, here))
    text = shown(replace(PASSING, revisions=(replace(INDEX_BUILT, statements=(statement,)),)))
    assert "warning: public.users: ACCESS EXCLUSIVE on" in text
    assert "warning: ACCESS EXCLUSIVE on" in text


def test_columns_that_no_rule_decides_come_with_one_block_to_paste() -> None:
    other = replace(
        NOT_COVERED,
        where="public.orders.note",
        remedy="tables:\n  public.orders:\n    note: {mask: redact}",
    )
    text = shown(replace(FAILING, findings=(NOT_COVERED, other)))
    assert text.count("tables:") == 1
    assert '    currency: {keep: ""}\n' in text
    assert "    note: {mask: redact}\n" in text
    assert "public.orders.currency and public.orders.note: 2 columns have no masking rule" in text


def test_a_remedy_in_words_is_broken_as_words_are() -> None:
    wordy = replace(
        NOT_COVERED, remedy="write a revision for it, or mend the model, whichever of both is meant"
    )
    assert all(len(line) <= 60 for line in shown(replace(NOTHING, findings=(wordy,)), 60).splitlines())


def test_the_next_command_is_exact() -> None:
    assert shown(PASSING).endswith(
        "\n  dbtool migrate apply --target production --evidence .dbtool/evidence/r-20261123-073500-5f2c.json\n"
    )
    assert shown(FAILING).endswith("\n  dbtool migrate rehearse --target production\n")
    given = render_rehearsal(PASSING, config="other folder/dbtool.toml")(None).plain
    assert given.endswith(" --config 'other folder/dbtool.toml'\n")


def test_a_rehearsal_on_a_subset_is_repeated_on_the_same_one() -> None:
    clone = replace(CLONE, data="subset")
    of_profile = shown(replace(FAILING, clone=replace(clone, profile="dev"), population=Population("subset")))
    assert "89,512 rows of masked subset data (profile dev)" in of_profile
    again = "\n  dbtool migrate rehearse --target production --data subset"
    assert of_profile.endswith(f"{again} --profile dev\n")
    assert shown(replace(FAILING, clone=clone)).endswith(f"{again}\n")
    assert "--data" not in shown(replace(PASSING, clone=clone))


@pytest.mark.parametrize("evidence", [None, replace(EVIDENCE, file=None)])
def test_what_is_not_signed_is_said_to_be_no_use_for_production(evidence: EvidenceReceipt | None) -> None:
    text = shown(replace(PASSING, evidence=evidence))
    assert "there is no evidence, because no evidence_key is configured to sign it" in text
    assert text.endswith("\n  dbtool migrate apply --target production\n")
    assert "evidence" not in shown(replace(FAILING, evidence=None))


def test_a_pass_on_no_rows_says_so() -> None:
    empty = replace(PASSING, population=Population("schema"), clone=None)
    assert shown(empty).startswith("PASS production: 1 revision ran on the schema alone, without rows")


def test_the_pages_of_empty_tables_are_no_share_of_the_target() -> None:
    sizes = {"public.alembic_version": RelationSize(1, 8192, 16384)}
    population = replace(PASSING.population, data="schema", clone=sizes)
    assert "  the schema alone, without rows; production has 247 MB\n" in shown(
        replace(PASSING, population=population)
    )


def test_unmasked_rows_are_said_to_be() -> None:
    unmasked = replace(PASSING, population=replace(PASSING.population, masked=False))
    assert "rows of UNMASKED staging data" in shown(unmasked)


def test_no_escape_of_a_migration_reaches_the_terminal() -> None:
    hostile = replace(
        CREATE_INDEX,
        sql="SELECT '\x1b[2J\u202e'",
        findings=(
            Finding("x", Severity.ERROR, "\x1b[1m", "\x07 said \x9b31m", "pass  # \x1b]0;title\x07\n\tpass"),
        ),
    )
    text = shown(
        replace(PASSING, revisions=(replace(INDEX_BUILT, statements=(hostile,)),), not_rehearsed=("\x1b[5m",))
    )
    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert "\\x1b[2J\\u202e" in text


def printed(*, terminal: bool, environ: dict[str, str] | None = None) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=60, force_terminal=terminal, _environ={"TERM": "xterm", **(environ or {})}
    )
    print_page(console, render_rehearsal(FAILING))
    return stream.getvalue()


def test_there_is_colour_on_a_terminal_alone_and_none_where_it_is_not_wanted() -> None:
    assert "\x1b[1;31m" in printed(terminal=True)
    assert "\x1b[" not in printed(terminal=False)
    assert "\x1b[1;31m" not in printed(terminal=True, environ={"NO_COLOR": "1"})


def test_without_a_terminal_no_line_is_broken() -> None:
    text = printed(terminal=False)
    assert text == shown(FAILING)
    assert max(len(line) for line in text.splitlines()) > 150
