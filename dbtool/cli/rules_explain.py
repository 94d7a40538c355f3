"""`dbtool rules explain`"""

from __future__ import annotations

import os
from typing import Any

import click

from dbtool.cli.options import config_option, format_option, profile_option, verbosity_options
from dbtool.cli.output import print_json, prints_apart, show_failure, tell
from dbtool.cli.rules_loading import load_project_rules
from dbtool.errors import AnswerIsNo, DbtoolError, UsageError


@click.command()
@click.argument("environment")
@click.argument("table", metavar="TABLE[.COLUMN]")
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="VALUE",
    help="The key of a row of TABLE; once for each of the key's columns, in their order.",
)
@profile_option
@config_option
@format_option
@verbosity_options
def explain(
    *, environment: str, table: str, ids: tuple[str, ...], profile: str | None, **options: Any
) -> None:
    """What do the rules decide for TABLE, or one column of it? With --id: why is that row in the subset?

    Without --id, says of each column what is decided and where that is written, by which key it is inherited, what the mask
    promises, and which unique indexes hold. Reads the catalog only, and exits with 1 where a refresh would be refused for
    one of the columns.

    With --id, chooses the rows of ENVIRONMENT as a refresh would, and copies nothing. Prints the way from a root to the row
    and exits with 0; where the row is not in the subset, says what did not bring it and exits with 1.
    """
    ask = _explain_row if ids else _explain_rules
    try:
        answer_is_no = ask(environment, table, ids, profile, options)
    except DbtoolError as error:
        show_failure("rules explain", environment, error, as_json=_as_json(options))
        raise
    if answer_is_no:
        raise AnswerIsNo(answer_is_no)


def _as_json(options: dict[str, Any]) -> bool:
    return bool(options["output_format"] == "json")


def _settings(options: dict[str, Any]) -> Any:
    from dbtool.settings import load_settings

    settings = load_settings(options["config"], os.environ)
    if not options["quiet"]:
        tell(settings.warnings())
    return settings


def _explain_row(
    environment: str, table: str, ids: tuple[str, ...], profile: str | None, options: dict[str, Any]
) -> str:
    """Show it, and return what to say where the answer is no."""
    settings = _settings(options)
    source, key = settings.target(environment), settings.project_key()

    from dbtool.refresh.explain_row import explain_row
    from dbtool.report.explain import explanation_as_json, render_explanation

    name, column = _parse(table)
    if column is not None:
        raise UsageError(f"--id asks for a row, and {table} is a column; nothing was done. Write {name}.")
    with prints_apart():
        explanation = explain_row(
            source, load_project_rules(settings), key, profile=profile, table=name, ids=ids
        )
    if _as_json(options):
        print_json(explanation_as_json(environment, explanation))
    elif not options["quiet"]:
        click.echo(render_explanation(explanation))
    if explanation.is_copied:
        return ""
    return f"the row of {explanation.table} is not in the subset; nothing was changed"


def _explain_rules(
    environment: str, table: str, _ids: tuple[str, ...], profile: str | None, options: dict[str, Any]
) -> str:
    if profile is not None:
        raise UsageError(
            "--profile says which subset a row is looked for in, with --id; all profiles mask alike, so nothing was done"
        )
    settings = _settings(options)
    source = settings.target(environment)

    from dbtool.refresh.explain_rules import explain_rules
    from dbtool.report.explain_rules import render_table_explained, table_explained_as_json

    name, column = _parse(table)
    with prints_apart():
        explained = explain_rules(source, load_project_rules(settings), name, column)
    if _as_json(options):
        print_json(table_explained_as_json(environment, explained))
    elif not options["quiet"]:
        click.echo(render_table_explained(explained))
    stopped = [str(one.column) for one in explained.columns if one.stops]
    return f"a refresh would be refused because of {', '.join(stopped)}" if stopped else ""


def _parse(text: str) -> tuple[Any, str | None]:
    """A table, and the column where one is named."""
    from dbtool.rules.names import NameInvalid, parse_column_ref, parse_relation

    try:
        return parse_relation(text), None
    except NameInvalid as error:
        try:
            ref = parse_column_ref(text)
        except NameInvalid:
            raise UsageError(f"{error}; nothing was done") from None
    return ref.relation, ref.column
