"""What the commands of `dbtool migrate` share: settings in, documents and words out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from dbtool.cli.output import print_json, print_words, tell
from dbtool.errors import DbtoolError


def settings_of(options: dict[str, Any]) -> Any:
    """Half a second of imports comes after what dbtool.toml alone may refuse."""
    from dbtool.settings import load_settings

    settings = load_settings(options["config"], os.environ)
    if not options["quiet"]:
        tell(settings.warnings())
    return settings


def requests() -> Any:
    from dbtool.cli import migrate_requests

    return migrate_requests


def show(options: dict[str, Any], document: Callable[[], Any], words: Callable[[], Any]) -> None:
    if options["output_format"] == "json":
        print_json(document())
    elif not options["quiet"]:
        print_words(words())


@contextmanager
def telling_failures(command: str, target: str | None, options: dict[str, Any]) -> Iterator[None]:
    """What was found goes out before the boundary gives the message and the exit code."""
    try:
        yield
    except DbtoolError as error:
        from dbtool.report.migrate_json import failure_as_json
        from dbtool.report.migrate_markdown import render_failure
        from dbtool.report.refresh_json import findings_of

        if options["output_format"] == "json":
            print_json(failure_as_json(command, target, error))
        elif options["output_format"] == "markdown":
            click.echo(render_failure(str(target), error), nl=False)
        else:
            tell([finding for finding in findings_of(error) if finding.is_error])
        raise
