"""docs/checks.md is what the checks say of themselves."""

from __future__ import annotations

from pathlib import Path

from dbtool.locks.checks import CHECKS
from dbtool.report.checks import render_checks_reference

_PAGE = Path(__file__).parents[3] / "docs" / "checks.md"


def test_the_page_of_checks_is_not_stale() -> None:
    assert _PAGE.read_text(encoding="utf-8") == render_checks_reference(), (
        "write it anew: python -m dbtool.report.checks > docs/checks.md"
    )


def test_every_check_has_its_section() -> None:
    sections = render_checks_reference().split("\n## ")
    assert {section.partition("\n")[0] for section in sections} >= set(CHECKS)
