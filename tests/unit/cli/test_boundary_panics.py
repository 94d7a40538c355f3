import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import polars as pl
import pytest

from dbtool.cli.boundary import EXIT_BUG, run_bounded

SECRET = "Ada Lovelace"


@pytest.fixture(autouse=True)
def _handlers_kept() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_panic_of_polars_is_a_bug_and_quotes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("DBTOOL_DEBUG", raising=False)

    @click.command()
    def command() -> None:
        raise pl.exceptions.PanicException(f"index out of bounds at {SECRET}")

    with pytest.raises(SystemExit) as end:
        run_bounded(command, [])
    assert end.value.code == EXIT_BUG
    assert SECRET not in "".join(capsys.readouterr())
    assert SECRET not in "".join(log.read_text() for log in tmp_path.iterdir())
