"""docs/cli.md from the commands' own help: ``python -m dbtool.cli.reference > docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dbtool.cli.root import dbtool

_HEAD = """# Command line

Generated from the commands' own help by `python -m dbtool.cli.reference`.
"""
_WIDTH = 100


def render_cli_reference() -> str:
    """Markdown of every command's help, at a fixed width, whatever the terminal's."""
    return _HEAD + "".join(f"\n## `{path}`\n\n```\n{text}\n```\n" for path, text in _helps("dbtool", dbtool))


def _helps(path: str, command: click.Command) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=path, terminal_width=_WIDTH, max_content_width=_WIDTH)
    # A default taken from the environment would make the page differ between machines.
    context.show_default = None
    yield path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _helps(f"{path} {name}", below)


if __name__ == "__main__":
    click.echo(render_cli_reference(), nl=False)
