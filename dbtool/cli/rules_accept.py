"""`dbtool rules accept` and `schema`"""

from __future__ import annotations

import os
from typing import Any

import click

from dbtool.cli.options import config_option, format_option, verbosity_options
from dbtool.cli.output import print_json, show_failure, tell
from dbtool.cli.rules_loading import load_project_rules
from dbtool.errors import DbtoolError


@click.command()
@click.argument("environment")
@click.option(
    "--prune",
    is_flag=True,
    help="Drop the lines that ENVIRONMENT does not have: once a release has reached every environment.",
)
@config_option
@format_option
@verbosity_options
def accept(*, environment: str, prune: bool, **options: Any) -> None:
    """Accept what the rules keep in ENVIRONMENT: write it into dbtool.lock, beside the rules.

    Adds one line for each kept column that is new or has become something else, and leaves those accepted before. A refresh
    stops where a kept column's type, or its membership in a key, is not in there. Reads the catalog only, no row.
    """
    as_json = options["output_format"] == "json"
    try:
        acceptance = _accept(environment, options, prune=prune)
    except DbtoolError as error:
        show_failure("rules accept", environment, error, as_json=as_json)
        raise

    from dbtool.report.accepted import acceptance_as_json, render_acceptance

    if as_json:
        print_json(acceptance_as_json(environment, acceptance))
    elif not options["quiet"]:
        click.echo(render_acceptance(acceptance))


@click.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors that complete and check YAML.

    Save it, and name it in the first line of a rule file: # yaml-language-server: $schema=rules.schema.json
    """
    from dbtool.masking.masks import MASKS
    from dbtool.masking.shapes import mask_shapes
    from dbtool.rules.schema import build_schema

    print_json(build_schema(mask_shapes(MASKS)))


def _accept(environment: str, options: dict[str, Any], *, prune: bool) -> Any:
    from dbtool.settings import load_settings

    settings = load_settings(options["config"], os.environ)
    target = settings.target(environment)
    if not options["quiet"]:
        tell(settings.warnings())

    from dbtool.refresh.accept_rules import accept_rules

    return accept_rules(target, load_project_rules(settings), prune=prune)
