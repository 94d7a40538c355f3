from __future__ import annotations

from pathlib import Path

from dbtool.cli.reference import render_cli_reference

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_cli_reference(), (
        "docs/cli.md is stale: python -m dbtool.cli.reference > docs/cli.md"
    )
