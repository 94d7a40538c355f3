from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from dbtool.cli.options import Duration, config_option, format_option, profile_option, verbosity_options
from dbtool.cli.output import print_json, print_words, prints_apart, tell, watch
from dbtool.cli.rules_loading import draft_project_rules, load_project_rules
from dbtool.errors import ConsentMissing, DbtoolError


@click.command()
@click.argument("source")
@click.argument("target")
@profile_option
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Workers that copy and mask."
)
@click.option(
    "--max-duration", type=Duration(), default=None, help="End the run cleanly after this time: 90s, 15m, 2h."
)
@click.option("--yes", "adopt", is_flag=True, help="Consent to replace a target that dbtool never made.")
@config_option
@format_option
@verbosity_options
def refresh(*, plan_only: bool, output_format: str, source: str, target: str, **options: Any) -> None:
    """Replace TARGET by a masked copy of SOURCE.

    SOURCE and TARGET are environments of dbtool.toml. The copy is built beside the live database, verified, and
    swapped in by rename. If anything fails, the live database is as it was.
    """
    as_json = output_format == "json"
    work = _plan if plan_only else _refresh
    try:
        work(source, target, as_json=as_json, **options)
    except DbtoolError as error:
        _show_findings(source, target, error, as_json=as_json)
        raise


@contextmanager
def _looking(source: str, target: str, **options: Any) -> Iterator[tuple[Any, Any]]:
    """The request, and how its ends are looked at: that begins while the masks, and what copies, are loaded."""
    from dbtool.settings import load_settings

    settings = load_settings(options["config"], os.environ)
    ends, key = (settings.target(source), settings.target(target)), settings.project_key()
    if not options["quiet"]:
        tell(settings.warnings())

    # A tenth of a second of imports, after what dbtool.toml alone may refuse.
    from dbtool.refresh.looking import look_at_ends, looking_ahead
    from dbtool.refresh.request import RefreshRequest
    from dbtool.rules.profiles import choose_subset

    draft = draft_project_rules(settings)
    choose_subset(
        draft, options["profile"]
    )  # one that does not exist is known before anything is connected to
    request = RefreshRequest(
        *ends,
        rules=draft,
        key=key,
        state=settings.state,
        jobs=options["jobs"],
        adopt=options["adopt"],
        max_duration_s=options["max_duration"],
        postgres_bin=settings.postgres_bin,
        bring_forward=_bring_forward(settings),
        version_table=settings.alembic.version_table,
        profile=options["profile"],
    )
    with looking_ahead(request) as look:
        rules = load_project_rules(settings)
        # The files may have been written to in between.
        yield replace(request, rules=rules), look if rules.digest == draft.digest else look_at_ends


def _bring_forward(settings: Any) -> Any:
    """What brings a copy of production to the revision that staging had; None for a project without migrations."""
    from dbtool.cli.migrate_requests import has_migrations, project_of

    if not has_migrations(settings):
        return None

    from dbtool.migrate.apply.forward import bring_forward

    project = project_of(settings)
    return lambda url, before, _copied: bring_forward(project, url, before)


def _refresh(source: str, target: str, *, as_json: bool, **options: Any) -> None:
    with _looking(source, target, **options) as (request, look):
        from dbtool.refresh.pipeline import refresh as run_refresh

        def run(*, adopt: bool) -> Any:
            with watch(quiet=options["quiet"], verbose=options["verbose"]) as observer, prints_apart():
                return run_refresh(replace(request, observer=observer, adopt=adopt), look)

        result = _with_consent(run, target, adopt=request.adopt)
    if as_json:
        from dbtool.report.refresh_json import result_as_json

        print_json(result_as_json(result))
    elif not options["quiet"]:
        from dbtool.report.refresh import render_result

        print_words(render_result(result))


def _with_consent(run: Callable[..., Any], target: str, *, adopt: bool) -> Any:
    """At a terminal the consent can be given by typing the target's name; elsewhere only by --yes."""
    try:
        return run(adopt=adopt)
    except ConsentMissing as missing:
        if adopt or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        click.echo(f"dbtool: {missing}", err=True)
        typed = click.prompt(f"type {target} to adopt it now", default="", show_default=False, err=True)
        if typed != target:
            raise
        return run(adopt=True)


def _plan(source: str, target: str, *, as_json: bool, **options: Any) -> None:
    with _looking(source, target, **options) as (request, look):
        from dbtool.refresh.plan import plan_refresh
        from dbtool.refresh.run import time_limit
        from dbtool.report.progress import OfWalk

        with (
            time_limit(request),
            watch(quiet=options["quiet"], verbose=options["verbose"]) as observer,
            prints_apart(),
        ):
            plan = plan_refresh(replace(request, observer=OfWalk(observer)), look)
    if as_json:
        from dbtool.report.refresh_json import plan_as_json

        print_json(plan_as_json(plan))
    else:
        from dbtool.report.refresh import render_plan

        print_words(render_plan(plan, verbose=options["verbose"]))


def _show_findings(source: str, target: str, error: DbtoolError, *, as_json: bool) -> None:
    """What was found goes out before the boundary gives the message and the exit code."""
    from dbtool.report.refresh_json import failure_as_json, findings_of

    if as_json:
        print_json(failure_as_json("refresh", source, target, error, error.exit_code))
        return
    tell([finding for finding in findings_of(error) if finding.is_error])
