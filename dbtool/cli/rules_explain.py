"""`dbtool rules explain`"""

from __future__ import annotations

import os
from typing import Any

import click

from dbtool.cli.options import config_option, format_option, profile_option, verbosity_options
from dbtool.cli.output import print_json, show_failure, tell
from dbtool.cli.rules_loading import load_project_rules
from dbtool.errors import AnswerIsNo, DbtoolError, UsageError


@click.command()
@click.argument("environment")
@click.argument("table")
@click.option(
    "--id",
    "ids",
    multiple=True,
    required=True,
    metavar="VALUE",
    help="The row's key; once for each of the key's columns, in their order.",
)
@profile_option
@config_option
@format_option
@verbosity_options
def explain(
    *, environment: str, table: str, ids: tuple[str, ...], profile: str | None, **options: Any
) -> None:
    """Why is the row of TABLE with this key in the subset, or why is it not?

    Chooses the rows of ENVIRONMENT as a refresh would, and copies nothing. Prints the way from a root to the row and exits
    with 0; where the row is not in the subset, says what did not bring it and exits with 1.
    """
    as_json = options["output_format"] == "json"
    try:
        explanation = _explain(environment, table, ids, profile, options)
    except DbtoolError as error:
        show_failure("rules explain", environment, error, as_json=as_json)
        raise

    from dbtool.report.explain import explanation_as_json, render_explanation

    if as_json:
        print_json(explanation_as_json(environment, explanation))
    elif not options["quiet"]:
        click.echo(render_explanation(explanation))
    if not explanation.is_copied:
        raise AnswerIsNo(f"the row of {explanation.table} is not in the subset; nothing was changed")


def _explain(
    environment: str, table: str, ids: tuple[str, ...], profile: str | None, options: dict[str, Any]
) -> Any:
    from dbtool.settings import load_settings

    settings = load_settings(options["config"], os.environ)
    source, key = settings.target(environment), settings.project_key()
    if not options["quiet"]:
        tell(settings.warnings())

    from dbtool.refresh.explain_row import explain_row
    from dbtool.rules.names import NameInvalid, parse_relation

    try:
        name = parse_relation(table)
    except NameInvalid as error:
        raise UsageError(f"{error}; nothing was done") from None
    return explain_row(source, load_project_rules(settings), key, profile=profile, table=name, ids=ids)
