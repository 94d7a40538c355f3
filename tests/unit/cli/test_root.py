import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from dbtool import __version__
from dbtool.cli.root import LazyGroup, dbtool


@pytest.fixture(scope="module")
def context() -> Iterator[click.Context]:
    with click.Context(dbtool, **dbtool.context_settings) as made:
        yield made


@pytest.mark.parametrize("name", sorted(LazyGroup.commands_by_name))
def test_the_line_of_a_command_is_its_own_first_line(name: str, context: click.Context) -> None:
    command = dbtool.get_command(context, name)
    assert command is not None
    assert command.name == name
    first = (command.help or "").partition("\n")[0]
    assert LazyGroup.commands_by_name[name][1] == first


def test_every_command_is_listed_in_order(context: click.Context) -> None:
    assert dbtool.list_commands(context) == sorted(LazyGroup.commands_by_name)
    shown = CliRunner().invoke(dbtool, ["--help"]).output
    for name, (_, line) in LazyGroup.commands_by_name.items():
        assert f"  {name}" in shown
        assert line in shown


def test_there_is_no_other_command(context: click.Context) -> None:
    assert dbtool.get_command(context, "refesh") is None
    result = CliRunner().invoke(dbtool, ["refesh"])
    assert result.exit_code == 2
    assert "No such command 'refesh'; did you mean refresh?" in result.output


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_exit_codes_are_told_with_the_help(option: str) -> None:
    result = CliRunner().invoke(dbtool, [option])
    assert result.exit_code == 0
    for code in ("0 ok", "1 the", "2 usage", "5 consent", "6 busy", "130, 143"):
        assert code in " ".join(result.output.split())


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(dbtool, ["--version"]).output == f"dbtool, version {__version__}\n"


_IMPORTED = """
import json, sys
from dbtool.cli.root import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0, ended.code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
_SLOW = {
    "alembic",
    "cryptography",
    "faker",
    "numpy",
    "polars",
    "psycopg",
    "pydantic",
    "rich",
    "sqlalchemy",
    "yaml",
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["refresh", "--help"],
        ["rules", "check", "--help"],
        ["demo", "--help"],
        ["migrate", "--help"],
        ["migrate", "rehearse", "--help"],
        ["migrate", "apply", "--help"],
    ],
)
def test_help_imports_nothing_slow(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("Usage:")
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "click" in imported
    assert imported.isdisjoint(_SLOW)


def test_without_a_command_the_help_is_shown_as_wrong_usage() -> None:
    result = CliRunner().invoke(dbtool, [])
    assert result.exit_code == 2
    assert "Commands:" in result.output


_LEAVING = """
import atexit, sys
from dbtool.cli.root import main
atexit.register(lambda: print("swept" * 20_000))
sys.argv = ["dbtool", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["nope"], 2)])
def test_a_process_ends_with_its_code_its_exit_functions_and_all_of_its_output(
    arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEAVING, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert done.stdout.endswith("swept" * 20_000 + "\n")
    assert ("version" in done.stdout, "No such command" in done.stderr) == (code == 0, code != 0)
