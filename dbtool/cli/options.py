"""One decorator per shared option."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=None,
        envvar="DBTOOL_CONFIG",
        help="Path of dbtool.toml; without it, the nearest one upward from here.",
    )(function)


def _format_option(*formats: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        help="What goes to standard output. Progress and messages go to standard error.",
    )


format_option = _format_option("text", "json")
comment_format_option = _format_option("text", "json", "markdown")  # markdown: for a change request


def target_option(function: F) -> F:
    return click.option(
        "--target", required=True, metavar="ENV", help="The environment of dbtool.toml that is meant."
    )(function)


def profile_option(function: F) -> F:
    return click.option(
        "--profile",
        default=None,
        metavar="P",
        help="The profile of the rules that says which rows; without it, the rules' own subset.",
    )(function)


def verbosity_options(function: F) -> F:
    quiet = click.option("-q", "--quiet", is_flag=True, help="Errors only.")
    verbose = click.option("-v", "--verbose", is_flag=True, help="Say more of what is being done.")
    return quiet(verbose(function))


_LONGEST_S = 366 * 86400.0
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile(
    rf"(?=.)(?:{_NUMBER}h)?(?:{_NUMBER}m(?!s))?(?:{_NUMBER}ms|{_NUMBER}s?)?\Z", re.ASCII | re.IGNORECASE
)


class Duration(click.ParamType[float]):
    """``90``, ``90s``, ``300ms``, ``15m``, ``2h`` or ``1h30m`` → seconds as float. ``zero``: nothing is a duration too."""

    name = "duration"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _DURATION.match(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no duration; write 90s, 15m, 2h or 1h30m", param, ctx)
        hours, minutes, milliseconds, seconds = (float(number or 0) for number in found.groups())
        total = 3600 * hours + 60 * minutes + seconds + milliseconds / 1000
        if total == 0 and not self._zero:
            self.fail("a duration must be longer than nothing", param, ctx)
        if total > _LONGEST_S:
            self.fail("a duration is a year at most", param, ctx)
        return total
