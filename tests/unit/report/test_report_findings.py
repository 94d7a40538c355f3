"""What a person reads of findings."""

from __future__ import annotations

from dbtool.findings import Finding, Severity
from dbtool.report.findings import render_count, render_findings

ERROR = Finding(
    "mask-does-not-fit", Severity.ERROR, "public.users.note", "it is NOT NULL", "use another\nor keep it"
)
WARNING = Finding("rule-names-nothing", Severity.WARNING, "rules.yaml:3:1", "there is no table public.usrs")
REMARK = Finding("uniqueness-by-odds", Severity.INFO, "public.users_key", "two rows share one")


def undecided(table: str, column: str) -> Finding:
    remedy = f'tables:\n  {table}:\n    {column}: {{keep: ""}}'
    return Finding("column-not-covered", Severity.ERROR, f"{table}.{column}", "no rule decides it", remedy)


def test_errors_come_before_warnings_with_their_remedy_below() -> None:
    assert render_findings([WARNING, ERROR]).plain == (
        "error: public.users.note: it is NOT NULL [mask-does-not-fit]\n"
        "    use another\n"
        "    or keep it\n"
        "warning: rules.yaml:3:1: there is no table public.usrs [rule-names-nothing]\n"
    )


def test_remarks_are_shown_on_request() -> None:
    assert render_findings([REMARK]).plain == ""
    assert "two rows share one" in render_findings([REMARK], verbose=True).plain


def test_undecided_columns_make_one_block_to_paste_at_the_end() -> None:
    found = [undecided("public.b", "x"), undecided("public.a", "y"), undecided("public.b", "z"), WARNING]
    lines = render_findings(found).plain.splitlines()
    assert lines[0].startswith("warning: rules.yaml")
    assert lines[1].startswith(
        "error: 3 columns are decided by no rule, so nothing may be copied [column-not-covered]"
    )
    assert lines[lines.index("tables:") :] == [
        "tables:",
        "  public.b:",
        '    x: {keep: ""}',
        '    z: {keep: ""}',
        "  public.a:",
        '    y: {keep: ""}',
    ]


def test_one_column_is_spoken_of_as_one() -> None:
    assert render_findings([undecided("public.a", "y")]).plain.startswith(
        "error: 1 column is decided by no rule"
    )


def test_counts_what_matters() -> None:
    assert render_count([ERROR, ERROR, WARNING, REMARK]) == "2 errors, 1 warning"
    assert render_count([REMARK]) == "no warning"
