"""The `dbtool` command. Subcommands are imported only when they run, so that ``--help`` stays quick."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from contextlib import suppress
from typing import Any, ClassVar

import click

from dbtool import __version__
from dbtool.cli.boundary import outlive_readers, run_bounded
from dbtool.spelling import did_you_mean

_OBJECTS_PER_COLLECTION = 200_000


class LazyGroup(click.Group):
    """Knows each command's name and one-line help without importing it. A test keeps the lines true."""

    commands_by_name: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("dbtool.cli.demo:demo", "Everything on two embedded servers, with no configuration."),
        "migrate": (
            "dbtool.cli.migrate:migrate",
            "Rehearse migrations on a disposable clone, then apply them.",
        ),
        "refresh": ("dbtool.cli.refresh:refresh", "Replace TARGET by a masked copy of SOURCE."),
        "rules": (
            "dbtool.cli.rules:rules",
            "Check the rules against a database, and ask what they do there.",
        ),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.commands_by_name:
            return None
        module, _, name = self.commands_by_name[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101  the table above is ours
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            told = error.message.rstrip(".") + did_you_mean(args[0], self.commands_by_name)
            raise click.UsageError(told, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(self.commands_by_name.items())])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="dbtool")
def dbtool() -> None:
    """Masked, verified staging refreshes and rehearsed migrations for PostgreSQL.

    Exit codes: 0 ok; 1 the answer is no; 2 usage or configuration; 3 a server, privilege, program or disk
    failed; 4 drift; 5 consent missing; 6 busy, safe to retry; 7 partly done; 70 a bug; 130, 143 interrupted
    and cleaned up.
    """


def main(arguments: list[str] | None = None) -> Any:
    outlive_readers()
    # Modules make objects by the hundred thousand, and nearly none that only a collection finds.
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    # numpy's BLAS, which nothing here calls, starts threads that spin for a while.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        run_bounded(dbtool, arguments)
    except SystemExit as ended:
        if arguments is None:
            _leave(ended.code)
        raise


def _leave(code: object) -> None:
    """End the process, without the interpreter's last sweep: a tenth of a second for what the system takes back anyway."""
    atexit._run_exitfuncs()  # noqa: SLF001  what sys.exit would run, such as the removal of temporary folders
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed before we began
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
