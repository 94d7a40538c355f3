"""`dbtool migrate status`, `new`, `history` and `accept`"""

from __future__ import annotations

from typing import Any

import click

from dbtool.cli.migrate_output import requests, settings_of, show, telling_failures
from dbtool.cli.options import config_option, format_option, target_option, verbosity_options
from dbtool.cli.output import print_json, print_words
from dbtool.errors import Drift, ServerUnreachable


@click.command()
@click.option(
    "--target", "targets", multiple=True, metavar="ENV", help="Only this environment; may be said again."
)
@config_option
@format_option
@verbosity_options
def status(*, targets: tuple[str, ...], **options: Any) -> None:
    """Which revisions each environment has, side by side.

    Exits with 4 where an environment holds what the files do not have, a revision was edited after it was applied,
    or there are several heads nobody declared; with 3 where an environment named by --target could not be read.
    """
    with telling_failures("status", ", ".join(targets) or None, options):
        request = requests().status_request(settings_of(options), targets)

        from dbtool.migrate.pipeline import status as look
        from dbtool.report.migrate_json import status_as_json
        from dbtool.report.migrate_ledger import describe_drift, render_status, unread

        found = look(request)
        drift = describe_drift(found, several_heads=request.several_heads)
        if options["output_format"] == "json":
            print_json(status_as_json(found, drift=drift))
        else:
            print_words(render_status(found, verbose=options["verbose"]))
    if drift:
        raise Drift(drift)
    if targets and unread(found):
        raise ServerUnreachable(f"{unread(found)} could not be read; see above")


@click.command()
@click.argument("message", required=False)
@click.option(
    "--autogenerate",
    is_flag=True,
    help="Write what the models have and the database has not; needs --target, whose schema is compared on a clone.",
)
@click.option(
    "--target", default=None, metavar="ENV", help="The environment that --autogenerate compares with."
)
@click.option("--merge", is_flag=True, help="Join several heads into one.")
@config_option
@format_option
@verbosity_options
def new(*, message: str | None, autogenerate: bool, target: str | None, merge: bool, **options: Any) -> None:
    """Write a new revision, without a downgrade, and print its path.

    MESSAGE says what it does; a merge needs none.
    """
    _refuse_contradiction(message, autogenerate=autogenerate, target=target, merge=merge)
    with telling_failures("new", target, options):
        settings = settings_of(options)
        request = requests().status_request(settings, (target,) if target else ())
        compared = settings.target(target) if target else None

        from dbtool.migrate.pipeline import new as write
        from dbtool.report.migrate_json import new_as_json
        from dbtool.settings import near

        file = str(near(write(request, message or "merge heads", autogenerate=compared, merge=merge)))
        if options["output_format"] == "json":
            print_json(new_as_json(file))
        else:
            click.echo(file)


def _refuse_contradiction(
    message: str | None, *, autogenerate: bool, target: str | None, merge: bool
) -> None:
    if not message and not merge:
        raise click.UsageError("Missing argument 'MESSAGE': what does the revision do?")
    if autogenerate and merge:
        raise click.UsageError("--merge joins heads and changes nothing; it goes without --autogenerate.")
    if autogenerate and not target:
        raise click.UsageError("--autogenerate needs --target: the environment to compare the models with.")
    if target and not autogenerate:
        raise click.UsageError("--target is for --autogenerate: without it, no database is looked at.")


@click.command()
@target_option
@config_option
@format_option
@verbosity_options
def history(*, target: str, **options: Any) -> None:
    """What was applied to an environment, when and by whom."""
    with telling_failures("history", target, options):
        environment = settings_of(options).target(target)

        from dbtool.migrate.pipeline import history as read
        from dbtool.report.migrate_json import history_as_json
        from dbtool.report.migrate_ledger import render_history

        entries = read(environment)
        show(options, lambda: history_as_json(target, entries), lambda: render_history(target, entries))


@click.command()
@click.argument("revision")
@target_option
@click.option("--reason", required=True, help="Why the file differs; it goes into the ledger.")
@config_option
@format_option
@verbosity_options
def accept(*, revision: str, target: str, reason: str, **options: Any) -> None:
    """Let the file of an applied REVISION differ from what was applied.

    It goes on record in the target's ledger, with the reason, who accepted it and the digest of the file as it is now.
    """
    if not reason.strip():
        raise click.UsageError("--reason needs words: they go into the ledger.")
    with telling_failures("accept", target, options):
        settings = settings_of(options)
        request = requests().status_request(settings, (target,))

        from dbtool.migrate.pipeline import accept as record
        from dbtool.report.migrate_json import accept_as_json
        from dbtool.report.migrate_ledger import render_accepted

        entry = record(request, settings.target(target).for_applying(), revision, reason)
        show(options, lambda: accept_as_json(target, entry), lambda: render_accepted(target, entry))
