import click
import pytest
from click.testing import CliRunner

from dbtool.cli.options import Duration, config_option, format_option, verbosity_options


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("300ms", 0.3),
        ("1m500ms", 60.5),
        ("15m", 900.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("1h30m15s", 5415.0),
        ("5m30", 330.0),
        ("0.5h", 1800.0),
        (" 10s ", 10.0),
        ("2H", 7200.0),
        (30, 30.0),
        (1.5, 1.5),
    ],
)
def test_a_duration_is_read_in_every_form(text: object, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "m", "h30m", "ten", "10 m", "1.5.2h", "1..h", ".", "-5m", "1d", "²h", "1e3", "inf", "nan", "5mm", "0", "0s", "-1", 0, -3],
)  # fmt: skip
def test_what_is_no_duration_is_a_usage_error(text: object) -> None:
    with pytest.raises(click.BadParameter, match=r"is no duration; write|longer than nothing"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize("text", ["8785h", "99999999999999999999h", "9" * 400])
def test_a_duration_ends_before_the_system_s_timer_does(text: str) -> None:
    assert Duration().convert("8784h", None, None) == 366 * 86400
    with pytest.raises(click.BadParameter, match="a year at most"):
        Duration().convert(text, None, None)


def test_where_nothing_is_a_duration_it_is_told_so() -> None:
    assert Duration(zero=True).convert("0", None, None) == 0.0
    with pytest.raises(click.BadParameter, match="is no duration"):
        Duration(zero=True).convert("-1", None, None)


@click.command()
@click.option("--max-duration", type=Duration())
@config_option
@format_option
@verbosity_options
def command(**options: object) -> None:
    """Say what was asked for."""
    click.echo(sorted((name, str(value)) for name, value in options.items()))


def run(*arguments: str, env: dict[str, str] | None = None) -> str:
    result = CliRunner().invoke(command, arguments, env=env)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_shared_options_have_their_defaults() -> None:
    assert run() == (
        "[('config', 'None'), ('max_duration', 'None'), ('output_format', 'text'), ('quiet', 'False'), ('verbose', 'False')]\n"
    )


def test_the_shared_options_are_heeded() -> None:
    said = run("--config", "a.toml", "--format", "json", "-q", "-v", "--max-duration", "1h")
    assert said == (
        "[('config', 'a.toml'), ('max_duration', '3600.0'), ('output_format', 'json'), ('quiet', 'True'), ('verbose', 'True')]\n"
    )


def test_the_configuration_may_come_from_the_environment_and_the_option_wins() -> None:
    assert "('config', 'b.toml')" in run(env={"DBTOOL_CONFIG": "b.toml"})
    assert "('config', 'a.toml')" in run("--config", "a.toml", env={"DBTOOL_CONFIG": "b.toml"})


def test_a_wrong_duration_ends_with_usage() -> None:
    result = CliRunner().invoke(command, ["--max-duration", "soon"])
    assert result.exit_code == 2
    assert "'soon' is no duration; write 90s, 15m, 2h or 1h30m" in result.output
