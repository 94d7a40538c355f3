"""Documents and words, for whichever command."""

from __future__ import annotations

import json
from typing import Any

import click


def tell(findings: Any) -> None:
    from rich.console import Console

    from dbtool.report.findings import render_findings

    if findings:
        Console(stderr=True).print(render_findings(findings), end="", highlight=False, soft_wrap=True)


def print_words(renderable: Any) -> None:
    from rich.console import Console

    from dbtool.report.refresh import print_to

    print_to(Console(), renderable)


def print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2))
