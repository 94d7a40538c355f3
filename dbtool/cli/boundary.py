"""The only place that turns errors into messages and exit codes.

Signals become an exception in the main thread, once: what follows is clean-up, and a second signal must not cut
it short. Nor must a reader of our output that has gone: the work goes on, and the exit code tells how it ended. Anything unexpected goes to a log file without its message, which might quote data, and exits 70.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from dbtool.errors import DbtoolError, Interrupted, PartlyDone

EXIT_BUG = 70
EXIT_USAGE = 2
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f]")  # but for tabs and line ends


class _Unread(io.FileIO):
    """Output that may lose its reader without anybody noticing. A full disk must not end the work either: ``lost`` says
    why some of the output is not there.
    """

    lost = ""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            pass
        except OSError as error:
            self.lost = (error.strerror or "unknown reason").lower()
        return memoryview(data).nbytes


def _outlive_reader(stream: Any) -> Any:
    """The same stream, which neither a closed pipe nor a letter that its encoding lacks breaks; what is no file of
    the system's is left as it is.
    """
    try:
        raw = _Unread(stream.fileno(), "w", closefd=False)
    except (AttributeError, OSError):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
    )


def outlive_readers() -> None:
    """For the whole process: whoever reads our output may go before we end."""
    sys.stdout, sys.stderr = _outlive_reader(sys.stdout), _outlive_reader(sys.stderr)


def run_bounded(command: click.Command, arguments: Sequence[str] | None) -> NoReturn:
    _raise_on_signals()
    try:
        result = command.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.exceptions.Abort:
        click.echo("ended; nothing was changed", err=True)
        code = 128 + signal.SIGINT
    except DbtoolError as error:
        show_error(error)
        code = error.exit_code
    except BaseException as error:  # noqa: BLE001  the boundary; a panic of polars is no Exception and may quote data
        code = _report_bug(error)
    sys.exit(_heed_lost_output(code))


def _heed_lost_output(code: int) -> int:
    """What was asked is done, but whoever relies on the report must not take half of it for the whole."""
    with suppress(AttributeError):  # closed before we began
        sys.stdout.flush()
    lost = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "lost", "")
    if lost and code == 0:
        code = PartlyDone.exit_code
        click.echo(
            f"dbtool: done, but the output could not be written whole ({lost}). Make room and ask again; a refresh "
            "need not be repeated: its manifest is in the state folder.",
            err=True,
        )
    return code


def show_error(error: DbtoolError) -> None:
    click.echo(_without_controls(f"dbtool: {error}"), err=True)
    for note in getattr(error, "__notes__", ()):
        click.echo(_without_controls(f"  {note}"), err=True)


def _without_controls(text: str) -> str:
    """A name in a file or a database must not colour, move or clear what a terminal shows."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _raise_on_signals() -> None:
    """A terminal that is closed ends us as SIGTERM does; under nohup it does not."""
    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)

    def interrupt(number: int, _frame: object) -> NoReturn:
        for each in ending:
            signal.signal(each, _say_patience)
        told = signal.SIGINT if number == signal.SIGINT else signal.SIGTERM
        raise Interrupted("interrupted; cleaned up, and what was live is as it was", told)

    for each in ending:
        signal.signal(each, interrupt)


def _say_patience(_number: int, _frame: object) -> None:
    click.echo("dbtool: already cleaning up; a moment", err=True)


def _report_bug(error: BaseException) -> int:
    """Write frames, not messages: an exception's text may quote a row."""
    lines = [
        f"dbtool {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {type(error).__module__}.{type(error).__qualname__}\n"
    ]
    lines += traceback.format_tb(error.__traceback__)
    descriptor, name = tempfile.mkstemp(prefix="dbtool-bug-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as log:
        log.writelines(lines)
    if os.environ.get("DBTOOL_DEBUG"):
        traceback.print_exception(error)
    click.echo(
        f"dbtool: a bug ({type(error).__name__}). The frames, without any data, are in {Path(name)}; please report them. "
        "DBTOOL_DEBUG=1 prints the whole error, which may quote data.",
        err=True,
    )
    return EXIT_BUG
