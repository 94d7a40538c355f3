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


def _helps(
    name: str, command: click.Command, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    # A default taken from the environment would make the page differ between machines.
    context.show_default = None
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                yield from _helps(each, below, context)


if __name__ == "__main__":
    click.echo(render_cli_reference(), nl=False)
