import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from dbtool.catalog.relations import RelationName
from dbtool.cli.output import watch
from dbtool.findings import Finding, Severity
from dbtool.report.bars import Bars
from dbtool.report.progress import Lines, Watching

USERS = RelationName("public", "users")
ODD = RelationName("public", "a[/b] [red]")
WARNING = Finding("c", Severity.WARNING, "public.t", "[bold]look[/x]", "remedy")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def lines(clock: Clock, said: list[str]) -> Lines:
    return Lines(said.append, verbose=False, clock=clock)


def test_stages_are_named(lines: Lines, said: list[str]) -> None:
    lines.stage("snapshot")
    assert said == ["snapshot"]


def test_a_long_table_is_told_now_and_then_with_what_is_left(
    lines: Lines, said: list[str], clock: Clock
) -> None:
    lines.planned(USERS, 100_000, 1 << 20)
    lines.advanced(USERS, 0, 0)
    for _ in range(12):
        clock.now += 1
        lines.advanced(USERS, 2000, 2048)
    assert said == [
        "  public.users: 10,000 rows, 2,000 rows/s, about 45 s left",
        "  public.users: 20,000 rows, 2,000 rows/s, about 40 s left",
    ]


def test_without_an_estimate_nothing_is_foretold(lines: Lines, said: list[str], clock: Clock) -> None:
    lines.advanced(USERS, 10, 100)
    clock.now += 10
    lines.advanced(USERS, 10, 100)
    assert said == ["  public.users: 20 rows, 2 rows/s"]


def test_more_rows_than_estimated_leave_nothing_to_foretell(
    lines: Lines, said: list[str], clock: Clock
) -> None:
    lines.planned(USERS, 5, 100)
    lines.advanced(USERS, 10, 100)
    clock.now += 10
    lines.advanced(USERS, 10, 100)
    assert said == ["  public.users: 20 rows, 2 rows/s"]


def test_binary_blocks_whose_rows_are_unknown_are_told_by_bytes(
    lines: Lines, said: list[str], clock: Clock
) -> None:
    lines.planned(USERS, 100, 4096)
    clock.now += 6
    lines.advanced(USERS, 0, 2048)
    assert said == ["  public.users: 2.0 KiB read"]


def test_a_finished_table_is_told_with_its_pace(lines: Lines, said: list[str], clock: Clock) -> None:
    lines.planned(USERS, 100, 4096)
    clock.now += 60
    lines.advanced(USERS, 0, 2048)
    said.clear()
    clock.now += 4
    lines.finished(USERS, 10_000)
    assert said == ["  public.users: 10,000 rows in 4.0 s, 2,500 rows/s"]


def test_a_table_that_took_no_time_has_no_pace(lines: Lines, said: list[str]) -> None:
    lines.finished(USERS, 3)
    assert said == ["  public.users: 3 rows in 0.0 s"]


@pytest.mark.parametrize(("verbose", "expected"), [(False, []), (True, ["  public.users: 0 rows in 0.0 s"])])
def test_empty_tables_are_told_only_when_verbose(verbose: bool, expected: list[str], clock: Clock) -> None:
    said: list[str] = []
    Lines(said.append, verbose=verbose, clock=clock).finished(USERS, 0)
    assert said == expected


@pytest.mark.parametrize(
    ("severity", "verbose", "expected"),
    [
        (Severity.WARNING, False, 1),
        (Severity.INFO, False, 0),
        (Severity.INFO, True, 1),
        (Severity.ERROR, True, 0),  # told with its remedy when the run has ended
    ],
)
def test_findings_are_told_as_they_come(
    severity: Severity, verbose: bool, expected: int, clock: Clock
) -> None:
    said: list[str] = []
    Lines(said.append, verbose=verbose, clock=clock).found(Finding("c", severity, "public.t", "look"))
    assert said == [f"{severity}: public.t: look"] * expected


def watched(bars: Bars, clock: Clock) -> None:
    with bars:
        bars.stage("stream")
        bars.planned(ODD, 100, 4096)
        bars.advanced(ODD, 50, 2048)
        bars.advanced(USERS, 0, 1024)  # never planned, and binary
        clock.now += 2
        bars.advanced(ODD, 50, 2048)
        bars.found(WARNING)
        bars.finished(ODD, 100)
        bars.finished(USERS, 0)
        bars.finished(RelationName("public", "unheard"), 0)


def test_bars_write_names_as_they_are_whatever_signs_are_in_them(clock: Clock) -> None:
    terminal = io.StringIO()
    watched(Bars(Console(file=terminal, force_terminal=True, width=120, color_system=None), clock), clock)
    shown = terminal.getvalue()
    assert "stream" in shown
    assert '  public."a[/b] [red]": 100 rows, 50 rows/s' in shown
    assert "warning: public.t: [bold]look[/x]" in shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain() -> Iterator[io.StringIO]:
    with io.StringIO() as stream:
        yield stream


def tell(watching: Watching) -> None:
    with watching as observer:
        observer.stage("snapshot")
        observer.found(WARNING)


def test_elsewhere_than_on_a_terminal_progress_is_lines(plain: io.StringIO) -> None:
    tell(watch(stream=plain))
    assert plain.getvalue() == "snapshot\nwarning: public.t: [bold]look[/x]\n"


def test_on_a_terminal_progress_is_bars() -> None:
    assert isinstance(watch(stream=Terminal()), Bars)


def test_quiet_is_quiet_on_a_terminal_too(capsys: pytest.CaptureFixture[str], plain: io.StringIO) -> None:
    for stream in (Terminal(), plain):
        tell(watch(quiet=True, stream=stream))
        assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    tell(watch())
    assert capsys.readouterr().out == ""


def test_a_walk_over_the_references_is_told_now_and_then() -> None:
    said: list[str] = []
    times = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    lines = Lines(said.append, verbose=False, clock=lambda: next(times))
    for rows in (10, 20_000, 30_000, 40_000):
        lines.walked("public.orders.customer_id", rows)
    assert said == [
        "  20,000 rows chosen; following public.orders.customer_id",
        "  40,000 rows chosen; following public.orders.customer_id",
    ]


def test_a_walk_s_bar_goes_when_the_next_stage_begins() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120)) as bars:
        bars.walked("public.orders.customer_id", 20_000)
        assert [task.description for task in bars._progress.tasks] == ["public.orders.customer_id"]  # noqa: SLF001  what is on the screen
        bars.stage("pre-data")
        assert bars._progress.tasks == []  # noqa: SLF001  as above
