"""`dbtool rules`"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dbtool.cli.options import config_option, format_option, verbosity_options
from dbtool.cli.output import prints_apart
from dbtool.cli.rules_accept import accept, schema
from dbtool.cli.rules_explain import explain
from dbtool.cli.rules_loading import load_project_rules
from dbtool.errors import DbtoolError, FindingsRefuse, KeptColumnChanged
from dbtool.findings import Finding, Severity

_STRICT = {"rule-names-nothing": Severity.ERROR, "lock-names-nothing": Severity.WARNING}


@click.group()
def rules() -> None:
    """Check the rules against a database, and ask what they do there."""


rules.add_command(accept)
rules.add_command(explain)
rules.add_command(schema)


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

    Reads the catalog, and a few rows where a CHECK's text does not tell whether stand-ins satisfy it. Exits with 1 where a
    refresh would be refused, with 4 where that is for kept columns alone that are not as dbtool.lock has them, and prints the
    YAML to paste for what no rule decides. The masking key is not needed. Whether a root selects rows, or a reference leads
    into a table that is to be empty, the rows decide: dbtool refresh --plan says so.
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
        raise _refusal(f"the rules do not fit {environment}: {_count(findings)}", errors)
    if not quiet and output_format == "text":
        click.echo(f"the rules decide every column of {environment}, and every mask fits: {_count(findings)}")


def _check(environment: str, profile: str | None, config: Path | None) -> tuple[Any, tuple[Finding, ...]]:
    """The masking plan, and what is to be said of dbtool.toml, of the plan and of the subsets."""
    from dbtool.refresh.check_rules import check_rules
    from dbtool.settings import load_settings

    settings = load_settings(config, os.environ)
    target = settings.target(environment)
    with prints_apart():
        plan, findings = check_rules(target, load_project_rules(settings), profile)
    return plan, (*settings.warnings(), *findings)


def _judge(finding: Finding, *, strict: bool) -> Finding:
    severity = _STRICT.get(finding.check) if strict else None
    return replace(finding, severity=severity) if severity else finding


def _refusal(message: str, errors: Sequence[Finding]) -> DbtoolError:
    from dbtool.masking.accepted import DRIFT

    is_drift = all(finding.check in DRIFT for finding in errors)
    return KeptColumnChanged(message, errors) if is_drift else FindingsRefuse(message, errors)


def _print(findings: Sequence[Finding], *, verbose: bool) -> None:
    from rich.console import Console

    from dbtool.report.findings import render_findings

    Console().print(render_findings(findings, verbose=verbose), end="", highlight=False, soft_wrap=True)


def _count(findings: Sequence[Finding]) -> str:
    from dbtool.report.findings import render_count

    return render_count(findings)
