"""`dbtool rules`"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dbtool.cli.options import config_option, format_option, profile_option, verbosity_options
from dbtool.cli.output import print_json, tell
from dbtool.errors import AnswerIsNo, DbtoolError, FindingsRefuse, UsageError
from dbtool.findings import Finding, Severity


@click.group()
def rules() -> None:
    """Check the rules against a database, and ask what they do there."""


@rules.command()
@click.argument("environment")
@click.option(
    "--strict",
    is_flag=True,
    help="A rule that names nothing in the database is an error too: for CI, on a migrated clone.",
)
@click.option(
    "--profile",
    default=None,
    metavar="P",
    help="Look at this profile's subset alone; without it, at the rules' own and those of all profiles.",
)
@config_option
@format_option
@verbosity_options
def check(
    *,
    environment: str,
    strict: bool,
    profile: str | None,
    config: Path | None,
    output_format: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Does every column of ENVIRONMENT have its decision, does every mask fit, and do the subsets?

    Reads the catalog only, no row. Exits with 1 where a refresh would be refused, and prints the YAML to paste
    for what no rule decides. The masking key is not needed. Whether a root selects rows, or a reference leads into a table
    that is to be empty, the rows decide: dbtool refresh --plan says so.
    """
    plan, found = _check(environment, profile, config)
    findings = tuple(_judge(finding, strict=strict) for finding in found)
    errors = tuple(finding for finding in findings if finding.is_error)
    if output_format == "json":
        from dbtool.report.rules import check_as_json

        click.echo(json.dumps(check_as_json(environment, plan, findings), indent=2))
    else:
        _print(errors if quiet else findings, verbose=verbose)
    if errors:
        raise FindingsRefuse(f"the rules do not fit {environment}: {_count(findings)}", errors)
    if not quiet and output_format == "text":
        click.echo(f"the rules decide every column of {environment}, and every mask fits: {_count(findings)}")


@rules.command()
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
        _show_failure("rules explain", environment, error, as_json=as_json)
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
    from dbtool.settings import load_settings, near

    settings = load_settings(options["config"], os.environ)
    source, key = settings.target(environment), settings.project_key()
    if not options["quiet"]:
        tell(settings.warnings())

    from dbtool.masking.masks import MASKS
    from dbtool.masking.resolve import option_names
    from dbtool.refresh.explain_row import explain_row
    from dbtool.rules.loader import load_rules
    from dbtool.rules.names import NameInvalid, parse_relation

    try:
        name = parse_relation(table)
    except NameInvalid as error:
        raise UsageError(f"{error}; nothing was done") from None
    loaded = load_rules(near(settings.rules), MASKS.keys(), option_names(MASKS))
    return explain_row(source, loaded, key, profile=profile, table=name, ids=ids)


def _show_failure(command: str, environment: str, error: DbtoolError, *, as_json: bool) -> None:
    """What was found goes out before the boundary gives the message and the exit code."""
    from dbtool.report.explain import failure_as_json
    from dbtool.report.refresh import findings_of

    if as_json:
        print_json(failure_as_json(command, environment, error))
    else:
        tell([finding for finding in findings_of(error) if finding.is_error])


def _check(environment: str, profile: str | None, config: Path | None) -> tuple[Any, tuple[Finding, ...]]:
    """The masking plan, and what is to be said of dbtool.toml, of the plan and of the subsets."""
    from dbtool.masking.masks import MASKS
    from dbtool.masking.resolve import option_names
    from dbtool.refresh.check_rules import check_rules
    from dbtool.rules.loader import load_rules
    from dbtool.settings import load_settings, near

    settings = load_settings(config, os.environ)
    target = settings.target(environment)
    loaded = load_rules(near(settings.rules), MASKS.keys(), option_names(MASKS))
    plan, findings = check_rules(target, loaded, profile)
    return plan, (*settings.warnings(), *findings)


def _judge(finding: Finding, *, strict: bool) -> Finding:
    is_raised = strict and finding.check == "rule-names-nothing"
    return replace(finding, severity=Severity.ERROR) if is_raised else finding


def _print(findings: Sequence[Finding], *, verbose: bool) -> None:
    from rich.console import Console

    from dbtool.report.findings import render_findings

    Console().print(render_findings(findings, verbose=verbose), end="", highlight=False, soft_wrap=True)


def _count(findings: Sequence[Finding]) -> str:
    from dbtool.report.findings import render_count

    return render_count(findings)
