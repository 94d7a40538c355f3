"""`dbtool demo`"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from dbtool.cli.options import format_option, verbosity_options
from dbtool.cli.output import watch
from dbtool.demo.scale import parse_scale
from dbtool.errors import DbtoolError, VerificationFailed

_FOLDER = Path("dbtool-demo")


class Scale(click.ParamType[int]):
    """``10k`` → rows."""

    name = "scale"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_scale(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option(
    "--scale",
    type=Scale(),
    default="200k",
    show_default=True,
    help="How many rows production has, about: 10k, 200k, 30M, or a plain number from 500 on.",
)
@click.option("--keep", is_flag=True, help="Leave both servers running, with a project to try things in.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where to keep them; implies --keep.  [default: {_FOLDER}]",
)
@click.option("--stop", is_flag=True, help="Stop and remove the servers that an earlier --keep left.")
@format_option
@verbosity_options
def demo(
    *,
    scale: int,
    keep: bool,
    folder: Path | None,
    stop: bool,
    output_format: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Everything on two embedded servers, with no configuration.

    Starts a production and a staging server, migrates and fills production, refreshes staging from it with
    every person masked while a client goes on using staging, and shows both side by side. Nothing is left
    behind and nothing is written to the current folder, unless --keep asks for it.
    """
    if stop:
        _stop(folder or _FOLDER, quiet=quiet)
        return
    home = (folder or _FOLDER) if keep or folder else None
    _run(scale, home, as_json=output_format == "json", quiet=quiet, verbose=verbose)


def _stop(home: Path, *, quiet: bool) -> None:
    from dbtool.demo.servers import stop_kept

    stop_kept(home.absolute())
    if not quiet:
        click.echo(f"both servers are stopped and removed; the project in {home} is yours to keep", err=True)


def _run(rows: int, home: Path | None, *, as_json: bool, quiet: bool, verbose: bool) -> None:
    from dbtool.demo.pipeline import DemoRequest, run_demo
    from dbtool.report.demo import Story, print_demo, print_failure

    say = (lambda _line: None) if quiet else (lambda line: click.echo(line, err=True))
    request = DemoRequest(
        rows=rows,
        narrator=Story(say),
        home=home.absolute() if home else None,
        observe=lambda: watch(quiet=quiet, verbose=verbose),
    )
    try:
        result = run_demo(request)
    except DbtoolError as error:
        print_failure(error, as_json=as_json, output=sys.stdout, messages=sys.stderr)
        raise
    print_demo(result, sys.stdout, as_json=as_json)
    if not result.comparison.holds:
        raise VerificationFailed("production and staging do not compare as they must; see above")
