"""Commands that messages and documents tell people to type: each exists, with the options that it is told with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dbtool.cli.root import dbtool

_REPOSITORY = Path(__file__).parents[3]
# A placeholder in an f-string may stand for the environment; quotes end the command.
_TOLD = re.compile(r"dbtool ((?:migrate|rules) [a-z]+|refresh|demo)\b([^\n\"`();]*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def told() -> Iterator[tuple[str, str, str]]:
    """(file, command, option)"""
    files = [
        *(_REPOSITORY / "dbtool").rglob("*.py"),
        *(_REPOSITORY / "docs").glob("*.md"),
        _REPOSITORY / "README.md",
    ]
    for file in files:
        for command, rest in _TOLD.findall(file.read_text(encoding="utf-8")):
            for option in _OPTION.findall(rest):
                yield file.name, command, option


def options_of(command: str) -> set[str]:
    found: click.Command | None = dbtool
    for name in command.split():
        assert isinstance(found, click.Group), command
        found = found.get_command(click.Context(found), name)
        assert found is not None, f"there is no dbtool {command}"
    assert found is not None
    return {option for parameter in found.params for option in parameter.opts}


@pytest.mark.parametrize(("command", "option"), sorted({(command, option) for _, command, option in told()}))
def test_an_option_that_people_are_told_to_type_exists(command: str, option: str) -> None:
    assert option in options_of(command), [file for file, *one in told() if one == [command, option]]


def test_there_are_such_commands() -> None:
    assert ("migrate accept", "--reason") in {(command, option) for _, command, option in told()}
