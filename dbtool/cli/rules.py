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
from dbtool.errors import FindingsRefuse
from dbtool.findings import Finding, Severity


@click.group()
def rules() -> None:
    """Check the masking rules against a database."""


@rules.command()
@click.argument("environment")
@click.option(
    "--strict",
    is_flag=True,
    help="A rule that names nothing in the database is an error too: for CI, on a migrated clone.",
)
@config_option
@format_option
@verbosity_options
def check(
    *, environment: str, strict: bool, config: Path | None, output_format: str, quiet: bool, verbose: bool
) -> None:
    """Does every column of ENVIRONMENT have its decision, and does every mask fit?

    Reads the catalog only, no row. Exits with 1 where a refresh would be refused, and prints the YAML to paste
    for what no rule decides. The masking key is not needed.
    """
    plan, warnings = _plan(environment, config)
    findings = tuple(_judge(finding, strict=strict) for finding in (*warnings, *plan.findings))
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


def _plan(environment: str, config: Path | None) -> tuple[Any, tuple[Finding, ...]]:
    """The masking plan, and what dbtool.toml itself is warned of. Bound with a key of the moment: nothing is masked, and what a mask may do does not depend on it."""
    from secrets import token_bytes

    from dbtool.digest import ProjectKey
    from dbtool.masking.compile import plan_masking
    from dbtool.masking.masks import MASKS
    from dbtool.masking.resolve import option_names
    from dbtool.postgres.introspect import read_catalog
    from dbtool.postgres.session import connect
    from dbtool.refresh.ends import naming
    from dbtool.rules.loader import load_rules
    from dbtool.settings import load_settings, near

    settings = load_settings(config, os.environ)
    target = settings.target(environment)
    loaded = load_rules(near(settings.rules), MASKS.keys(), option_names(MASKS))
    with naming(target):
        connection = connect(target.url(), read_only=True)
    with connection:
        catalog = read_catalog(connection)
    return plan_masking(catalog, loaded, ProjectKey(token_bytes(32)), MASKS), settings.warnings()


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
