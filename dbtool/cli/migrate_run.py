"""`dbtool migrate rehearse` and `apply`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dbtool.cli.migrate_output import requests, settings_of, show, telling_failures
from dbtool.cli.options import (
    Duration,
    comment_format_option,
    config_option,
    format_option,
    profile_option,
    target_option,
    verbosity_options,
)
from dbtool.cli.output import print_json, prints_apart
from dbtool.errors import AnswerIsNo


@click.command()
@target_option
@click.option(
    "--data",
    type=click.Choice(["schema", "staging", "subset"]),
    default=None,
    help="What the clone holds: the schema alone, rows of a staging environment, or a subset of the target's own rows, "
    "masked on their way.  [default: staging where there is one, else schema]",
)
@profile_option
@click.option(
    "--from",
    "origin",
    default=None,
    metavar="ENV",
    help="Where masked rows come from.  [default: the only environment of tier staging]",
)
@click.option(
    "--clone",
    type=click.Choice(["auto", "embedded", "container"]),
    default="auto",
    show_default=True,
    help="What server the clone is made on.",
)
@click.option("--image", default=None, help="The container's image, where it needs the target's extensions.")
@click.option("--timeout", type=Duration(), default=None, help="End an env.py that hangs: 90s, 15m, 2h.")
@click.option(
    "--accept",
    is_flag=True,
    help="Add to dbtool.lock the lines of columns that the rules keep and the revisions made or changed.",
)
@config_option
@comment_format_option
@verbosity_options
def rehearse(**options: Any) -> None:
    """Run pending revisions on a disposable clone; report what they do.

    The target is only read. Says of every statement how long it took, what it locked and what it rewrote, and what that
    means for the target. Exits with 1, after the whole report, where the revisions must not be applied as they are.
    """
    with telling_failures("rehearse", options["target"], options):
        request = requests().rehearse_request(settings_of(options), options)

        from dbtool.migrate.pipeline import rehearse as run_rehearsal
        from dbtool.report.verdict import describe_answer_no, passed
        from dbtool.report.watch_migrate import watch_migration

        with watch_migration(quiet=options["quiet"], verbose=options["verbose"]) as observer, prints_apart():
            rehearsal = run_rehearsal(replace(request, observer=observer))
        _show_rehearsal(rehearsal, options)
    if not passed(rehearsal):
        raise AnswerIsNo(describe_answer_no(rehearsal))


def _show_rehearsal(rehearsal: Any, options: dict[str, Any]) -> None:
    from rich.console import Console

    from dbtool.report.migrate import render_rehearsal
    from dbtool.report.migrate_json import rehearsal_as_json
    from dbtool.report.migrate_markdown import render_markdown
    from dbtool.report.page import print_page
    from dbtool.report.verdict import passed

    if options["output_format"] == "json":
        print_json(rehearsal_as_json(rehearsal))
        return
    config, near_by = _given_config(), _with_near_evidence(rehearsal)
    if options["output_format"] == "markdown":
        click.echo(render_markdown(near_by, config=config), nl=False)
    elif not options["quiet"] or not passed(rehearsal):
        print_page(Console(), render_rehearsal(near_by, verbose=options["verbose"], config=config))


def _given_config() -> str | None:
    """What the next command has to repeat; a variable is still set then."""
    context = click.get_current_context()
    from_line = context.get_parameter_source("config") is click.core.ParameterSource.COMMANDLINE
    return str(context.params["config"]) if from_line else None


def _with_near_evidence(rehearsal: Any) -> Any:
    from dbtool.settings import near

    receipt = rehearsal.evidence
    if receipt is None or receipt.file is None:
        return rehearsal
    return replace(rehearsal, evidence=replace(receipt, file=near(receipt.file)))


@click.command()
@target_option
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A rehearsal's evidence.  [default: the newest for the target in the state folder]",
)
@click.option(
    "--lock-timeout",
    type=Duration(),
    default="2s",
    show_default=True,
    help="How long one attempt waits for a lock, and others behind it.",
)
@click.option(
    "--patience",
    type=Duration(zero=True),
    default="5m",
    show_default=True,
    help="How long a revision that gets no lock is tried again.",
)
@click.option(
    "--wait",
    type=Duration(zero=True),
    default="60s",
    show_default=True,
    help="How long another apply is waited for.",
)
@click.option("--cancel-refresh", is_flag=True, help="End a refresh of dbtool's that reads the target.")
@click.option(
    "--without-staging",
    metavar="REASON",
    default=None,
    help="Apply what staging has not had yet; the reason goes into the ledger.",
)
@config_option
@format_option
@verbosity_options
def apply(**options: Any) -> None:
    """Bring the target forward by its pending revisions.

    Production takes only what was rehearsed and what staging has had, and neither has changed since. Each revision is
    tried again while it gets no lock and nothing of it is committed.
    """
    if options["without_staging"] is not None and not options["without_staging"].strip():
        raise click.UsageError("--without-staging needs a reason: it goes into the ledger.")
    with telling_failures("apply", options["target"], options):
        request = requests().apply_request(settings_of(options), options)

        from dbtool.migrate.pipeline import apply as run_apply
        from dbtool.report.migrate_json import application_as_json
        from dbtool.report.migrate_ledger import render_application
        from dbtool.report.watch_migrate import watch_migration

        with watch_migration(quiet=options["quiet"], verbose=options["verbose"]) as observer:
            application = run_apply(replace(request, observer=observer))
        show(options, lambda: application_as_json(application), lambda: render_application(application))
