"""Documents and words, for whichever command."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO

import click

from dbtool.errors import DbtoolError

if TYPE_CHECKING:
    from dbtool.report.progress import Watching


def prints_apart() -> AbstractContextManager[object]:
    """Standard output is the report's alone: what the project's own modules print meanwhile goes beside it."""
    return redirect_stdout(sys.stderr)


def watch(*, quiet: bool = False, verbose: bool = False, stream: TextIO | None = None) -> Watching:
    """Choose how progress is shown: not at all, as bars, or as a line now and then."""
    from dbtool.report.progress import Lines

    stream = stream or sys.stderr
    if quiet:
        return Lines(lambda _line: None, verbose=False)
    if not stream.isatty():
        return Lines(lambda line: print(line, file=stream, flush=True), verbose=verbose)

    # A nightly job has no terminal, and need not wait for what draws on one.
    from rich.console import Console

    from dbtool.report.bars import Bars

    return Bars(Console(file=stream))


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


def show_failure(command: str, environment: str, error: DbtoolError, *, as_json: bool) -> None:
    """What was found goes out before the boundary gives the message and the exit code."""
    from dbtool.report.explain import failure_as_json
    from dbtool.report.refresh_json import findings_of

    if as_json:
        print_json(failure_as_json(command, environment, error))
    else:
        tell([finding for finding in findings_of(error) if finding.is_error])
