"""One decorator per shared option."""

from __future__ import annotations

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


def format_option(function: F) -> F:
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="What goes to standard output. Progress and messages go to standard error.",
    )(function)


def verbosity_options(function: F) -> F:
    quiet = click.option("-q", "--quiet", is_flag=True, help="Errors only.")
    verbose = click.option("-v", "--verbose", is_flag=True, help="Say more of what is being done.")
    return quiet(verbose(function))


class Duration(click.ParamType[float]):
    """``90``, ``90s``, ``15m``, ``2h`` or ``1h30m`` → seconds as float."""

    name = "duration"
    _seconds = {"s": 1.0, "m": 60.0, "h": 3600.0}  # noqa: RUF012  a constant

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        total, number = 0.0, ""
        for character in str(value).strip():
            if character.isdigit() or character == ".":
                number += character
            elif character in self._seconds and number:
                total, number = total + float(number) * self._seconds[character], ""
            else:
                self.fail(f"{value!r} is no duration; write 90s, 15m, 2h or 1h30m", param, ctx)
        total += float(number) if number else 0.0
        if total <= 0:
            self.fail("a duration must be longer than nothing", param, ctx)
        return total
